import { setTimeout as sleep } from "node:timers/promises";
import type { Behaviour } from "./behaviour.js";
import type { FaultInterval } from "./figures.js";
import type { Pace } from "./pace.js";
import type { TargetCluster, TargetCounts, TargetNode } from "./target.js";

/** What happened to one cluster. */
export interface ScenarioTrace {
  readonly intervals: readonly FaultInterval[];
  /** Requests for the list of nodes in the 15 s from the first fault. */
  readonly sniffs?: number;
  /** The gray node's part of the searches that reached any node, from 5 s after the fault to its end. */
  readonly grayShare?: number;
}

export interface Fault {
  begin(node: TargetNode): Promise<void>;
  /** Resolves when the node answers again. */
  end(node: TargetNode): Promise<void>;
}

/** Sniffs are counted for so long. */
export const sniffWindowMs = 15_000;
/** A client may take so long to notice that a node is gray. */
export const noticeMs = 5_000;

export async function outage(cluster: TargetCluster, outageMs: number, fault: Fault): Promise<ScenarioTrace> {
  const node = await cluster.faultyNode();
  const sniffs = await startCountingSniffs(cluster);
  const interval = await inflict(fault, node, outageMs);
  return { intervals: [interval], ...(await sniffs.counted()) };
}

export async function rollingRestart(cluster: TargetCluster, { downMs, betweenMs }: Pace): Promise<ScenarioTrace> {
  const sniffs = await startCountingSniffs(cluster);
  const intervals: FaultInterval[] = [];
  for (const node of cluster.nodes) {
    intervals.push(await inflict({ begin: () => node.stop(), end: () => node.start() }, node, downMs));
    await cluster.untilGreen();
    if (intervals.length < cluster.nodes.length) await sleep(betweenMs);
  }
  return { intervals, ...(await sniffs.counted()) };
}

/** `begin` makes the node gray; after `grayMs` it is normal again. */
export async function grayNode(
  cluster: TargetCluster,
  grayMs: number,
  begin: (node: TargetNode, behave: (behaviour: Behaviour) => Promise<void>) => Promise<void>,
): Promise<ScenarioTrace> {
  const node = await cluster.faultyNode();
  const behave = (behaviour: Behaviour) => {
    if (node.behave === undefined) throw new Error("only fixture nodes can turn gray");
    return node.behave(behaviour);
  };
  const sniffs = await startCountingSniffs(cluster);
  const faultAtMs = Date.now();
  await begin(node, behave);
  const leftMs = () => Math.max(0, faultAtMs + grayMs - Date.now());
  await sleep(Math.min(noticeMs, leftMs()));
  const noticed = await cluster.counts();
  await sleep(leftMs());
  const atEnd = await cluster.counts();
  const endsAtMs = Date.now();
  await behave({ is: "normal" });
  return {
    intervals: [{ port: node.port, faultAtMs, endsAtMs, backAtMs: endsAtMs }],
    ...grayShareOf(node, noticed, atEnd),
    ...(await sniffs.counted()),
  };
}

async function inflict({ begin, end }: Fault, node: TargetNode, lastingMs: number): Promise<FaultInterval> {
  const faultAtMs = Date.now();
  await begin(node);
  await sleep(lastingMs);
  const endsAtMs = Date.now();
  await end(node);
  return { port: node.port, faultAtMs, endsAtMs, backAtMs: Date.now() };
}

function grayShareOf({ port }: TargetNode, from?: TargetCounts, to?: TargetCounts): { grayShare?: number } {
  if (from === undefined || to === undefined) return {};
  const added = new Map([...to.searches].map(([at, count]) => [at, count - (from.searches.get(at) ?? 0)]));
  const sum = [...added.values()].reduce((a, b) => a + b, 0);
  return sum === 0 ? {} : { grayShare: (added.get(port) ?? 0) / sum };
}

interface SniffCount {
  /** Resolves at the end of the window. */
  counted(): Promise<{ sniffs?: number }>;
}

async function startCountingSniffs(cluster: TargetCluster): Promise<SniffCount> {
  const before = await cluster.counts();
  const after = sleep(sniffWindowMs).then(() => cluster.counts());
  // A scenario that fails meanwhile reports its own error.
  after.catch(() => {});
  return {
    async counted() {
      const counts = await after;
      return before === undefined || counts === undefined ? {} : { sniffs: counts.sniffs - before.sniffs };
    },
  };
}
