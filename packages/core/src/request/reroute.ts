import type { Random } from "../random.js";

/** Requests move in portions of so long. */
const portionMs = 100;
/** A portion is at most this part of what the targets have in flight now. */
const portionOfLoad = 0.5;
/** So many nodes are asked for a sign of life at once, where no target has given one. */
const askedMax = 3;

/** An attempt that waits on a node which has fallen silent or is marked DOWN. */
export interface StuckAttempt {
  readonly slot: number;
  readonly startedAtMs: number;
  /** Since when the node has been under suspicion: when it was first probed for its silence, or marked DOWN. */
  readonly suspectedAtMs: number;
  /** `movable` of its classification, and more than one attempt is allowed (`retry: false` means one exactly). */
  readonly movable: boolean;
  /** Its request was moved before. */
  readonly moved: boolean;
}

/** A node that requests may go to: eligible, and not under suspicion itself. */
export interface RerouteTarget {
  readonly slot: number;
  readonly inFlight: number;
  /** When it last sent a byte to this process, or answered a probe; -Infinity for never. */
  readonly heardAtMs: number;
}

/** How much of the present portion is used up. */
export interface RerouteWindow {
  readonly sinceMs: number;
  readonly moved: number;
}

export const emptyRerouteWindow: RerouteWindow = { sinceMs: Number.NEGATIVE_INFINITY, moved: 0 };

export interface Reroute<A extends StuckAttempt> {
  readonly attempt: A;
  /** Slots. It is to be sent to one of these now, and nowhere else. At least one. */
  readonly targets: readonly number[];
}

export interface Reroutes<A extends StuckAttempt> {
  readonly portion: RerouteWindow;
  readonly moves: readonly Reroute<A>[];
  /** Slots. Requests would move if one of these gave a sign of life: probe them, each once at a time. */
  readonly ask: readonly number[];
}

/**
 * Which of the stuck attempts are given up and sent again elsewhere, now.
 *
 * Only Reads, and each request at most once: a move takes nothing from the retry budget, so nothing else bounds it.
 *
 * Only to a node that has given a sign of life since the suspicion began, else the attempts stay on their sockets. What
 * looks like one silent node is often all of them, or our own network, for a few seconds: requests that stay are
 * answered then, and requests that were moved blindly are lost. So with one node, or with all nodes silent, nobody moves.
 *
 * At most half of what the targets have in flight for each 100 ms, but one for each target, the oldest first: the
 * requests of a frozen node come all at once, and must not be too much for the others.
 *
 * To be called when a node falls silent or goes DOWN, and again every now and then while attempts are stuck. One
 * `portion` is kept for each thread, with that thread's own attempts and counts.
 */
export function nextReroutes<A extends StuckAttempt>(
  portion: RerouteWindow,
  stuck: readonly A[],
  targets: readonly RerouteTarget[],
  nowMs: number,
  random: Random,
): Reroutes<A> {
  const movable = stuck.filter((attempt) => attempt.movable && !attempt.moved);
  if (movable.length === 0 || targets.length === 0) return { portion, moves: [], ask: [] };

  const current = nowMs - portion.sinceMs < portionMs ? portion : { sinceMs: nowMs, moved: 0 };
  const inFlight = targets.reduce((sum, target) => sum + target.inFlight, 0);
  const allowed = Math.max(targets.length, Math.floor(inFlight * portionOfLoad)) - current.moved;

  const moves: Reroute<A>[] = [];
  let waitsForSign = false;
  for (const attempt of movable.toSorted((a, b) => a.startedAtMs - b.startedAtMs)) {
    const alive = targets.filter(({ heardAtMs }) => heardAtMs > attempt.suspectedAtMs);
    if (alive.length === 0) waitsForSign = true;
    else if (moves.length < allowed) moves.push({ attempt, targets: alive.map(({ slot }) => slot) });
  }
  return {
    portion: moves.length === 0 ? portion : { ...current, moved: current.moved + moves.length },
    moves,
    ask: waitsForSign ? someOf(targets, random) : [],
  };
}

/** Of many nodes not all need to be asked, nor the same ones by everybody. */
function someOf(targets: readonly RerouteTarget[], random: Random): number[] {
  const left = targets.map(({ slot }) => slot);
  const asked: number[] = [];
  while (asked.length < askedMax && left.length > 0) asked.push(...left.splice(Math.floor(random() * left.length), 1));
  return asked;
}
