import type { Random } from "../random.js";
import type { Reducer } from "../reducer-runner.js";
import { epochAheadMaxMs, epochBegunMs } from "../view/epoch.js";

/** How long a store keeps a lease that is not renewed: a leader that dies is replaced after this, and one attempt. */
export const leaseMs = 10_000;
/** How often a leader renews, give or take a tenth. Each renewal is also the beat that readers see. */
const renewMs = 2_000;
const renewJitter = 0.1;
/**
 * So long after it sent its last good renewal, a leader stops by itself: the lease still holds for `leaseMs` less this
 * then, so our clock may run slower than the store's by 10 to 6 before two lead at once.
 */
const selfFenceMs = 6_000;
/** How often one that does not lead tries: this, and up to a fifth more. */
const attemptMs = 2_000;
const attemptSpread = 0.2;
/** After news that the lease may be free, every candidate tries within this time, and not all together. */
const soonMs = 250;
/** A leader that has reached no node for so long leaves it to somebody who does … */
const unreachedMs = 15_000;
/** … and does not come back for so long. */
const restMs = 30_000;

/**
 * One process's part in the election of who watches over the cluster.
 *
 *             due, or news             granted
 *    standby ──────────────▶ acquiring ─────────▶ leading
 *     ▲   ▲                   │  ▲  ▲              │ │ │
 *     │   └─ refused, failed ─┘  │  └───── (1) ────┘ │ │
 *     │                          └ 30 s ─ resting ◀──┘ │
 *     │                                       (2)      │
 *     └───────────────────── (3) ──────────────────────┘
 *
 * (1) It heard of a higher epoch, or there is a new connection to the store.
 * (2) It has reached no node for 15 s, and another process does.
 * (3) The lease is lost, or 6 s have passed since the last good renewal was sent.
 *
 * The lease is for economy: it keeps the number of sniffs and probes from growing with the number of processes. That no
 * old leader overwrites a newer view is the store's promise, which checks every write against the lease. What is promised
 * here:
 * - Nothing is to be published later than 6 s after the last good renewal was sent; see {@link mayPublish}.
 * - A leader that hears of a higher epoch anywhere leads no more under its own: after a failover of the store, its readers
 *   would reject it for ever. It takes the lease anew, above what it heard.
 * - After a new connection to the store the lease is taken anew, and never renewed: the store behind it may have gone
 *   back in time, and with it a lease that another has held since.
 * - A store that fails takes nothing away by itself. A leader keeps leading until its time is up.
 * - Whoever does not lead goes on trying, whatever happens. That no node can be reached is no reason to stop leading
 *   unless another process can: a total outage must not end the search.
 *
 * All times are monotonic milliseconds.
 */
export type Candidate = (Standby | Acquiring | Leading | Resting) & {
  /** The highest epoch that was ever held or heard of. */
  readonly floorEpoch: number;
  /** The number of the last question to the store: answers to earlier ones say nothing. */
  readonly question: number;
};

interface Standby {
  readonly state: "standby";
  readonly attemptAtMs: number;
  /** It has been said that somebody else leads. */
  readonly follows: boolean;
}

interface Acquiring {
  readonly state: "acquiring";
  readonly sentAtMs: number;
  readonly follows: boolean;
}

interface Leading {
  readonly state: "leading";
  readonly epoch: number;
  /** When the acquisition, or the last good renewal, was sent: not when it was answered. */
  readonly goodAtMs: number;
  readonly renewAtMs: number;
  /** When the renewal that is not answered yet was sent. */
  readonly renewingSinceMs: number | undefined;
  /** Since when no node of the cluster has been reached; undefined while one is. */
  readonly unreachedSinceMs: number | undefined;
}

/** Has left the lease to others. */
interface Resting {
  readonly state: "resting";
  readonly untilMs: number;
}

export type CandidateEvent =
  /** The answers to `acquire`. An epoch at or below the floor is no lease. */
  | { readonly type: "granted"; readonly question: number; readonly epoch: number }
  | { readonly type: "refused"; readonly question: number }
  /** The answers to `renew`. */
  | { readonly type: "renewed"; readonly question: number; readonly renewal: "kept" | "lost" | "incomplete" }
  /** The store did not answer an `acquire` or a `renew`. Nobody knows whether it did what it was asked. */
  | { readonly type: "failed"; readonly question: number }
  /** A publication was refused: the lease of this epoch is void. */
  | { readonly type: "fenced"; readonly epoch: number }
  /** A head, or another process's digest, names this epoch. To be asked first: {@link isCredibleEpoch}. */
  | { readonly type: "heard"; readonly epoch: number }
  /** Somebody has given the lease back. */
  | { readonly type: "released" }
  /** There is a new connection to the store. */
  | { readonly type: "connected" }
  /** Whether a node of the cluster has just been reached; false only where none is known to be well. */
  | { readonly type: "reached"; readonly reached: boolean }
  /** Another process that may lead has lately had an answer from a node. */
  | { readonly type: "otherReaches" }
  /** Due at {@link candidateDueMs}; at any other time it does nothing. */
  | { readonly type: "tick" };

