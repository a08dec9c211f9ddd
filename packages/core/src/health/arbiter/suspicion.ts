import type { Random } from "../../random.js";
import { takeDown } from "./down.js";
import {
  type InUse,
  isInUse,
  type MonitoredNode,
  nextProbeMs,
  type PeerProbes,
  type Suspect,
  settle,
} from "./node-health.js";

/** The second probe does not wait for the result of the first: one after the other would take two timeouts. */
const secondProbeMs = 250;
export const probesOfSuspicion = 2;
/** No suspicion opens so soon after an answered probe, nor so soon after the last suspicion ended. */
const calmAfterAnswerMs = 500;
const calmAfterSuspicionMs = 2_000;
/** How long the verdict waits for peer probes. */
const peersWithinMs = 1_500;
/** A backed report counts as a failed peer probe if it is no older than this when the suspicion opens. */
const backedMs = 2_000;
/** For so long after a refutation, only an answer of another cluster takes the node down. */
const refutedMs = 2_000;
/** The wait before a disputed node is suspected again: `baseMs`, doubled each time. */
const recheck = { baseMs: 2_000, capMs: 30_000 };
/** How many reporters are kept for one node. */
const reportersMax = 256;
/** For how long a report counts its process as a reporter. */
const reportMs = 15_000;

/** Notes a reason for a suspicion, which opens as soon as it may. A doubt that is noted already is kept. */
export function raiseDoubt(node: MonitoredNode, reason: string): MonitoredNode {
  const { health } = node;
  if (!isInUse(health) || health.doubt !== undefined) return node;
  return { ...node, health: { ...health, doubt: reason } };
}

/** Records that a process reported the node. A backed report also counts as that process's failed peer probe. */
export function recordReport(
  node: MonitoredNode,
  replica: string,
  isBacked: boolean,
  nowMs: number,
  random: Random,
): MonitoredNode {
  // The newest come last.
  const reports = new Map(node.reports);
  reports.delete(replica);
  reports.set(replica, { atMs: nowMs, isBacked });
  for (const [other, { atMs }] of reports) {
    if (reports.size <= reportersMax && nowMs - atMs < reportMs) break;
    reports.delete(other);
  }
  const { health } = node;
  const reported = { ...node, reports };
  if (!isBacked) return reported;
  if (health.state === "suspect") {
    const pending = health.peers.pending.filter((other) => other !== replica);
    return judge({ ...reported, health: { ...health, peers: { ...health.peers, pending } } }, nowMs, random);
  }
  if (isInUse(health) && health.dispute !== undefined) {
    return { ...reported, health: { ...health, dispute: { ...health.dispute, recheckAtMs: nowMs } } };
  }
  return reported;
}

/** Records which peers were asked about the suspicion of this number. */
export function recordPeersAsked(
  node: MonitoredNode,
  suspicion: number,
  company: "alone" | "others",
  pending: readonly string[],
  nowMs: number,
  random: Random,
): MonitoredNode {
  const { health } = node;
  if (health.state !== "suspect" || node.suspicion !== suspicion) return node;
  return judge({ ...node, health: { ...health, peers: { ...health.peers, company, pending } } }, nowMs, random);
}

/**
 * Records the result of a peer probe, for as long as the suspicion is open. A success counts from any process, even one
 * that has reported the node or was not asked. A failure counts only from a peer whose answer is pending.
 */
export function recordPeerResult(
  node: MonitoredNode,
  suspicion: number,
  replica: string,
  ok: boolean,
  nowMs: number,
  random: Random,
): MonitoredNode {
  const { health } = node;
  if (health.state !== "suspect" || node.suspicion !== suspicion) return node;
  if (!ok && !health.peers.pending.includes(replica)) return node;
  const pending = health.peers.pending.filter((other) => other !== replica);
  const result = ok ? { reachedBy: replica } : { failed: [...health.peers.failed, replica] };
  return judge({ ...node, health: { ...health, peers: { ...health.peers, pending, ...result } } }, nowMs, random);
}

/** Opens a suspicion. No probe has been sent yet. */
export function openSuspicion(node: MonitoredNode, previous: InUse, nowMs: number): MonitoredNode {
  const peers: PeerProbes = { company: "unknown", pending: [], failed: [], reachedBy: undefined };
  const unprobed = { probesSent: 0, probesFailed: 0, reason: "" };
  const health: Suspect = { state: "suspect", previous, openedAtMs: nowMs, ...unprobed, peers };
  return { ...node, health, suspicion: node.suspicion + 1 };
}

