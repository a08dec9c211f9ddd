import type { ProbeResult } from "@rollcall/core/health";
import type { View } from "@rollcall/core/view";
import type { ClusterState } from "#worker/cluster-state/cluster-state";
import type { ViewSource } from "#worker/cluster-state/view-source";
import type { DispatchObserver } from "#worker/dispatch/sender";
import type { ReplicaParts } from "./replica-parts.js";
import type { Mutant, Seams } from "./seams.js";
import type { SimProcess } from "./sim-process.js";
import type { SimulatedSender } from "./simulated-sender.js";

/**
 * Faults in the wiring of a replica's state: a callback that is crossed, lost, doubled or late. Each changes what the
 * product's `Cluster` is given, and nothing in it.
 */

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
export function viewed(change: (state: ClusterState, process: SimProcess) => Partial<ClusterState>): Wiring {
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

export function withoutDownMarks(view: View): View {
  const nodes = Object.entries(view.marks.nodes).filter(([, { kind }]) => kind !== "down");
  return { ...view, marks: { ...view.marks, nodes: Object.fromEntries(nodes) } };
}

/** Failures of the last node in a slot count against the one that is there now. */
export function blamingWhoeverIsThere(parts: ReplicaParts): ReplicaParts {
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

/** Faults in the wiring that a few seeds find. */
export const wiringMutants: readonly Mutant[] = [
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
    seed: 5,
    seams: { wiring: observed(() => ({ released: () => {} })) },
  },
  {
    what: "the release of a slot names the one that was released before",
    invariant: "S13",
    seed: 7,
    seams: {
      wiring: observed((observer) => {
        let last: number | undefined;
        return {
          released: (slot) => {
            if (last !== undefined) observer.released(last);
            last = slot;
          },
        };
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
    scenario: "a node falls silent under a load of hedged Reads",
    mutant: {
      what: "an attempt is closed as soon as its hedge is answered",
      invariant: "L2",
      seams: { outrunMs: 0 },
    },
  },
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
