import type { Random } from "../../random.js";
import { equalJitter } from "../backoff.js";
import { recordProbeWhileDown, refuteDown, retryBackoff, takeDown } from "./down.js";
import { type Joining, type MonitoredNode, newInUse, nextProbeMs } from "./node-health.js";
import type { ProbeOutcome } from "./probe-outcome.js";
import { clearSuspicion, judge, noteAnswer, raiseDoubt, reportersOf, withdrawSuspicion } from "./suspicion.js";

/**
 * Takes the result of one of the leader's own probes into account. A result that no probe is pending for is ignored.
 */
export function recordProbe(
  node: MonitoredNode,
  outcome: ProbeOutcome,
  reason: string,
  nowMs: number,
  random: Random,
): MonitoredNode {
  if (node.pendingProbes === 0) return node;
  const pendingProbes = node.pendingProbes - 1;
  const answered = { ...node, pendingProbes, answersVoid: node.answersVoid && pendingProbes > 0 };
  if (node.answersVoid) return answered;

  const { health } = node;
  switch (health.state) {
    case "joining":
      return recordProbeWhileJoining(answered, health, outcome, nowMs, random);
    case "unverified":
    case "healthy":
    case "slow-start":
      if (outcome === "foreign") return takeDown(answered, reason, 0, reportersOf(answered, nowMs), nowMs, random);
      if (outcome === "unreachable") return raiseDoubt(answered, reason);
      if (outcome === "void") return answered;
      return { ...answered, health: noteAnswer(health, nowMs) };
    case "suspect": {
      if (outcome === "foreign") return takeDown(answered, reason, 0, reportersOf(answered, nowMs), nowMs, random);
      if (outcome === "void") return withdrawSuspicion(answered, health, nowMs, random);
      if (outcome !== "unreachable") return clearSuspicion(answered, health, nowMs, random);
      const probesFailed = health.probesFailed + 1;
      return judge({ ...answered, health: { ...health, probesFailed, reason } }, nowMs, random);
    }
    case "down":
      return recordProbeWhileDown(answered, health, outcome, nowMs, random);
    case "draining":
    case "gone":
      return answered;
  }
}

function recordProbeWhileJoining(
  node: MonitoredNode,
  health: Joining,
  outcome: ProbeOutcome,
  nowMs: number,
  random: Random,
): MonitoredNode {
  if (outcome === "verified") {
    const state = health.firstView ? "healthy" : "slow-start";
    return { ...node, health: newInUse(state, "verified", nowMs, nextProbeMs(nowMs, random)) };
  }
  const probeAtMs = nowMs + equalJitter(retryBackoff, health.failures, random);
  return { ...node, health: { ...health, failures: health.failures + 1, probeAtMs } };
}

/** A process had a byte from the node just now, although the node is or was marked down. */
export function recordRefutation(node: MonitoredNode, replica: string, nowMs: number, random: Random): MonitoredNode {
  const refuted = { ...node, refutation: { replica, atMs: nowMs } };
  return node.health.state === "down" ? refuteDown(refuted, node.health, nowMs) : judge(refuted, nowMs, random);
}
