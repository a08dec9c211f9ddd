import type { Behaviour } from "./behaviour.js";
import { grayNode, outage, rollingRestart, type ScenarioTrace } from "./faults.js";
import type { Pace } from "./pace.js";
import type { TargetCluster } from "./target.js";

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What happens to the nodes, for the report. */
  readonly story: (pace: Pace) => string;
  /** An outage is judged by its trace in the calls, a gray node by how few calls it gets. */
  readonly kind: "outage" | "gray";
  /** For Rollcall; a column without a goal is absent. */
  readonly goals: Goals;
  readonly realNodes: boolean;
  readonly expectedMs: (pace: Pace) => number;
  /** Resolves when the nodes are normal again; the load goes on for a while. */
  run(cluster: TargetCluster, pace: Pace): Promise<ScenarioTrace>;
}

export interface Goals {
  readonly errors?: string;
  readonly slowest?: string;
  readonly worstSecond?: string;
  readonly sniffs?: string;
  readonly informed?: string;
  readonly firstUse?: string;
  readonly fullShare?: string;
  readonly p99?: string;
  readonly grayShare?: string;
}

/** Of every cluster. */
const nodes = 3;
const seconds = (ms: number) => `${ms / 1_000} s`;
const back = { firstUse: "20 s", fullShare: "10 s" };

export const scenarios: readonly Scenario[] = [
  {
    name: "frozen",
    title: "A frozen node",
    story: ({ outageMs }) => `One node is stopped by SIGSTOP and, ${seconds(outageMs)} later, continued.`,
    kind: "outage",
    goals: { errors: "0", slowest: "1000 ms", worstSecond: "80 %", informed: "2.5 s", ...back },
    realNodes: true,
    expectedMs: ({ outageMs, afterOutageMs }) => outageMs + afterOutageMs,
    run: (cluster, pace) =>
      outage(cluster, pace.outageMs, { begin: async (node) => node.freeze(), end: async (node) => node.thaw() }),
  },
  {
    name: "killed",
    title: "A killed node",
    story: ({ outageMs }) => `One node is SIGKILLed and, ${seconds(outageMs)} later, started again.`,
    kind: "outage",
    goals: { errors: "0", sniffs: "5", informed: "1.2 s", ...back },
    realNodes: true,
    expectedMs: ({ outageMs, startMs, afterOutageMs }) => outageMs + startMs + afterOutageMs,
    run: (cluster, pace) =>
      outage(cluster, pace.outageMs, { begin: (node) => node.kill(), end: (node) => node.start() }),
  },
  {
    name: "rolling",
    title: "A rolling restart",
    story: ({ downMs, betweenMs }) =>
      `One node after the other is stopped and started again ${seconds(downMs)} later. The next one follows ` +
      `${seconds(betweenMs)} after the cluster is green.`,
    kind: "outage",
    goals: { errors: "0", ...back },
    realNodes: true,
    expectedMs: ({ downMs, startMs, betweenMs, afterOutageMs }) =>
      nodes * (downMs + startMs + betweenMs) + afterOutageMs,
    run: rollingRestart,
  },
  gray(
    "slow",
    "A node ten times slower",
    "One node takes ten times as long for every search.",
    { is: "slow", times: 10 },
    { p99: "1.5", grayShare: "1 %" },
  ),
  gray(
    "fails-some",
    "A node that refuses a fifth",
    "One node answers a fifth of its searches with 503, at once.",
    { is: "fails", part: 0.2 },
    { errors: "0", p99: "1.2" },
  ),
  gray(
    "fails-all",
    "A node that refuses everything",
    "One node answers every search with 503, at once.",
    { is: "fails", part: 1 },
    { errors: "0", p99: "1.2" },
  ),
  gray(
    "hangs",
    "A node whose searches hang",
    "One node answers no search at all, while `GET /` and sniffs are answered.",
    { is: "hangs" },
    {},
  ),
  gray(
    "stalls",
    "A node that stalls",
    "A tenth of one node's searches takes 300 ms longer.",
    { is: "stalls", part: 0.1 },
    { p99: "1.5" },
  ),
  {
    name: "cold",
    title: "A cold node",
    story: ({ coldMs }) =>
      `One node is restarted, and takes three times as long for every search in its first ${seconds(coldMs)}.`,
    kind: "gray",
    goals: { p99: "2", fullShare: "20 s" },
    realNodes: false,
    expectedMs: ({ coldMs, afterGrayMs }) => coldMs + afterGrayMs,
    run: (cluster, pace) =>
      grayNode(cluster, pace.coldMs, async (node, behave) => {
        await node.kill();
        await behave({ is: "slow", times: 3 });
        await node.start();
      }),
  },
];

function gray(name: string, title: string, story: string, behaviour: Behaviour, goals: Goals): Scenario {
  return {
    name,
    title,
    story: ({ grayMs }) => `${story} It is normal again after ${seconds(grayMs)}.`,
    kind: "gray",
    goals: { ...goals, fullShare: "20 s" },
    realNodes: false,
    expectedMs: ({ grayMs, afterGrayMs }) => grayMs + afterGrayMs,
    run: (cluster, pace) => grayNode(cluster, pace.grayMs, (_, behave) => behave(behaviour)),
  };
}