/** Decides on the evidence so far: the node goes down, stays in use, or stays under suspicion. */
export function judge(node: MonitoredNode, nowMs: number, random: Random): MonitoredNode {
  const { health, refutation } = node;
  if (health.state !== "suspect" || health.probesFailed < probesOfSuspicion) return node;
  const { peers, probesFailed, reason } = health;
  const isRefuted = refutation !== undefined && nowMs - refutation.atMs < refutedMs;
  const reachedBy = peers.reachedBy ?? (isRefuted ? refutation.replica : undefined);
  if (reachedBy !== undefined) return dispute(node, health, reachedBy, nowMs, random);
  // A wrong verdict harms no other process, and this one does not reach the node anyway.
  if (peers.company === "alone") return takeDown(node, reason, probesFailed, reportersOf(node, nowMs), nowMs, random);
  const isComplete = peers.company === "others" && peers.pending.length === 0;
  if (!isComplete && nowMs < verdictAtMs(health)) return node;
  return peers.failed.length > 0 || backersOf(node, health).length > 0
    ? takeDown(node, reason, probesFailed, reportersOf(node, nowMs), nowMs, random)
    : dispute(node, health, undefined, nowMs, random);
}

/** Ends the suspicion because the leader had an answer. */
export function clearSuspicion(node: MonitoredNode, health: Suspect, nowMs: number, random: Random): MonitoredNode {
  return settle(node, {
    ...afterAnswer(health.previous, nowMs),
    probeAtMs: nextProbeMs(nowMs, random),
    doubt: undefined,
    calmUntilMs: nowMs + calmAfterSuspicionMs,
    dispute: undefined,
  });
}

/** Ends the suspicion because nothing can be shown now: the node is as it was before. */
export function withdrawSuspicion(node: MonitoredNode, health: Suspect, nowMs: number, random: Random): MonitoredNode {
  const calm = { doubt: undefined, calmUntilMs: nowMs + calmAfterSuspicionMs };
  return settle(node, { ...health.previous, ...calm, probeAtMs: nextProbeMs(nowMs, random) });
}

/** A node in use has answered. Ends a dispute with its doubt; a doubt from reports still opens a suspicion. */
export function noteAnswer(health: InUse, nowMs: number): InUse {
  const { dispute, doubt } = health;
  const calmUntilMs = Math.max(health.calmUntilMs, nowMs + calmAfterAnswerMs);
  const doubtLeft = dispute === undefined ? doubt : undefined;
  return { ...afterAnswer(health, nowMs), calmUntilMs, dispute: undefined, doubt: doubtLeft };
}

function afterAnswer(health: InUse, nowMs: number): InUse {
  if (health.state !== "unverified") return health;
  return { ...health, state: "healthy", sinceMs: nowMs, reason: "first answer" };
}

/** Keeps the node in use: only the leader cannot reach it, as far as the evidence goes. */
function dispute(
  node: MonitoredNode,
  { previous, reason }: Suspect,
  reachedBy: string | undefined,
  nowMs: number,
  random: Random,
): MonitoredNode {
  const times = (previous.dispute?.times ?? 0) + 1;
  const recheckAtMs = nowMs + Math.min(recheck.baseMs * 2 ** (times - 1), recheck.capMs);
  return settle(node, {
    ...previous,
    probeAtMs: nextProbeMs(nowMs, random),
    doubt: reason,
    calmUntilMs: nowMs + calmAfterSuspicionMs,
    dispute: { times, reachedBy, recheckAtMs },
  });
}

/** The processes whose own failed probe was recent when the suspicion opened, or has come since. */
export function backersOf({ reports }: MonitoredNode, { openedAtMs }: Suspect): string[] {
  return [...reports].filter(([, { atMs, isBacked }]) => isBacked && atMs >= openedAtMs - backedMs).map(([key]) => key);
}

/** How many processes do not reach the node either: reporters of the last 15 s and failed peer probes. */
export function reportersOf({ reports, health }: MonitoredNode, nowMs: number): number {
  const reporters = [...reports].filter(([, { atMs }]) => nowMs - atMs < reportMs).map(([replica]) => replica);
  return new Set([...reporters, ...(health.state === "suspect" ? health.peers.failed : [])]).size;
}

/** When a suspicion opens, if nothing else happens. */
export function suspectAtMs({ doubt, calmUntilMs, dispute }: InUse): number {
  if (doubt === undefined) return Number.POSITIVE_INFINITY;
  return dispute === undefined ? calmUntilMs : Math.max(calmUntilMs, dispute.recheckAtMs);
}

/** When the suspicion's next probe is sent. */
export function suspicionProbeAtMs({ openedAtMs, probesSent }: Suspect): number {
  return probesSent < probesOfSuspicion ? openedAtMs + probesSent * secondProbeMs : Number.POSITIVE_INFINITY;
}

/** When the verdict waits for peers no longer. */
export function verdictAtMs({ openedAtMs }: Suspect): number {
  return openedAtMs + peersWithinMs;
}
