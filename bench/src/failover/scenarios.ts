import { setTimeout as sleep } from "node:timers/promises";
import type { Episode } from "./figures.js";
import type { Behaviour, Stage, StageCounts, StageNode } from "./stage.js";

/** How long the parts of a scenario take. */
export interface Pace {
  readonly warmUpMs: number;
  readonly healthyMs: number;
  /** A frozen or killed node is away so long. */
  readonly outageMs: number;
  readonly grayMs: number;
  readonly coldMs: number;
  /** A node that is restarted in turn is away so long before it is started again, and the next one's turn is so much later. */
  readonly downMs: number;
  readonly betweenMs: number;
  /** For the plan alone: how long a node takes to start and to join. */
  readonly startMs: number;
  /** After the last return. */
  readonly afterOutageMs: number;
  readonly afterGrayMs: number;
}

/** What happened on one stage. */
export interface StageTale {
  readonly episodes: readonly Episode[];
  /** Requests for the list of nodes in the 15 s from the first fault. */
  readonly sniffs?: number;
  /** The sick node's part of the searches that reached any node, from 5 s after onset until it is well. */
  readonly sickPart?: number;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What is done to the nodes. */
  readonly story: (pace: Pace) => string;
  /** An outage is judged by how callers get over it, a gray node by how well they keep away from it. */
  readonly kind: "outage" | "gray";
  /** What Rollcall must reach; a column without a target is absent. */
  readonly targets: Targets;
  readonly realNodes: boolean;
  readonly expectedMs: (pace: Pace) => number;
  /** Resolves when the nodes are well again; the load goes on for a while then. */
  play(stage: Stage, pace: Pace): Promise<StageTale>;
}

export interface Targets {
  readonly errors?: string;
  readonly slowest?: string;
  readonly worstSecond?: string;
  readonly sniffs?: string;
  readonly informed?: string;
  readonly firstUse?: string;
  readonly fullShare?: string;
  readonly p99?: string;
  readonly sickPart?: string;
}

/** Sniffs are counted for so long. */
export const sniffWindowMs = 15_000;
/** Clients may take so long to notice that a node is gray. */
export const noticeMs = 5_000;

/** In every cluster. */
const nodes = 3;
const seconds = (ms: number) => `${ms / 1_000} s`;
const back = { firstUse: "20 s", fullShare: "50 s" };

export const scenarios: readonly Scenario[] = [
  {
    name: "frozen",
    title: "A frozen node",
    story: ({ outageMs }) => `One node is SIGSTOPped and, ${seconds(outageMs)} later, SIGCONTed.`,
    kind: "outage",
    targets: { errors: "0", slowest: "1000 ms", worstSecond: "80 %", informed: "2.5 s", ...back },
    realNodes: true,
    expectedMs: ({ outageMs, afterOutageMs }) => outageMs + afterOutageMs,
    play: (stage, pace) =>
      outage(stage, pace.outageMs, { begin: async (node) => node.freeze(), end: async (node) => node.thaw() }),
  },
  {
    name: "killed",
    title: "A killed node",
    story: ({ outageMs }) => `One node is SIGKILLed and, ${seconds(outageMs)} later, started again.`,
    kind: "outage",
    targets: { errors: "0", sniffs: "5", informed: "1.2 s", ...back },
    realNodes: true,
    expectedMs: ({ outageMs, startMs, afterOutageMs }) => outageMs + startMs + afterOutageMs,
    play: (stage, pace) => outage(stage, pace.outageMs, { begin: (node) => node.kill(), end: (node) => node.start() }),
  },
  {
    name: "rolling",
    title: "A rolling restart",
    story: ({ downMs, betweenMs }) =>
      `One node after the other is stopped, started again ${seconds(downMs)} later, and the next one's turn comes ` +
      `${seconds(betweenMs)} after the cluster is green again.`,
    kind: "outage",
    targets: { errors: "0", ...back },
    realNodes: true,
    expectedMs: ({ downMs, startMs, betweenMs, afterOutageMs }) =>
      nodes * (downMs + startMs + betweenMs) + afterOutageMs,
    play: rollingRestart,
  },
  gray(
    "slow",
    "A node ten times slower",
    "One node takes ten times as long for every search.",
    { is: "slow", times: 10 },
    { p99: "1.5", sickPart: "1 %" },
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
    targets: { p99: "2", fullShare: "20 s" },
    realNodes: false,
    expectedMs: ({ coldMs, afterGrayMs }) => coldMs + afterGrayMs,
    play: (stage, pace) =>
      grayNode(stage, pace.coldMs, async (node, behave) => {
        await node.kill();
        await behave({ is: "slow", times: 3 });
        await node.start();
      }),
  },
];

