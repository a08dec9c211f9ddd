import { type Deadline, firstDueMs, runDue } from "../deadlines.js";
import type { Random } from "../random.js";
import type { Reducer } from "../reducer-runner.js";
import type { CandidateEffect, CandidateEvent } from "./candidate-events.js";
import type { Acquiring, Candidate, Leading, Standby } from "./candidate-state.js";

/** How long a store keeps a lease that is not renewed. A leader that dies is replaced after this and one attempt. */
export const leaseMs = 10_000;
/** How often a leader renews, give or take a tenth. Each renewal is also the beat that readers see. */
const renewMs = 2_000;
const renewJitter = 0.1;
/**
 * A leader stops by itself so long after it sent its last good renewal. The lease then still holds for `leaseMs` less
 * this, so this process's clock may run slower than the store's by 10 to 6 before two lead at once.
 */
const selfFenceMs = 6_000;
/** How often a process that does not lead tries: after this, and up to a fifth more. */
const attemptMs = 2_000;
const attemptSpread = 0.2;
/** When the lease may be free, candidates try within this time, spread over it. */
const soonMs = 250;
/** A leader that is overtaken takes a new epoch at once, but no more often than this, however much is forged. */
const overtakenAgainMs = 2_000;
/** A leader that has reached no node for so long leaves the lease to a process that does … */
const unreachedMs = 15_000;
/** … and does not try again for so long. */
const restMs = 30_000;

type Step = readonly [Candidate, readonly CandidateEffect[]];
type CandidateDeadline = Deadline<Candidate, CandidateEffect>;

/** A candidate that tries at once; before the store is connected, as soon as it is, or a little later. */
export function newCandidate(nowMs: number, isConnected = true): Candidate {
  const attemptAtMs = isConnected ? nowMs : nowMs + attemptMs;
  return { state: "standby", attemptAtMs, follows: false, continues: false, floorEpoch: 0, request: 0 };
}

/** Takes one event into account. The effects come in the order in which they should be carried out. */
export function nextCandidate(candidate: Candidate, event: CandidateEvent, nowMs: number, random: Random): Step {
  // What time has ended is over before an event counts: an answer that comes too late finds no leader.
  const [timely, ended] = runDue(candidate, expiries, nowMs, random);
  const [after, caused] = afterEvent(timely, event, nowMs, random);
  const [next, due] = runDue(after, candidateDeadlines, nowMs, random);
  return [next, [...ended, ...caused, ...due]];
}

/** The candidate for a `ReducerRunner`; `random` keeps candidates from trying all together. */
export function candidateReducer(random: Random): Reducer<Candidate, CandidateEvent, CandidateEffect> {
  return {
    next: (candidate, event, nowMs) => nextCandidate(candidate, event, nowMs, random),
    dueMs: candidateDueMs,
    tick: { type: "tick" },
  };
}

/** When the next `tick` is due. */
export function candidateDueMs(candidate: Candidate): number {
  return firstDueMs(candidateDeadlines(candidate));
}

/** Whether the lease still holds by this process's own clock. To be asked before every write. */
export function mayPublish(candidate: Candidate, nowMs: number): boolean {
  return candidate.state === "leading" && nowMs < candidate.goodAtMs + selfFenceMs;
}

// What time does.

function candidateDeadlines(candidate: Candidate): readonly CandidateDeadline[] {
  return [...expiries(candidate), ...requests(candidate)];
}

/** What time ends. */
function expiries(candidate: Candidate): readonly CandidateDeadline[] {
  if (candidate.state === "acquiring") {
    const { sentAtMs } = candidate;
    return [{ atMs: sentAtMs + selfFenceMs, run: (nowMs, random) => [retryLater(candidate, nowMs, random), []] }];
  }
  if (candidate.state === "leading") {
    const reason = "the lease could not be renewed in time";
    const run: CandidateDeadline["run"] = (nowMs, random) => stepDown(candidate, reason, nowMs + soonMs * random());
    return [{ atMs: candidate.goodAtMs + selfFenceMs, run }];
  }
  return [];
}

