import type { ControlClient, ControlRequest, ControlResponse, Endpoint, ViewStore } from "@rollcall/coordinator";
import { type Roster, rosterOf } from "@rollcall/core/selection";
import type { View } from "@rollcall/core/view";
import { TableReader } from "#worker/table/reader";
import { redisScripts, type Script } from "./redis-scripts.js";
import type { Mutant, Seams } from "./seams.js";
import { blamingWhoeverIsThere, viewed, withoutDownMarks } from "./wiring-mutants.js";

/** Writes without checking the lease. */
const unfenced =
  (script: "publish" | "renew"): Script =>
  (data, keys, args) => {
    const held = { lease: data.text(keys[0] ?? ""), epoch: data.text(keys[1] ?? "") };
    const [leader = "", epoch = ""] = args;
    data.set(keys[0] ?? "", leader, 10_000);
    data.set(keys[1] ?? "", epoch);
    const reply = redisScripts[script]?.(data, keys, args) ?? null;
    if (held.lease !== undefined) data.set(keys[0] ?? "", held.lease, 10_000);
    if (held.epoch !== undefined) data.set(keys[1] ?? "", held.epoch);
    return reply;
  };

/** Gives each new leader the epoch that was given last, and lets it publish from the beginning. */
const sameEpoch: Readonly<Record<string, Script>> = {
  acquire: (data, keys, args) => {
    const given = data.text(keys[1] ?? "");
    const reply = redisScripts.acquire?.(data, keys, args) ?? null;
    if (reply === null || given === undefined) return reply;
    data.set(keys[1] ?? "", given);
    return given;
  },
  publish: (data, keys, args) => {
    data.delete(keys[2] ?? "");
    return redisScripts.publish?.(data, keys, args) ?? null;
  },
};

/** A store with some of its methods replaced. */
const changed = (change: (store: ViewStore) => Partial<ViewStore>) => (store: ViewStore) => {
  return {
    ...store,
    get isConnected() {
      return store.isConnected;
    },
    ...change(store),
  };
};

/** Receives nothing that others have published. */
const deaf = changed(() => ({
  subscribe: () => () => {},
  onHeartbeat: () => () => {},
  read: async () => undefined,
}));

/** A control client that changes a response, or sends no request. */
class ChangedControlClient implements ControlClient {
  constructor(
    private readonly inner: ControlClient,
    private readonly change: (
      inner: ControlClient,
      endpoint: Endpoint,
      question: ControlRequest,
    ) => Promise<ControlResponse>,
  ) {}

  request(endpoint: Endpoint, question: ControlRequest): Promise<ControlResponse> {
    return this.change(this.inner, endpoint, question);
  }

  keepOnly(): void {}

  close(): Promise<void> {
    return this.inner.close();
  }
}

const refused: ControlResponse = { kind: "failed", code: "ECONNREFUSED", reason: "connection refused" };

/** The same answer to `GET /` from every node. */
const answers: ControlResponse = {
  kind: "answered",
  status: 200,
  body: Buffer.from(JSON.stringify({ name: "n1", cluster_name: "logs", cluster_uuid: "u1" })),
};

/** Now and then it hands out what it has handed out before. */
const repeating = changed((store) => ({
  subscribe: (listener) => {
    const seen: View[] = [];
    return store.subscribe((view) => {
      seen.push(view);
      listener(view);
      const [first] = seen;
      if (seen.length > 20 && first !== undefined) listener(seen.splice(0).at(0) ?? first);
    });
  },
}));

class Reckless extends TableReader {
  /** Every node may be picked, also one that is draining. */
  override get roster(): Roster {
    const { eligible, further, panic } = super.roster;
    return { eligible: [...eligible, ...further.flat()], further: [], panic };
  }
}

class Hopeless extends TableReader {
  override get roster(): Roster {
    const { eligible, panic } = super.roster;
    return panic || eligible.length === 1 ? rosterOf([]) : super.roster;
  }
}

/** Receives heartbeats, so that it has live peers, but neither their reports nor their probe results. */
export const deafToOthers: Partial<Seams> = {
  leaderStore: changed(() => ({ onReport: () => () => {}, onPeerProbeResult: () => () => {} })),
};

