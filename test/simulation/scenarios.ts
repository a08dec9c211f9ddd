import type { Network, Way } from "./network.js";
import type { SearchCluster, SearchNode } from "./search-cluster.js";
import type { Size } from "./seeds.js";
import type { SimProcess } from "./sim-process.js";
import type { Simulation } from "./simulation.js";

/** What happened, and what must come of it. */
export interface Happening {
  /** Nodes that no process reaches any more: each is to be marked down in time, and no other node ever. */
  readonly gone: readonly SearchNode[];
  /** Puts it right again. */
  readonly mend?: () => void;
}

/** One thing that may happen to a fleet of 20 replicas before 50 nodes. */
export interface Scenario {
  readonly what: string;
  /** From each replica to each node. */
  readonly requestsPerSecond: number;
  /** Every request is a Read, and gets a hedge where it waits. */
  readonly isHedged?: true;
  readonly happen: (simulation: Simulation) => Happening;
  readonly lastsMs: number;
  /** "never": nothing is marked down. */
  readonly down: { readonly withinMs: number; readonly timesMax?: number } | "never";
  /** Also checks that every process recovers afterwards, which takes minutes. */
  readonly settles?: true;
}

export const scenarioSize: Omit<Size, "requestsPerSecond"> = {
  nodes: 50,
  replicas: 20,
  coordinators: 3,
  candidates: 0,
};

/**
 * Under load a node is reported after three failed requests, or a quarter of a second without a byte and a failed
 * probe.
 */
const withTrafficMs = 3_000;
/** Without them, only the leader's own probe of each node every 10 s or so finds it. */
const withoutMs = 17_000;

export const scenarios: readonly Scenario[] = [
  {
    what: "a node crashes under load",
    requestsPerSecond: 5,
    happen: breaking("crashed", 1),
    lastsMs: 20_000,
    down: { withinMs: withTrafficMs },
  },
  {
    what: "a node crashes that no request goes to",
    requestsPerSecond: 0,
    happen: breaking("crashed", 1),
    lastsMs: 20_000,
    down: { withinMs: withoutMs },
  },
  {
    what: "a node falls silent under load",
    requestsPerSecond: 5,
    happen: breaking("silent", 1),
    lastsMs: 20_000,
    down: { withinMs: withTrafficMs },
  },
  {
    what: "a node falls silent under a load of hedged Reads",
    requestsPerSecond: 5,
    isHedged: true,
    happen: breaking("silent", 1),
    lastsMs: 5_000,
    down: { withinMs: withTrafficMs },
  },
  {
    what: "16 of 50 nodes fall silent at once",
    requestsPerSecond: 5,
    happen: breaking("silent", 16),
    lastsMs: 25_000,
    down: { withinMs: withTrafficMs },
  },
  {
    what: "one replica does not reach one node",
    requestsPerSecond: 5,
    happen: cutting(({ replicas }) => replicas.slice(3, 4), 1),
    lastsMs: 40_000,
    down: "never",
  },
  {
    what: "one replica reaches no node",
    requestsPerSecond: 5,
    happen: cutting(({ replicas }) => replicas.slice(3, 4), 50),
    lastsMs: 40_000,
    down: "never",
  },
  {
    what: "half of the replicas do not reach one node",
    requestsPerSecond: 5,
    happen: cutting(({ replicas }) => replicas.slice(0, 10), 1),
    lastsMs: 40_000,
    down: "never",
  },
  {
    what: "one replica alone reaches a node",
    requestsPerSecond: 5,
    happen: (simulation) => {
      const { coordinators, replicas, cluster } = simulation;
      const cut = cutting(() => [...coordinators, ...replicas.slice(0, -1)], 1)(simulation);
      return { ...cut, gone: cluster.nodes.slice(-1) };
    },
    lastsMs: 60_000,
    down: { withinMs: 60_000, timesMax: 20 },
  },
  {
    what: "the leader does not reach one node",
    requestsPerSecond: 5,
    happen: cutting(leaderOf, 1),
    lastsMs: 40_000,
    down: "never",
  },
  {
    what: "the leader reaches no node",
    requestsPerSecond: 5,
    happen: cutting(leaderOf, 50),
    lastsMs: 40_000,
    down: "never",
  },
  {
    what: "the leader reaches no node, and every connection of it is refused",
    requestsPerSecond: 5,
    happen: cutting(leaderOf, 50, "refused"),
    lastsMs: 40_000,
    down: "never",
  },
  {
    what: "a node is away for a second",
    requestsPerSecond: 5,
    happen: (simulation) => {
      const happened = breaking("crashed", 1)(simulation);
      simulation.world.after(1_000, () => happened.mend?.());
      return happened;
    },
    lastsMs: 60_000,
    down: { withinMs: 60_000, timesMax: 1 },
    settles: true,
  },
  {
    what: "a node is up for 4 s and away for 4 s in turn",
    requestsPerSecond: 1,
    happen: (simulation) => {
      const { cluster, world } = simulation;
      const gone = cluster.nodes.slice(20, 21);
      const turn = () => {
        if (world.nowMs() > 300_000) return;
        for (const node of gone) cluster.set(node, node.answers ? "crashed" : "healthy");
        world.after(4_000, turn);
      };
      turn();
      return { gone, mend: () => setUp(cluster, gone) };
    },
    lastsMs: 300_000,
    down: { withinMs: withoutMs, timesMax: 15 },
    settles: true,
  },
];

function setUp(cluster: SearchCluster, nodes: readonly SearchNode[]): void {
  for (const node of nodes) cluster.set(node, "healthy");
}

function breaking(state: "crashed" | "silent", count: number) {
  return ({ cluster, story }: Simulation): Happening => {
    const gone = cluster.nodes.slice(20, 20 + count);
    for (const node of gone) {
      cluster.set(node, state);
      story.add(node.key, `is ${state}`);
    }
    return { gone, mend: () => setUp(cluster, gone) };
  };
}

function cutting(
  processesOf: (simulation: Simulation) => readonly { readonly process: SimProcess }[],
  count: number,
  way: Way = "cut",
) {
  return (simulation: Simulation): Happening => {
    const { network, cluster, story } = simulation;
    const cut = processesOf(simulation).flatMap(({ process: { name } }) => {
      return cluster.nodes.slice(50 - count).map(({ address }) => ({ name, address }));
    });
    setAll(network, cut, way);
    story.add("network", `${way}: ${cut.length} ways`);
    return { gone: [], mend: () => setAll(network, cut, "open") };
  };
}

function setAll(
  network: Network,
  ways: readonly { readonly name: string; readonly address: string }[],
  way: Way,
): void {
  for (const { name, address } of ways) network.set(name, address, way);
}

function leaderOf({ leaders }: Simulation) {
  return leaders.map((process) => ({ process }));
}