/** What the store is asked for when its time has come. */
function requests(candidate: Candidate): readonly CandidateDeadline[] {
  switch (candidate.state) {
    case "standby":
      return [{ atMs: candidate.attemptAtMs, run: (nowMs) => acquire(candidate, candidate, nowMs) }];
    case "resting":
      return [{ atMs: candidate.untilMs, run: (nowMs) => acquire(candidate, unfollowing, nowMs) }];
    case "leading":
      if (candidate.renewingSinceMs !== undefined) return [];
      return [{ atMs: candidate.renewAtMs, run: (nowMs, random) => renew(candidate, nowMs, random) }];
    case "acquiring":
      return [];
  }
}

const unfollowing = { follows: false, continues: false };

function acquire(candidate: Candidate, { follows, continues }: typeof unfollowing, nowMs: number): Step {
  const { floorEpoch } = candidate;
  const request = candidate.request + 1;
  return [
    { state: "acquiring", sentAtMs: nowMs, follows, continues, floorEpoch, request },
    [{ type: "acquire", request, floorEpoch }],
  ];
}

function renew(candidate: Candidate & Leading, nowMs: number, random: Random): Step {
  const request = candidate.request + 1;
  const renewing = { ...candidate, renewingSinceMs: nowMs, renewAtMs: nextRenewalMs(nowMs, random), request };
  return [renewing, [{ type: "renew", request }]];
}

// What events do.

function afterEvent(candidate: Candidate, event: CandidateEvent, nowMs: number, random: Random): Step {
  switch (event.type) {
    case "granted":
    case "refused":
    case "failed":
      if (candidate.request !== event.request) return [candidate, []];
      return candidate.state === "acquiring"
        ? acquired(candidate, event, nowMs, random)
        : [event.type === "failed" && candidate.state === "leading" ? withoutRenewal(candidate) : candidate, []];
    case "connected":
      return reconnect(candidate, event.leaseStands, nowMs, random);
    case "released":
      return [candidate.state === "standby" ? tryWithin(candidate, soonMs * random(), nowMs) : candidate, []];
    case "epochSeen": {
      if (event.epoch <= candidate.floorEpoch) return [candidate, []];
      const above = { ...candidate, floorEpoch: event.epoch };
      if (above.state !== "leading") return [above, []];
      return overtaken(above, `epoch ${event.epoch} was seen, above its own`, nowMs);
    }
    case "overtaken":
      if (candidate.state !== "leading" || candidate.epoch !== event.epoch) return [candidate, []];
      return overtaken(candidate, event.found, nowMs);
    case "epochDisproved": {
      if (candidate.floorEpoch !== event.epoch) return [candidate, []];
      const forgetful = { ...candidate, floorEpoch: 0 };
      if (forgetful.state !== "leading") return [forgetful, []];
      return overtaken(forgetful, "the store's clock was set back, and its epoch lies in the future", nowMs);
    }
    case "renewed":
    case "fenced":
    case "reached":
    case "otherReaches":
      return candidate.state === "leading" ? whileLeading(candidate, event, nowMs, random) : [candidate, []];
    case "tick":
      return [candidate, []];
  }
}

/** The store has answered an acquisition. */
function acquired(
  candidate: Candidate & Acquiring,
  event: Extract<CandidateEvent, { type: "granted" | "refused" | "failed" }>,
  nowMs: number,
  random: Random,
): Step {
  if (event.type === "failed") return [retryLater(candidate, nowMs, random), []];
  if (event.type === "refused") {
    const follower = { ...retryLater(candidate, nowMs, random), follows: true, continues: false };
    return [follower, candidate.follows ? [] : [{ type: "anotherLeads" }]];
  }
  const { epoch } = event;
  if (epoch <= candidate.floorEpoch) return [retryLater(candidate, nowMs, random), [{ type: "giveBack", epoch }]];
  const { sentAtMs, request, continues } = candidate;
  const lease = { epoch, floorEpoch: epoch, goodAtMs: sentAtMs, renewAtMs: nextRenewalMs(sentAtMs, random) };
  const retakenAtMs = continues ? nowMs : Number.NEGATIVE_INFINITY;
  const leading = { ...lease, retakenAtMs, renewingSinceMs: undefined, unreachedSinceMs: undefined, request };
  return [{ state: "leading", ...leading }, [{ type: "lead", epoch, continues }]];
}

