import type { ControlClient, ControlRequest, ControlResponse, Endpoint, ViewStore } from "@rollcall/coordinator";
import type { ProbeResult } from "@rollcall/core/health";
import { type Roster, rosterOf } from "@rollcall/core/selection";
import type { View } from "@rollcall/core/view";
import type { ClusterState } from "#worker/cluster-state/cluster-state";
import type { ViewSource } from "#worker/cluster-state/view-source";
import type { DispatchObserver } from "#worker/dispatch/sender";
import type { Target } from "#worker/dispatch/target";
import { TableReader } from "#worker/table/reader";
import { redisScripts, type Script } from "./redis-scripts.js";
import type { ReplicaParts } from "./replica-process.js";
import type { Seams } from "./seams.js";
import type { SimProcess } from "./sim-process.js";
import type { SimulatedSender } from "./simulated-sender.js";

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

// The wiring of a replica's state: one callback that is crossed, lost, doubled or late.

type Wiring = Seams["wiring"];

/** The same object, with some of its methods replaced. */
function instead<Part extends object>(part: Part, change: Partial<Part>): Part {
  return new Proxy(part, {
    get(target, key) {
      const own: unknown = Reflect.get(change, key) ?? Reflect.get(target, key, target);
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
}

/** Another state for the view source, which is what it gives views to and asks about the nodes. */
function viewed(change: (state: ClusterState, process: SimProcess) => Partial<ClusterState>): Wiring {
  return (parts, process) => ({
    ...parts,
    openView: (state, sending) => parts.openView(instead(state, change(state, process)), sending),
  });
}

/** Another observer for the sender. */
function observed(change: (observer: DispatchObserver, process: SimProcess) => Partial<DispatchObserver>): Wiring {
  return (parts, process) => ({
    ...parts,
    openSender: (observer) => parts.openSender(instead(observer, change(observer, process))),
  });
}

/** Another reporter for the state. */
function reported(change: (view: ViewSource) => Partial<ViewSource>): Wiring {
  return (parts) => ({
    ...parts,
    openView: (state, sending) => {
      const view = parts.openView(state, sending);
      return instead(view, change(view));
    },
  });
}

/** Another sender for the state. */
function sent(change: (sender: SimulatedSender) => Partial<SimulatedSender>): Wiring {
  return (parts) => ({
    ...parts,
    openSender: (observer) => {
      const opened = parts.openSender(observer);
      return { ...opened, sender: instead(opened.sender, change(opened.sender)) };
    },
  });
}

function withoutDownMarks(view: View): View {
  const nodes = Object.entries(view.marks.nodes).filter(([, { kind }]) => kind !== "down");
  return { ...view, marks: { ...view.marks, nodes: Object.fromEntries(nodes) } };
}

/** Failures of the last node in a slot count against the one that is there now. */
function blamingWhoeverIsThere(parts: ReplicaParts): ReplicaParts {
  const generations = new Map<number, number>();
  return {
    ...parts,
    openSender: (observer) => {
      const opened = parts.openSender(
        instead(observer, {
          failed: (failure) =>
            observer.failed({ ...failure, generation: generations.get(failure.slot) ?? failure.generation }),
        }),
      );
      const { sender } = opened;
      return {
        ...opened,
        sender: instead(sender, {
          apply: (targets) => {
            for (const { slot, generation } of targets) generations.set(slot, generation);
            sender.apply(targets);
          },
        }),
      };
    },
  };
}

/** Each probe gives the result of the one before. */
function crossedProbes(parts: ReplicaParts): ReplicaParts {
  let last: ProbeResult | undefined;
  return {
    ...parts,
    prober: {
      probe: async (...asked) => {
        const result = await parts.prober.probe(...asked);
        const given = last ?? result;
        last = result;
        return given;
      },
    },
  };
}

/** Reports name the node that was reported before. */
const crossedReports = reported((view) => {
  let last: string | undefined;
  return {
    report: (node, reason, probed) => {
      view.report(last ?? node, reason, probed);
      last = node;
    },
  };
});

/** Faults in the wiring that seeds find. */
const wiringMutants: readonly Mutant[] = [
  {
    what: "the result of a probe goes to another node",
    invariant: "S15",
    seams: { wiring: crossedProbes },
  },
  {
    what: "a report names another node",
    invariant: "S15",
    seams: { wiring: crossedReports },
  },
  {
    what: "a report is sent twice",
    invariant: "S15",
    seams: {
      wiring: reported((view) => ({
        report: (...report) => {
          view.report(...report);
          view.report(...report);
        },
      })),
    },
  },
  {
    what: "the release of a slot is lost",
    invariant: "S13",
    seams: { wiring: observed(() => ({ released: () => {} })) },
  },
  {
    what: "a slot is released while requests wait there",
    invariant: "S13",
    seams: {
      wiring: (parts) => ({
        ...parts,
        openSender: (observer) => {
          const opened = parts.openSender(observer);
          const { sender } = opened;
          let slots: readonly number[] = [];
          const apply = (targets: readonly Target[]) => {
            const gone = slots.filter((slot) => targets.every((target) => target.slot !== slot));
            slots = targets.map(({ slot }) => slot);
            sender.apply(targets);
            for (const slot of gone) observer.released(slot);
          };
          return { ...opened, sender: instead(sender, { apply }) };
        },
      }),
    },
  },
  {
    what: "a view reaches the state half a minute late",
    invariant: "S16",
    seams: {
      wiring: viewed((state, process) => ({
        apply: (...view) => void process.after(30_000, () => state.apply(...view)),
      })),
    },
  },
  {
    what: "the order to reroute Reads is lost",
    invariant: "S14",
    seams: { wiring: sent(() => ({ reroute: () => {} })) },
  },
];

/** Faults in the wiring that a scenario finds: by the time until a node is down for all, or by what is refuted. */
export const wiringMutantsOfScenarios: readonly { readonly scenario: string; readonly mutant: Mutant }[] = [
  {
    scenario: "a node crashes under load",
    mutant: {
      what: "no report is ever sent",
      invariant: "L2",
      seams: { wiring: reported(() => ({ report: () => {} })) },
    },
  },
  {
    scenario: "a node crashes under load",
    mutant: {
      what: "failed attempts do not reach the state",
      invariant: "L2",
      seams: { wiring: observed(() => ({ failed: () => {} })) },
    },
  },
  {
    scenario: "a node falls silent under load",
    mutant: {
      what: "the answer of a probe for a stall is lost",
      invariant: "L2",
      seams: {
        wiring: (parts) => ({
          ...parts,
          prober: {
            probe: (node, clusterUuid, timeoutMs) =>
              timeoutMs === undefined ? parts.prober.probe(node, clusterUuid) : new Promise<ProbeResult>(() => {}),
          },
        }),
      },
    },
  },
  {
    scenario: "one replica alone reaches a node",
    mutant: {
      what: "a refutation is not sent",
      invariant: "S17",
      seams: { wiring: viewed(() => ({ refutedKeys: () => [] })) },
    },
  },
];

/** Hears digests, so that it knows that others are alive, but neither their reports nor what witnesses say. */
export const deafToOthers: Partial<Seams> = {
  leaderStore: changed(() => ({ onReport: () => () => {}, onPeerProbeResult: () => () => {} })),
};

export const mutants: readonly Mutant[] = [
  ...wiringMutants,
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