export type CandidateEffect =
  /** Each is owed one answer with its number. One that has not come after 6 s is no longer waited for. */
  | { readonly type: "acquire"; readonly question: number; readonly floorEpoch: number }
  | { readonly type: "renew"; readonly question: number }
  /** Begin to watch and to publish, from what the last leader published. */
  | { readonly type: "lead"; readonly epoch: number }
  /** The store has lost a document: publish both again. */
  | { readonly type: "publishAll" }
  /** Stop publishing and watching at once. `giveBack`: the lease is still ours; others shall have it. */
  | { readonly type: "stepDown"; readonly reason: string; readonly giveBack: boolean }
  /** What was granted is of no use: others shall have it. */
  | { readonly type: "giveBack"; readonly epoch: number }
  /** Said once, until this process leads. */
  | { readonly type: "anotherLeads" };

/** One that tries at once; or, where the store is still being connected to, as soon as it is, or a little later. */
export function newCandidate(nowMs: number, isConnected = true): Candidate {
  const attemptAtMs = isConnected ? nowMs : nowMs + attemptMs;
  return { state: "standby", attemptAtMs, follows: false, floorEpoch: 0, question: 0 };
}

/** Takes one event into account. The effects come in the order in which they should be carried out. */
export function nextCandidate(
  candidate: Candidate,
  event: CandidateEvent,
  nowMs: number,
  random: Random,
): readonly [Candidate, readonly CandidateEffect[]] {
  const effects: CandidateEffect[] = [];
  // What time has ended is over before any news counts: an answer that comes too late finds nobody leading.
  const timely = endedByTime(candidate, nowMs, random, effects);
  const after = taken(timely, event, nowMs, random, effects);
  return [asking(after, nowMs, random, effects), effects];
}

/** The candidate for a {@link ReducerRunner}; `random` keeps candidates from trying all together. */
export function candidateReducer(random: Random): Reducer<Candidate, CandidateEvent, CandidateEffect> {
  return {
    next: (candidate, event, nowMs) => nextCandidate(candidate, event, nowMs, random),
    dueMs: candidateDueMs,
    tick: { type: "tick" },
  };
}

/** When the next `tick` is due. */
export function candidateDueMs(candidate: Candidate): number {
  switch (candidate.state) {
    case "standby":
      return candidate.attemptAtMs;
    case "acquiring":
      return candidate.sentAtMs + selfFenceMs;
    case "leading": {
      const fenceAtMs = candidate.goodAtMs + selfFenceMs;
      return candidate.renewingSinceMs === undefined ? Math.min(candidate.renewAtMs, fenceAtMs) : fenceAtMs;
    }
    case "resting":
      return candidate.untilMs;
  }
}

/** To be asked before every write: whoever was stopped for a while learns here that its time is over. */
export function mayPublish(candidate: Candidate, nowMs: number): boolean {
  return candidate.state === "leading" && nowMs < candidate.goodAtMs + selfFenceMs;
}

/**
 * Whether a store can have granted this epoch. Epochs follow the store's clock, a thousand a millisecond at most, so that
 * they grow even where a store has lost its count; what is a day ahead would lock every honest leader out.
 */
export function isCredibleEpoch(epoch: number, storeNowMs: number): boolean {
  return Number.isSafeInteger(epoch) && epoch >= 0 && epochBegunMs(epoch) <= storeNowMs + epochAheadMaxMs;
}

function endedByTime(candidate: Candidate, nowMs: number, random: Random, effects: CandidateEffect[]): Candidate {
  if (candidate.state === "acquiring" && nowMs >= candidate.sentAtMs + selfFenceMs) {
    return standby(candidate, nowMs + attemptAfterMs(random), candidate.follows);
  }
  if (candidate.state === "leading" && nowMs >= candidate.goodAtMs + selfFenceMs) {
    effects.push({ type: "stepDown", reason: "the lease could not be renewed in time", giveBack: false });
    return standby(candidate, nowMs + soonMs * random(), false);
  }
  return candidate;
}