function whileLeading(
  candidate: Candidate & Leading,
  event: Extract<CandidateEvent, { type: "renewed" | "fenced" | "reached" | "otherReaches" }>,
  nowMs: number,
  random: Random,
): Step {
  switch (event.type) {
    case "renewed": {
      if (candidate.request !== event.request) return [candidate, []];
      if (event.renewal === "lost") return loseLease(candidate, nowMs, random);
      const goodAtMs = candidate.renewingSinceMs ?? candidate.goodAtMs;
      return [
        { ...withoutRenewal(candidate), goodAtMs },
        event.renewal === "incomplete" ? [{ type: "publishAll" }] : [],
      ];
    }
    case "fenced":
      return candidate.epoch === event.epoch ? loseLease(candidate, nowMs, random) : [candidate, []];
    case "reached":
      return [
        { ...candidate, unreachedSinceMs: event.reached ? undefined : (candidate.unreachedSinceMs ?? nowMs) },
        [],
      ];
    case "otherReaches": {
      const { unreachedSinceMs, floorEpoch, request } = candidate;
      if (unreachedSinceMs === undefined || nowMs < unreachedSinceMs + unreachedMs) return [candidate, []];
      const reason = "other processes reach the cluster, and this one does not";
      const resting = { state: "resting", untilMs: nowMs + restMs, floorEpoch, request } as const;
      return [resting, [{ type: "stepDown", reason, giveBack: true }]];
    }
  }
}

function reconnect(candidate: Candidate, leaseStands: boolean, nowMs: number, random: Random): Step {
  switch (candidate.state) {
    case "standby":
      return [{ ...tryWithin(candidate, soonMs * random(), nowMs), continues: false }, []];
    case "acquiring":
      // An answer from the old connection would be about a store that may be gone.
      return [standby(candidate, nowMs, { ...candidate, continues: false }), []];
    case "leading":
      // The reply to a renewal that is pending would have come over the old connection.
      if (leaseStands) return renew(candidate, nowMs, random);
      return stepDown(candidate, "there is a new connection to the store, which may be another", nowMs);
    case "resting":
      return [candidate, []];
  }
}

/** Another process has the lease, or the store has lost it. */
function loseLease(candidate: Candidate, nowMs: number, random: Random): Step {
  return stepDown(candidate, "the lease is lost", nowMs + soonMs * random());
}

function stepDown(candidate: Candidate, reason: string, attemptAtMs: number): Step {
  return [standby(candidate, attemptAtMs, unfollowing), [{ type: "stepDown", reason, giveBack: false }]];
}

/** Readers follow something else than this leader, under its epoch or a higher one: it needs one above. */
function overtaken(candidate: Candidate & Leading, reason: string, nowMs: number): Step {
  const attemptAtMs = Math.max(nowMs, candidate.retakenAtMs + overtakenAgainMs);
  const next = standby(candidate, attemptAtMs, { follows: false, continues: true });
  return [next, [{ type: "stepDown", reason, giveBack: false }]];
}

function retryLater(candidate: Candidate & Acquiring, nowMs: number, random: Random): Candidate & Standby {
  return standby(candidate, nowMs + attemptMs * (1 + attemptSpread * random()), candidate);
}

function standby(
  { floorEpoch, request }: Candidate,
  attemptAtMs: number,
  { follows, continues }: typeof unfollowing,
): Candidate & Standby {
  return { state: "standby", attemptAtMs, follows, continues, floorEpoch, request };
}

function tryWithin(candidate: Candidate & Standby, waitMs: number, nowMs: number): Candidate & Standby {
  return { ...candidate, attemptAtMs: Math.min(candidate.attemptAtMs, nowMs + waitMs) };
}

function withoutRenewal(candidate: Candidate & Leading): Candidate & Leading {
  return { ...candidate, renewingSinceMs: undefined };
}

function nextRenewalMs(nowMs: number, random: Random): number {
  return nowMs + renewMs * (1 - renewJitter + 2 * renewJitter * random());
}
