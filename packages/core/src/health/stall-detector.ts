import type { NodeEffect, ProbeResult } from "./node-probe.js";

/**
 * Waiting requests without a byte for this long ask for a probe. Fixed: rules by percentiles find slow work too late.
 */
const silenceMs = 250;
/** Each answered probe doubles that, up to this. */
const silenceMaxMs = 4_000;
/** A probe may take at least this long, and this many times the node's last handshake. */
const probeTimeoutMinMs = 500;
const probeTimeoutHandshakes = 3;
/** A probe without a result, this long after its time is over, is made again. */
const resultWithinMs = 5_000;
const never = Number.NEGATIVE_INFINITY;

/**
 * The stall detector of one node: see the drawing in node.ts. All times are monotonic milliseconds.
 *
 * It counts the answered probes since the last byte of a response, so a long query alone on a node costs few probes. A
 * request that is sent after the last of them is waited for as briefly as at first.
 */
export type StallDetector = Idle | Waiting | Probing | Stalled;

interface Idle {
  readonly state: "idle";
  /** Probes made so far: the number of the last one. */
  readonly probes: number;
}

interface Waiting {
  readonly state: "waiting";
  readonly probes: number;
  /** Answered probes since the last byte of a response, and when the last of them was; -Infinity for never. */
  readonly answers: number;
  readonly answeredAtMs: number;
  /** When a request was sent after that: the first one seen. */
  readonly sentSinceMs: number | undefined;
}

interface Probing {
  readonly state: "probing";
  readonly probes: number;
  readonly answers: number;
  /** When the first probe of this suspicion was made. */
  readonly suspectedAtMs: number;
  /** When the probe's own time is over, and when it is made again for want of a result. */
  readonly timeoutAtMs: number;
  readonly againAtMs: number;
}

interface Stalled {
  readonly state: "stalled";
  readonly probes: number;
  readonly suspectedAtMs: number;
}

/** What this process has seen of the node, in all of its threads. */
export interface NodeTraffic {
  /**
   * Since when the oldest and the newest request in flight have been waiting, among the threads that run, as
   * `waitingSinceMs` in loop-lag.ts has it; undefined for none. What our own backpressure holds up is not in flight.
   */
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  /** When the last byte came from the node, on any connection of a request; -Infinity for never. */
  readonly lastByteMs: number;
  /** How long the node's last connection took to open, with TLS; undefined if that is not known. */
  readonly handshakeMs: number | undefined;
}

/** What a node is without any request. */
export const noTraffic: NodeTraffic = {
  oldestMs: undefined,
  newestMs: undefined,
  lastByteMs: never,
  handshakeMs: undefined,
};

type StallStep = readonly [StallDetector, readonly NodeEffect[]];

export const idleDetector: StallDetector = { state: "idle", probes: 0 };

/** Since when the node is under suspicion, or stalled; undefined while it is neither. */
export function suspectedSinceMs(stall: StallDetector): number | undefined {
  return stall.state === "probing" || stall.state === "stalled" ? stall.suspectedAtMs : undefined;
}

/** A byte ends any suspicion. Without requests there is nothing to wait for, but a probe in flight is still of use. */
export function withTraffic(stall: StallDetector, { oldestMs, newestMs, lastByteMs }: NodeTraffic): StallDetector {
  const { probes } = stall;
  switch (stall.state) {
    case "idle":
      return oldestMs === undefined ? stall : waiting(probes);
    case "waiting": {
      if (oldestMs === undefined) return { state: "idle", probes };
      if (stall.answers === 0) return stall;
      if (lastByteMs > stall.answeredAtMs) return waiting(probes);
      const isSentSince = stall.sentSinceMs === undefined && newestMs !== undefined && newestMs > stall.answeredAtMs;
      return isSentSince ? { ...stall, sentSinceMs: newestMs } : stall;
    }
    case "probing":
    case "stalled":
      // A suspicion begins long after the last byte: one of the same millisecond has come since.
      if (lastByteMs < stall.suspectedAtMs) return stall;
      return oldestMs === undefined ? { state: "idle", probes } : waiting(probes);
  }
}

/** Probes a node whose requests have waited for too long. */
export function probeWhenSilent(stall: StallDetector, traffic: NodeTraffic, nowMs: number): StallStep {
  if (stall.state !== "waiting" || nowMs < probeDueMs(stall, traffic)) return [stall, []];
  return probe(stall, nowMs, traffic, nowMs);
}

/** No result has come: the probe is made again, unless a byte has come meanwhile. */
export function probeAgain(stall: Probing, traffic: NodeTraffic, nowMs: number): StallStep {
  const current = withTraffic(stall, traffic);
  return current.state === "probing" ? probe(current, current.suspectedAtMs, traffic, nowMs) : [current, []];
}

/** Takes the result of a probe. That of an earlier one comes too late to say anything. */
export function probedStall(
  before: StallDetector,
  number: number,
  result: ProbeResult,
  traffic: NodeTraffic,
  nowMs: number,
): StallStep {
  if (number !== before.probes) return [before, []];
  // Bytes since the last beat count first.
  const stall = withTraffic(before, traffic);
  if (stall.state !== "probing") return [stall, []];
  const { probes, answers, suspectedAtMs, timeoutAtMs } = stall;
  switch (result.kind) {
    case "reached":
    case "foreign":
      return [waiting(probes, answers + 1, nowMs), []];
    case "unreachable":
      return [{ state: "stalled", probes, suspectedAtMs }, [{ type: "reroute" }]];
    case "void":
      // A probe that fails at once would do so again: it is made again when its result is overdue.
      return nowMs < timeoutAtMs ? [stall, []] : probe(stall, suspectedAtMs, traffic, nowMs);
  }
}

/** The node has answered another probe: a trial after its ejection, or the leader's. */
export function returned(stall: StallDetector, nowMs: number): StallDetector {
  return stall.state === "stalled" ? waiting(stall.probes, 0, nowMs) : stall;
}

function waiting(probes: number, answers = 0, answeredAtMs = never): Waiting {
  return { state: "waiting", probes, answers, answeredAtMs, sentSinceMs: undefined };
}

function probeDueMs(
  { answers, answeredAtMs, sentSinceMs }: Waiting,
  { oldestMs = never, lastByteMs }: NodeTraffic,
): number {
  const byAll = Math.max(oldestMs, lastByteMs, answeredAtMs) + Math.min(silenceMaxMs, silenceMs * 2 ** answers);
  return sentSinceMs === undefined ? byAll : Math.min(byAll, Math.max(oldestMs, lastByteMs, sentSinceMs) + silenceMs);
}

function probe(
  { probes, answers }: Waiting | Probing,
  suspectedAtMs: number,
  { handshakeMs = 0 }: NodeTraffic,
  nowMs: number,
): StallStep {
  const number = probes + 1;
  const timeoutMs = Math.max(probeTimeoutMinMs, probeTimeoutHandshakes * handshakeMs);
  const timeoutAtMs = nowMs + timeoutMs;
  return [
    { state: "probing", probes: number, answers, suspectedAtMs, timeoutAtMs, againAtMs: timeoutAtMs + resultWithinMs },
    [{ type: "probe", probe: { purpose: "stall", number, timeoutMs } }],
  ];
}
