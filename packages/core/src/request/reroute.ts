import type { Random } from "../random.js";

/** Rerouted attempts are counted in windows of this length. */
export const rerouteWindowMs = 100;
/** In one window, at most this share of what the targets have in flight. */
const shareOfLoad = 0.5;
/** How many targets are probed at once when none has given a sign of life. */
const probedMax = 3;

/** An attempt at a node that is stalled or marked down. */
export interface StuckAttempt {
  readonly slot: number;
  readonly startedAtMs: number;
  /** Since when the node is under suspicion: when it was first probed as a possible stall, or marked down. */
  readonly suspectedAtMs: number;
  /** `reroutable` of its classification, and more than one attempt is allowed (`retry: false` means one exactly). */
  readonly reroutable: boolean;
  /** Its request was rerouted before. */
  readonly rerouted: boolean;
}

/** A node that requests may go to: eligible, and not under suspicion itself. */
export interface RerouteTarget {
  readonly slot: number;
  readonly inFlight: number;
  /** When it last sent a byte to this process, or answered a probe; -Infinity for never. */
  readonly lastByteAtMs: number;
}

/** How much of the current window is used up. */
export interface RerouteWindow {
  readonly sinceMs: number;
  readonly rerouted: number;
}

export const emptyRerouteWindow: RerouteWindow = { sinceMs: Number.NEGATIVE_INFINITY, rerouted: 0 };

export interface Reroute<A extends StuckAttempt> {
  readonly attempt: A;
  /** Slots, at least one. The request goes to one of these now, and nowhere else. */
  readonly targets: readonly number[];
}

export interface Reroutes<A extends StuckAttempt> {
  readonly window: RerouteWindow;
  readonly reroutes: readonly Reroute<A>[];
  /** Slots to probe, each once at a time: requests are rerouted there once one gives a sign of life. */
  readonly probe: readonly number[];
}

/**
 * Which of the stuck attempts are given up and sent again elsewhere, now.
 *
 * Only Reads, and each request at most once: a reroute takes nothing from the retry budget, so nothing else bounds it.
 *
 * Only to a node that has given a sign of life since the suspicion began; otherwise the attempts stay on their sockets.
 * What looks like one stalled node is often all of them, or our own network, for a few seconds: requests that stay are
 * answered then, and requests rerouted blindly are lost. So nothing is rerouted with one node, or with all nodes
 * stalled.
 *
 * In each window of 100 ms at most half of what the targets have in flight, but at least one for each target, the
 * oldest first: the requests of a frozen node come all at once, and must not overload the others.
 *
 * To be called when a node stalls or goes down, and repeatedly while attempts are stuck. Each thread keeps one window,
 * for its own attempts and counts.
 */
export function nextReroutes<A extends StuckAttempt>(
  window: RerouteWindow,
  stuck: readonly A[],
  targets: readonly RerouteTarget[],
  nowMs: number,
  random: Random,
): Reroutes<A> {
  const reroutable = stuck.filter((attempt) => attempt.reroutable && !attempt.rerouted);
  if (reroutable.length === 0 || targets.length === 0) return { window, reroutes: [], probe: [] };

  const current = nowMs - window.sinceMs < rerouteWindowMs ? window : { sinceMs: nowMs, rerouted: 0 };
  const inFlight = targets.reduce((sum, target) => sum + target.inFlight, 0);
  const allowed = reroutesInWindow(targets.length, inFlight) - current.rerouted;

  const reroutes: Reroute<A>[] = [];
  let waitsForSign = false;
  for (const attempt of reroutable.toSorted((a, b) => a.startedAtMs - b.startedAtMs)) {
    const alive = targets.filter(({ lastByteAtMs }) => lastByteAtMs > attempt.suspectedAtMs);
    if (alive.length === 0) waitsForSign = true;
    else if (reroutes.length < allowed) reroutes.push({ attempt, targets: alive.map(({ slot }) => slot) });
  }
  return {
    window: reroutes.length === 0 ? window : { ...current, rerouted: current.rerouted + reroutes.length },
    reroutes,
    probe: waitsForSign ? someOf(targets, random) : [],
  };
}

/** How many attempts may move to so many targets in one window, with so many requests in flight at them. */
export function reroutesInWindow(targets: number, inFlight: number): number {
  return Math.max(targets, Math.floor(inFlight * shareOfLoad));
}

/** A few at random: not every process has to probe every node. */
function someOf(targets: readonly RerouteTarget[], random: Random): number[] {
  const slots = targets.map(({ slot }) => slot);
  const drawn: number[] = [];
  while (drawn.length < probedMax && slots.length > 0) {
    drawn.push(...slots.splice(Math.floor(random() * slots.length), 1));
  }
  return drawn;
}