function taken(
  candidate: Candidate,
  event: CandidateEvent,
  nowMs: number,
  random: Random,
  effects: CandidateEffect[],
): Candidate {
  switch (event.type) {
    case "granted":
      if (candidate.state !== "acquiring" || candidate.question !== event.question) return candidate;
      return granted(candidate, event.epoch, nowMs, random, effects);
    case "refused":
      if (candidate.state !== "acquiring" || candidate.question !== event.question) return candidate;
      if (!candidate.follows) effects.push({ type: "anotherLeads" });
      return standby(candidate, nowMs + attemptAfterMs(random), true);
    case "renewed":
      if (candidate.state !== "leading" || candidate.question !== event.question) return candidate;
      return renewed(candidate, event.renewal, nowMs, random, effects);
    case "failed":
      if (candidate.question !== event.question) return candidate;
      if (candidate.state === "acquiring") {
        return standby(candidate, nowMs + attemptAfterMs(random), candidate.follows);
      }
      return candidate.state === "leading" ? { ...candidate, renewingSinceMs: undefined } : candidate;
    case "fenced":
      if (candidate.state !== "leading" || candidate.epoch !== event.epoch) return candidate;
      return lost(candidate, nowMs, random, effects);
    case "heard": {
      if (event.epoch <= candidate.floorEpoch) return candidate;
      const warned = { ...candidate, floorEpoch: event.epoch };
      if (warned.state !== "leading") return warned;
      effects.push({ type: "stepDown", reason: "a higher epoch was heard of", giveBack: false });
      return standby(warned, nowMs, false);
    }
    case "released":
      return candidate.state === "standby" ? sooner(candidate, nowMs, random) : candidate;
    case "connected":
      return reconnected(candidate, nowMs, random, effects);
    case "reached":
      if (candidate.state !== "leading") return candidate;
      if (event.reached) return { ...candidate, unreachedSinceMs: undefined };
      return { ...candidate, unreachedSinceMs: candidate.unreachedSinceMs ?? nowMs };
    case "otherReaches": {
      if (candidate.state !== "leading" || candidate.unreachedSinceMs === undefined) return candidate;
      if (nowMs < candidate.unreachedSinceMs + unreachedMs) return candidate;
      effects.push({
        type: "stepDown",
        reason: "other processes reach the cluster, and this one does not",
        giveBack: true,
      });
      const { floorEpoch, question } = candidate;
      return { state: "resting", untilMs: nowMs + restMs, floorEpoch, question };
    }
    case "tick":
      return candidate;
  }
}

function granted(
  candidate: Candidate & Acquiring,
  epoch: number,
  nowMs: number,
  random: Random,
  effects: CandidateEffect[],
): Candidate {
  const { floorEpoch, question, sentAtMs, follows } = candidate;
  if (epoch <= floorEpoch) {
    effects.push({ type: "giveBack", epoch });
    return standby(candidate, nowMs + attemptAfterMs(random), follows);
  }
  effects.push({ type: "lead", epoch });
  return {
    state: "leading",
    epoch,
    goodAtMs: sentAtMs,
    renewAtMs: sentAtMs + renewAfterMs(random),
    renewingSinceMs: undefined,
    unreachedSinceMs: undefined,
    floorEpoch: epoch,
    question,
  };
}

function renewed(
  candidate: Candidate & Leading,
  renewal: "kept" | "lost" | "incomplete",
  nowMs: number,
  random: Random,
  effects: CandidateEffect[],
): Candidate {
  if (renewal === "lost") return lost(candidate, nowMs, random, effects);
  if (renewal === "incomplete") effects.push({ type: "publishAll" });
  return { ...candidate, goodAtMs: candidate.renewingSinceMs ?? candidate.goodAtMs, renewingSinceMs: undefined };
}

/** Somebody else has it, or a store that lost it has given it to nobody yet. */
function lost(candidate: Candidate, nowMs: number, random: Random, effects: CandidateEffect[]): Candidate {
  effects.push({ type: "stepDown", reason: "the lease is lost", giveBack: false });
  return standby(candidate, nowMs + soonMs * random(), false);
}

function reconnected(candidate: Candidate, nowMs: number, random: Random, effects: CandidateEffect[]): Candidate {
  switch (candidate.state) {
    case "standby":
      return sooner(candidate, nowMs, random);
    case "acquiring":
      // Whatever the old connection still says is about a store that may be gone.
      return standby(candidate, nowMs, candidate.follows);
    case "leading":
      effects.push({ type: "stepDown", reason: "there is a new connection to the store", giveBack: false });
      return standby(candidate, nowMs, false);
    case "resting":
      return candidate;
  }
}

/** Sends what is due now. */
function asking(candidate: Candidate, nowMs: number, random: Random, effects: CandidateEffect[]): Candidate {
  const { floorEpoch } = candidate;
  const question = candidate.question + 1;
  const rested = candidate.state === "resting" && nowMs >= candidate.untilMs;
  if (rested || (candidate.state === "standby" && nowMs >= candidate.attemptAtMs)) {
    effects.push({ type: "acquire", question, floorEpoch });
    const follows = candidate.state === "standby" && candidate.follows;
    return { state: "acquiring", sentAtMs: nowMs, follows, floorEpoch, question };
  }
  if (candidate.state === "leading" && candidate.renewingSinceMs === undefined && nowMs >= candidate.renewAtMs) {
    effects.push({ type: "renew", question });
    return { ...candidate, renewingSinceMs: nowMs, renewAtMs: nowMs + renewAfterMs(random), question };
  }
  return candidate;
}

function standby({ floorEpoch, question }: Candidate, attemptAtMs: number, follows: boolean): Candidate {
  return { state: "standby", attemptAtMs, follows, floorEpoch, question };
}

function sooner(candidate: Candidate & Standby, nowMs: number, random: Random): Candidate {
  return { ...candidate, attemptAtMs: Math.min(candidate.attemptAtMs, nowMs + soonMs * random()) };
}

function attemptAfterMs(random: Random): number {
  return attemptMs * (1 + attemptSpread * random());
}

function renewAfterMs(random: Random): number {
  return renewMs * (1 - renewJitter + 2 * renewJitter * random());
}
