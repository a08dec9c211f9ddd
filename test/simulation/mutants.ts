import type { ControlClient, ControlRequest, ControlResponse, Endpoint, ViewStore } from "@rollcall/coordinator";
import type { CircuitBreakerEvent } from "@rollcall/core/health";
import { type Roster, rosterOf } from "@rollcall/core/selection";
import type { View } from "@rollcall/core/view";
import { LocalHealth } from "#worker/cluster-state/local-health";
import { ViewKeeper } from "#worker/cluster-state/view-keeper";
import { TableReader } from "#worker/table/reader";
import { redisScripts, type Script } from "./redis-scripts.js";
import type { Seams } from "./seams.js";

/** The product with one thing wrong, and the invariant by which that must be found out. */
export interface Mutant {
  readonly what: string;
  readonly invariant: string;
  readonly seams: Partial<Seams>;
}

/** Writes without asking who holds the lease. */
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

/** Gives whoever comes the epoch that was given last, and lets him publish from the beginning. */
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

/** Hears nothing that others have published. */
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

/** The same roots for every node: whoever is asked has answered. */
const answers: ControlResponse = {
  kind: "answered",
  status: 200,
  body: Buffer.from(JSON.stringify({ name: "n1", cluster_name: "logs", cluster_uuid: "u1" })),
};

class Forgetful extends ViewKeeper {
  /** Whatever comes is newer than nothing. */
  override apply(...given: Parameters<ViewKeeper["apply"]>): void {
    Reflect.set(this, "view", undefined);
    super.apply(...given);
  }
}

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

class SelfReliant extends LocalHealth {
  /** Goes on trying whoever the view marks down. */
  override tell(slot: number, generation: number, event: CircuitBreakerEvent): void {
    if (event.type !== "sharedDown") super.tell(slot, generation, event);
  }
}

class Unforgiving extends LocalHealth {
  private readonly generations = new Map<number, number>();

  override begin(slot: number, generation: number): void {
    this.generations.set(slot, generation);
    super.begin(slot, generation);
  }

  /** Counts against a node what the last one in its slot has done. */
  override tell(slot: number, generation: number, event: CircuitBreakerEvent): void {
    super.tell(slot, this.generations.get(slot) ?? generation, event);
  }
}

class Reckless extends TableReader {
  /** Everybody may be picked, also who is leaving. */
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

/** Hears digests, so that it knows that others are alive, but neither their reports nor what witnesses say. */
export const deafToOthers: Partial<Seams> = {
  leaderStore: changed(() => ({ onReport: () => () => {}, onPeerProbeResult: () => () => {} })),
};

export const mutants: readonly Mutant[] = [
  {
    what: "a Redis that takes a write from whoever comes",
    invariant: "S1",
    seams: { scripts: { publish: unfenced("publish"), renew: unfenced("renew") } },
  },
  {
    what: "a Redis that gives one epoch twice, to leaders that hear of no other",
    invariant: "S2",
    seams: { scripts: sameEpoch, leaderStore: deaf },
  },
  {
    what: "a reader that takes whatever comes for newer",
    invariant: "S3",
    seams: { keeper: (options) => new Forgetful(options), replicaStore: repeating },
  },
  {
    what: "a leader that takes the word of witnesses for more than its own eyes",
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
    what: "a leader that does not heed a witness who reaches the node",
    invariant: "S6",
    seams: {
      leaderStore: changed((store) => ({
        onPeerProbeResult: (listener) => store.onPeerProbeResult((answer) => listener({ ...answer, ok: false })),
      })),
    },
  },
  {
    what: "a pool that picks nodes that are leaving",
    invariant: "S7",
    seams: { reader: (rows) => new Reckless(rows) },
  },
  {
    what: "a pool that picks nobody where hardly anybody is left",
    invariant: "S7",
    seams: { reader: (rows) => new Hopeless(rows) },
  },
  {
    what: "a pool that goes on trying nodes that the view marks down",
    invariant: "S8",
    seams: { localHealth: (options) => new SelfReliant(options) },
  },
  {
    what: "a pool that counts against a node what the last one at its place has done",
    invariant: "S10",
    seams: { localHealth: (options) => new Unforgiving(options) },
  },
  {
    what: "a leader whose clock goes three times too fast",
    invariant: "S11",
    seams: { leaderClockRate: 3 },
  },
  {
    what: "a leader that takes a node for back that has not answered",
    invariant: "S11",
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
    what: "a leader that does not look itself",
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
    what: "a leader for whom nobody ever comes back",
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
