import type { Contender, Load } from "./client.js";
import { type ClusterTerms, perSecondOf, usual } from "./terms.js";

/** More than the nodes can do, for a while. */
export interface Overload {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  readonly cluster: ClusterTerms;
  readonly processes: number;
  readonly phases: Load["phases"];
  /** Calls that begin in this time are looked at. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly contenders: readonly Contender[];
}

/** A load of which nothing is to be refused. */
export interface CalmLoad {
  readonly name: string;
  readonly title: string;
  readonly cluster: ClusterTerms;
  readonly processes: number;
  readonly phases: Load["phases"];
  readonly callers?: number;
  readonly contender: Contender;
}

export const times = { warmMs: 4_000, overMs: 8_000, afterMs: 3_000, burdenedMs: 3_000 } as const;

function overloadOf(
  name: string,
  title: string,
  cluster: ClusterTerms,
  load: number,
  processes: number,
  contenders: readonly Contender[],
): Overload {
  const { warmMs, overMs, afterMs, burdenedMs } = times;
  const phases = [phase(cluster, warmMs, 0.5), phase(cluster, overMs, load), phase(cluster, afterMs, 0.5)];
  const [fromMs, toMs] = [warmMs + burdenedMs, warmMs + overMs];
  return { name, title, cluster, processes, phases, fromMs, toMs, contenders };
}

function phase(cluster: ClusterTerms, ms: number, load: number) {
  return { ms, perSecond: load * perSecondOf(cluster) };
}

export const overloads: readonly Overload[] = [1, 8].flatMap((processes) =>
  [1.5, 3].flatMap((load) =>
    [100, 1_000].map((queueMax) => {
      const all = processes === 1 && load === 3;
      const title = `${load}x, ${processes}, ${queueMax}`;
      return overloadOf(title.replaceAll(", ", "-"), title, { ...usual, queueMax }, load, processes, [
        "adaptive",
        ...(all ? (["adaptive, 2 threads", "by default"] as const) : []),
        "elasticsearch",
      ]);
    }),
  ),
);

/** Fleets that no number of the rule was chosen on. */
const others: readonly (readonly [name: string, title: string, ClusterTerms])[] = [
  ["8ms", "8 ms", { ...usual, workers: 1, service: { kind: "exponential", meanMs: 8 } }],
  ["80ms", "80 ms", { ...usual, workers: 8, service: { kind: "exponential", meanMs: 80 } }],
  ["steady", "20 ms, nearly all alike", { ...usual, service: { kind: "steady", meanMs: 20 } }],
  ["heavy", "20 ms with a heavy tail (Pareto)", { ...usual, service: { kind: "heavy", meanMs: 20 } }],
  ["5nodes", "5 nodes", { ...usual, nodes: 5, workers: 1 }],
  ["9nodes", "9 nodes", { ...usual, nodes: 9, workers: 1 }],
];

export const otherOverloads: readonly Overload[] = others.map(([name, title, cluster]) =>
  overloadOf(name, `${title}: 3x, 8, 1000`, cluster, 3, 8, ["adaptive"]),
);

const calmMs = 6_000;
const mixedMs = 60_000;

/** 95 % of the calls take 5 ms, the others 2 s. */
const mixed: ClusterTerms = {
  ...usual,
  ...{ workers: 4, timeoutMs: 30_000 },
  service: { kind: "mixed", share: 0.05, longMs: 2_000, shortMs: 5 },
};

export const calmLoads: readonly CalmLoad[] = [1, 8].flatMap((processes): CalmLoad[] => {
  const adaptive = { cluster: usual, processes, contender: "adaptive" as const };
  const closed = (callers: number): CalmLoad => ({
    ...{ ...adaptive, name: `closed${callers}-${processes}` },
    ...{ title: `${callers} callers that wait for their answers, ${processes}`, callers },
    phases: [phase(usual, calmMs, 1)],
  });
  const burst = [phase(usual, 3_000, 0.6), phase(usual, 1_000, 3), phase(usual, 3_000, 0.6)];
  return [
    closed(64),
    closed(256),
    {
      ...{ ...adaptive, name: `load-${processes}`, title: `0.95 of what the nodes can do, ${processes}` },
      phases: [phase(usual, calmMs, 0.95)],
    },
    { ...adaptive, name: `burst-${processes}`, title: `0.6, and one second of 3x, ${processes}`, phases: burst },
    {
      ...{ ...adaptive, name: `heavyload-${processes}`, title: `0.8, heavy tail, ${processes}` },
      cluster: { ...usual, service: { kind: "heavy", meanMs: 20 } },
      phases: [phase(usual, calmMs, 0.8)],
    },
    {
      ...{ ...adaptive, name: `mixed-${processes}`, title: `0.8 of calls of 5 ms and 2 s, ${processes}` },
      cluster: mixed,
      phases: [phase(mixed, mixedMs, 0.8)],
    },
  ];
});