function gray(name: string, title: string, story: string, behaviour: Behaviour, targets: Targets): Scenario {
  return {
    name,
    title,
    story: ({ grayMs }) => `${story} It is well again after ${seconds(grayMs)}.`,
    kind: "gray",
    targets: { ...targets, fullShare: "20 s" },
    realNodes: false,
    expectedMs: ({ grayMs, afterGrayMs }) => grayMs + afterGrayMs,
    play: (stage, pace) => grayNode(stage, pace.grayMs, (_, behave) => behave(behaviour)),
  };
}

interface Fault {
  begin(node: StageNode): Promise<void>;
  /** Resolves when the node answers again. */
  end(node: StageNode): Promise<void>;
}

async function outage(stage: Stage, outageMs: number, fault: Fault): Promise<StageTale> {
  const victim = await stage.victim();
  const sniffs = await startCountingSniffs(stage);
  const episode = await endure(victim, outageMs, fault);
  return { episodes: [episode], ...(await sniffs.counted()) };
}

async function endure(node: StageNode, outageMs: number, { begin, end }: Fault): Promise<Episode> {
  const faultAtMs = Date.now();
  await begin(node);
  await sleep(outageMs);
  const endsAtMs = Date.now();
  await end(node);
  return { port: node.port, faultAtMs, endsAtMs, backAtMs: Date.now() };
}

async function rollingRestart(stage: Stage, { downMs, betweenMs }: Pace): Promise<StageTale> {
  const sniffs = await startCountingSniffs(stage);
  const episodes: Episode[] = [];
  for (const node of stage.nodes) {
    const restart: Fault = { begin: () => node.stop(), end: () => node.start() };
    episodes.push(await endure(node, downMs, restart));
    await stage.untilGreen();
    if (episodes.length < stage.nodes.length) await sleep(betweenMs);
  }
  return { episodes, ...(await sniffs.counted()) };
}

async function grayNode(
  stage: Stage,
  sickMs: number,
  fallSick: (node: StageNode, behave: (behaviour: Behaviour) => Promise<void>) => Promise<void>,
): Promise<StageTale> {
  const victim = await stage.victim();
  const behave = (behaviour: Behaviour) => {
    if (victim.behave === undefined) throw new Error("only fixture nodes can be told how to behave");
    return victim.behave(behaviour);
  };
  const sniffs = await startCountingSniffs(stage);
  const faultAtMs = Date.now();
  await fallSick(victim, behave);
  const leftMs = () => Math.max(0, faultAtMs + sickMs - Date.now());
  await sleep(Math.min(noticeMs, leftMs()));
  const noticed = await stage.counts();
  await sleep(leftMs());
  const atEnd = await stage.counts();
  const endsAtMs = Date.now();
  await behave({ is: "well" });
  return {
    episodes: [{ port: victim.port, faultAtMs, endsAtMs, backAtMs: endsAtMs }],
    ...sickPartOf(victim, noticed, atEnd),
    ...(await sniffs.counted()),
  };
}

function sickPartOf({ port }: StageNode, from?: StageCounts, to?: StageCounts): { sickPart?: number } {
  if (from === undefined || to === undefined) return {};
  const added = new Map([...to.searches].map(([at, count]) => [at, count - (from.searches.get(at) ?? 0)]));
  const sum = [...added.values()].reduce((a, b) => a + b, 0);
  return sum === 0 ? {} : { sickPart: (added.get(port) ?? 0) / sum };
}

interface SniffCount {
  /** Resolves at the end of the window. */
  counted(): Promise<{ sniffs?: number }>;
}

async function startCountingSniffs(stage: Stage): Promise<SniffCount> {
  const before = await stage.counts();
  const after = sleep(sniffWindowMs).then(() => stage.counts());
  // A scenario that fails meanwhile has its own error to tell.
  after.catch(() => {});
  return {
    async counted() {
      const counts = await after;
      return before === undefined || counts === undefined ? {} : { sniffs: counts.sniffs - before.sniffs };
    },
  };
}