export const mutants: readonly Mutant[] = [
  {
    what: "a Redis that takes a write without the lease",
    invariant: "S1",
    seed: 13,
    seams: { scripts: { publish: unfenced("publish"), renew: unfenced("renew") } },
  },
  {
    what: "a Redis that gives one epoch twice, to leaders that receive nothing of each other",
    invariant: "S2",
    seams: { scripts: sameEpoch, leaderStore: deaf },
  },
  {
    what: "a reader that takes every view for a newer one",
    invariant: "S3",
    seams: {
      // A view of another origin replaces what is in force, whatever its version.
      wiring: viewed((state) => {
        let views = 0;
        return {
          apply: (view, freshness) => state.apply(view, freshness, ++views % 2 === 0 ? "own" : "shared"),
        };
      }),
      replicaStore: repeating,
    },
  },
  {
    what: "a leader that trusts peer probes more than its own",
    invariant: "S5",
    seams: {
      leaderStore: changed((store) => ({
        onPeerProbeResult: (listener) => store.onPeerProbeResult((answer) => listener({ ...answer, ok: false })),
      })),
      leaderControlClient: (client, { random }) => {
        return new ChangedControlClient(client, async (inner, endpoint, question) => {
          const answer = await inner.request(endpoint, question);
          return question.fresh || random() < 0.02 ? refused : answer;
        });
      },
    },
  },
  {
    what: "a leader that ignores a peer that reaches the node",
    invariant: "S6",
    seams: {
      leaderStore: changed((store) => ({
        onPeerProbeResult: (listener) => store.onPeerProbeResult((answer) => listener({ ...answer, ok: false })),
      })),
    },
  },
  {
    what: "a pool that picks nodes that are draining",
    invariant: "S7",
    seed: 3,
    seams: { reader: (rows) => new Reckless(rows) },
  },
  {
    what: "a pool that picks no node where hardly one is left",
    invariant: "S7",
    seams: { reader: (rows) => new Hopeless(rows) },
  },
  {
    what: "a pool that goes on trying nodes that the view marks down",
    invariant: "S8",
    seams: {
      wiring: viewed((state) => ({
        apply: (view, freshness, origin) => state.apply(withoutDownMarks(view), freshness, origin),
      })),
    },
  },
  {
    what: "a pool that counts against a node what the last one at its place has done",
    invariant: "S10",
    seams: { wiring: blamingWhoeverIsThere },
  },
  {
    what: "a leader whose clock goes three times too fast",
    invariant: "S11",
    seams: { leaderClockRate: 3 },
  },
  {
    what: "a leader that takes a node back that has not answered",
    invariant: "S11",
    seed: 2,
    seams: {
      leaderControlClient: (client, { random }) => {
        return new ChangedControlClient(client, async (inner, endpoint, question) => {
          const answer = await inner.request(endpoint, question);
          return question.fresh && answer.kind === "failed" && random() < 0.6 ? answers : answer;
        });
      },
    },
  },
  {
    what: "a leader that makes no probe of its own",
    invariant: "S12",
    seams: {
      leaderControlClient: (client) => {
        const failing = new Set<string>();
        return new ChangedControlClient(client, async (inner, endpoint, question) => {
          if (question.fresh && failing.delete(endpoint.address)) return refused;
          const answer = await inner.request(endpoint, question);
          if (answer.kind === "failed") failing.add(endpoint.address);
          return answer;
        });
      },
    },
  },
  {
    what: "a leader that takes every renewal for a good one",
    invariant: "fence",
    seams: {
      leaderStore: changed((store) => ({
        renew: (lease, beat) => store.renew(lease, beat).catch(() => "kept" as const),
      })),
    },
  },
  {
    what: "a reader that follows its first leader for ever",
    invariant: "L1",
    seams: {
      replicaStore: changed((store) => {
        let leader: string | undefined;
        return {
          subscribe: (listener) =>
            store.subscribe((view) => {
              leader ??= view.topology.version.leader;
              if (view.topology.version.leader === leader) listener(view);
            }),
        };
      }),
    },
  },
  {
    what: "a leader for which no node ever comes back",
    invariant: "L3",
    seams: {
      leaderControlClient: (client) => {
        const gone = new Set<string>();
        return new ChangedControlClient(client, async (inner, endpoint, question) => {
          const answer = await inner.request(endpoint, question);
          if (question.fresh && answer.kind === "failed") gone.add(endpoint.address);
          return gone.has(endpoint.address) ? refused : answer;
        });
      },
    },
  },
  {
    what: "a coordinator that stands for election once",
    invariant: "L4",
    seams: {
      leaderStore: changed((store) => {
        let hasLed = false;
        return {
          acquire: async (leader, floorEpoch) => {
            const lease = hasLed ? undefined : await store.acquire(leader, floorEpoch);
            hasLed ||= lease !== undefined;
            return lease;
          },
        };
      }),
    },
  },
];
