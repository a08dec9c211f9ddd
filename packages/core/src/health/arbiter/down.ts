import type { Random } from "../../random.js";
import { equalJitter } from "../backoff.js";
import { type Down, type MonitoredNode, newInUse, nextProbeMs, settle } from "./node-health.js";
import type { ProbeOutcome } from "./probe-outcome.js";

/** The wait between probes of a node that is down or joining. The cap bounds how late a return is seen. */
export const retryBackoff = { baseMs: 1_000, capMs: 5_000 };
/** The interval between probes of a node that is down and answers again. */
const returnProbeMs = 1_000;
/** The good answers in a row that a return takes, and how many more its flaps may add. */
const answersToReturn = 2;
const answersForFlapsMax = 3;
/** The shortest time down, for each flap; 60 flaps hold a node for 5 minutes. */
const holdPerFlapMs = 5_000;
const flapsMax = 60;
/** After so long without going down, one flap is forgotten. */
const forgetFlapMs = 30_000;
/** How long a node that left while it was down is still probed. */
const departedMs = 600_000;

/** `failedProbes` and `reporters` are the evidence; the answer of another cluster has no failed probe. */
export function takeDown(
  node: MonitoredNode,
  reason: string,
  failedProbes: number,
  reporters: number,
  nowMs: number,
  random: Random,
): MonitoredNode {
  const forgotten = Math.floor((nowMs - node.stableSinceMs) / forgetFlapMs);
  const flaps = Math.min(flapsMax, Math.max(0, node.flaps - forgotten) + 1);
  const health: Down = {
    state: "down",
    sinceMs: nowMs,
    reason,
    holdUntilMs: holdEndsMs(nowMs, flaps),
    failedProbes,
    reporters,
    probeAtMs: nowMs + equalJitter(retryBackoff, 0, random),
    failures: 0,
    successes: 0,
    departedAtMs: undefined,
  };
  return { ...settle(node, health), flaps };
}

/** Records a probe of a node that is down. Enough good answers after the hold return the node to use. */
export function recordProbeWhileDown(
  node: MonitoredNode,
  health: Down,
  outcome: ProbeOutcome,
  nowMs: number,
  random: Random,
): MonitoredNode {
  // The configuration vouches for a seed, so a seed need not prove which cluster it belongs to.
  const isAnswer = outcome !== "foreign" && outcome !== "unreachable" && outcome !== "void";
  const isVouchedFor = node.trusted && isAnswer;
  if (outcome !== "verified" && !isVouchedFor) {
    const failures = health.failures + 1;
    const probeAtMs = nowMs + equalJitter(retryBackoff, failures, random);
    return { ...node, health: { ...health, failures, successes: 0, probeAtMs } };
  }
  const successes = health.successes + 1;
  const needed = answersToReturn + Math.min(answersForFlapsMax, node.flaps - 1);
  if (successes >= needed && nowMs >= health.holdUntilMs && health.departedAtMs === undefined) {
    const inUse = newInUse("slow-start", "answers again", nowMs, nextProbeMs(nowMs, random));
    return { ...node, stableSinceMs: nowMs, health: inUse };
  }
  return { ...node, health: { ...health, failures: 0, successes, probeAtMs: nowMs + returnProbeMs } };
}

/** A process had a byte from the node just now, although the node was marked down. The node is probed at once. */
export function refuteDown(node: MonitoredNode, health: Down, nowMs: number): MonitoredNode {
  // Any number of processes may refute, again and again: one probe a second is enough for all of them.
  const probeAtMs = Math.min(health.probeAtMs, Math.max(nowMs, node.probedAtMs + returnProbeMs));
  return { ...node, health: { ...health, probeAtMs } };
}

/**
 * An operator takes the mark back: the node is in use, and nothing of before counts against it. It is probed at once, so
 * that a wrong decision is short.
 */
export function unmarkNode(node: MonitoredNode, reason: string, nowMs: number): MonitoredNode {
  const { health } = node;
  if (health.state !== "down" || health.departedAtMs !== undefined) return node;
  const clean = { reports: new Map(), flaps: 0, stableSinceMs: nowMs };
  return { ...settle(node, newInUse("healthy", reason, nowMs, nowMs)), ...clean };
}

/** When a node that left while it was down is dropped. */
export function departureEndsMs({ departedAtMs }: Down): number {
  return departedAtMs === undefined ? Number.POSITIVE_INFINITY : departedAtMs + departedMs;
}

export function holdEndsMs(sinceMs: number, flaps: number): number {
  return sinceMs + holdPerFlapMs * flaps;
}

/** A flap count that a published mark may have. */
export function boundedFlaps(flaps: number): number {
  return Math.min(Math.max(flaps, 1), flapsMax);
}

/** The end of a hold that a published mark may have. */
export function boundedHoldMs(holdUntilMs: number, nowMs: number): number {
  return Math.min(holdUntilMs, holdEndsMs(nowMs, flapsMax));
}
