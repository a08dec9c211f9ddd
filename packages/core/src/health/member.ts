import type { Random } from "../random.js";
import type { DownEvidence, Mark } from "../view/view.js";
import { equalJitter } from "./backoff.js";
import { slowStartMs } from "./slow-start.js";

/** How often a node in use is probed, give or take a fifth. */
const periodMs = 10_000;
/** A node that is down, or was never verified, is probed ever less often. The cap bounds how late a return is seen. */
const retry = { baseMs: 1_000, capMs: 10_000 };
/** The second probe of a suspicion does not wait for the first: one after the other would cost two timeouts. */
const secondProbeMs = 250;
const probesOfSuspicion = 2;
/** No suspicion opens so soon after an answered probe, nor so soon after the last suspicion was closed. */
const calmAfterAnswerMs = 500;
const calmAfterSuspicionMs = 2_000;
/** How long a witness may take to answer. */
const witnessWithinMs = 1_500;
/** Whoever looks at the clock so much later than it should was not running, and may not have read what was answered. */
const lateMs = 50;
/** A reporter's own failed probe is evidence if it is no older than this when the suspicion opens. */
const backedMs = 2_000;
/** For so long after a process has had a byte from a node, no other evidence takes the node down. */
const contradictedMs = 2_000;
/** When a suspicion that was left open is looked into again, if the doubt persists: this, doubling each time. */
const recheck = { baseMs: 2_000, capMs: 30_000 };
/** How often a node that is down is probed once it answers, until it has shown that it stays. */
const returningMs = 1_000;
/** The answers in a row it needs for that, and how many more it may need for its flaps. */
const answersToReturn = 2;
const answersForFlapsMax = 3;
/** The shortest time a node stays down, for each of its flaps: 5 minutes at most. */
const holdPerFlapMs = 5_000;
const flapsMax = 60;
/** So long without going down makes one flap forgotten. */
const forgetMs = 30_000;
/** How long a node that left is still named, so that its readers can let it go. */
const drainMs = 30_000;
/** How long a node that left while it was down is still looked for. */
const departedMs = 600_000;
/** A probe that the prober has not answered by then is asked again. */
const answerWithinMs = 30_000;
/** For how long a report speaks for the process that sent it, and of how many processes one node's reports are kept. */
const reportMs = 15_000;
const reportersMax = 256;

/**
 * What a probe saw.
 *
 *   verified      an answer with the uuid of our cluster
 *   unverified    an answer of a node that has not joined a cluster yet
 *   denied        401 or 403
 *   overloaded    429 or 5xx
 *   foreign       an answer with the uuid of another cluster
 *   unreachable   no connection, or no answer in time
 *
 * Only the last two are evidence against a node, and only the first is evidence that it belongs to us.
 */
export type ProbeOutcome = "verified" | "unverified" | "denied" | "overloaded" | "foreign" | "unreachable";

/**
 * The coordinator's judgement of one node.
 *
 *          verified                 in doubt              2 fresh probes, and a witness, reach nobody
 *    new ────────────▶ up or ramp ───────────▶ suspect ──────────────────────────────────────────────▶ down
 *                      │  ▲  ▲ ▲  an answer      │                                                       │
 *                 left │  │  │ ├─────────────────┤                                                       │
 *                      │  │  │ └─────────────────┘ a witness reaches it, or none says anything           │
 *                      │  │  └────────────── as ramp: held, then 2 to 5 good answers in a row ───────────┘
 *                      ▼  │ as ramp: listed again
 *                     drain ──30 s──▶ gone
 *
 * `ramp` is `up` after 30 s. Nobody else knows of `suspect`: the node is published as what it was before. Where no other
 * process is alive, nobody can bear witness, and the two probes decide alone. A suspicion that others have not borne out
 * is opened again after 2, 4, 8 … 30 s, until a probe is answered or a witness fails too.
 *
 * An answer of another cluster makes a node in use `down` at once. A node that leaves while it is down stays `down` and is
 * probed for 10 minutes more: a cluster drops a killed node from its list at once, and most come back to the same address.
 */
export type NodeHealth = New | InUse | Suspect | Down | Drain | Gone;

/** Never verified, and not published. */
interface New {
  readonly state: "joining";
  /** Joined with the cluster's first list of members: there was nothing in use before, so it need not be eased in. */
  readonly firstView: boolean;
  readonly failures: number;
  readonly probeAtMs: number;
}

interface InUse {
  readonly state: "unverified" | "healthy" | "slow-start";
  readonly sinceMs: number;
  readonly reason: string;
  readonly probeAtMs: number;
  /** What asks for a suspicion. It is kept until `calmUntilMs`; before that, none opens. */
  readonly doubt: string | undefined;
  readonly calmUntilMs: number;
  /** Present while our last look reached nobody and others have not borne that out. */
  readonly unsettled: Dispute | undefined;
}

/** A doubt of our own, which others do not share. */
export interface Dispute {
  /** Suspicions in a row that ended so. */
  readonly times: number;
  /** The process that reaches the node; undefined where none said anything. */
  readonly reachedBy: string | undefined;
  /** When the next suspicion opens, unless others report the node: then it opens as soon as it may. */
  readonly recheckAtMs: number;
}

interface Suspect {
  readonly state: "suspect";
  readonly previous: InUse;
  readonly openedAtMs: number;
  /** Our own probes: how many were sent, and how many reached nobody, the last of them for this reason. */
  readonly asked: number;
  readonly failed: number;
  readonly reason: string;
  readonly witnesses: Witnesses;
}

/** What others say of a node under suspicion. */
interface Witnesses {
  /** Who there is to ask: "unknown" until that is told. */
  readonly company: "unknown" | "alone" | "others";
  readonly awaited: readonly string[];
  readonly failed: readonly string[];
  readonly reachedBy: string | undefined;
}

interface Down {
  readonly state: "down";
  readonly sinceMs: number;
  readonly reason: string;
  readonly holdUntilMs: number;
  /** What spoke against the node when it went down: fresh probes that failed, and other processes that had failed too. */
  readonly failedProbes: number;
  readonly reporters: number;
  readonly probeAtMs: number;
  /** Probes in a row that failed, or that succeeded: one of the two is 0. */
  readonly failures: number;
  readonly successes: number;
  /** Since when the node has not been listed. */
  readonly departedAtMs: number | undefined;
}

interface Drain {
  readonly state: "draining";
  readonly sinceMs: number;
  readonly reason: string;
}

/** No longer under judgement; the arbiter forgets it. */
interface Gone {
  readonly state: "gone";
  readonly reason: string;
}

/** One node under judgement. All times are monotonic milliseconds. */
export interface MonitoredNode {
  /** `host:port`. */
  readonly address: string;
  /** A configured seed. The configuration vouches for it, so it is used before it is verified. */
  readonly trusted: boolean;
  readonly health: NodeHealth;
  /** How often the node has gone down; one is forgotten for every 30 s since `wellSinceMs`. */
  readonly flaps: number;
  readonly wellSinceMs: number;
  /** Each process's last report of the node; the oldest first, and no more than 256 of them. */
  readonly reports: ReadonlyMap<string, Report>;
  /** The process that last had a byte from the node although the node was marked down. */
  readonly contradicted: { readonly replica: string; readonly atMs: number } | undefined;
  /** The number of the last suspicion: what witnesses say of an earlier one counts for nothing. */
  readonly suspicions: number;
  /** Probes not yet answered, and when the last of them was asked for. */
  readonly awaited: number;
  readonly askedAtMs: number;
  /** What the awaited probes were asked for is settled: their answers are awaited, but tell nothing. */
  readonly stale: boolean;
}

interface Report {
  readonly atMs: number;
  /** The reporter has probed the node on a new connection just before, and that has failed too. */
  readonly isBacked: boolean;
}

/** A node that is listed for the first time, or again after it was gone. */
export function newlyListed(address: string, trusted: boolean, firstView: boolean, nowMs: number): MonitoredNode {
  const health: NodeHealth = trusted
    ? inUse("unverified", "configured", nowMs, nowMs)
    : { state: "joining", firstView, failures: 0, probeAtMs: nowMs };
  return memberWith(address, trusted, health, nowMs);
}

/** A mark whose times are on the arbiter's own monotonic clock; what is published has the store's. */
export type LocalMark = Mark;

/**
 * A node that another leader has published, as it was published: its times stay, so that nobody is held longer, eased in
 * again or let go later because the leader has changed. One that is down is probed at once. How often a node that is
 * well has flapped was not published, and is forgotten.
 *
 * Marks come from the store, where anybody may have written: a time to come is now, and no hold is longer than the longest.
 */
export function inherited(
  address: string,
  trusted: boolean,
  mark: LocalMark | undefined,
  nowMs: number,
  random: Random,
): MonitoredNode {
  // Not all at once: these are well, as far as anybody knows.
  const probeAtMs = nowMs + periodMs * random();
  if (mark === undefined) return memberWith(address, trusted, inUse("healthy", "taken over", nowMs, probeAtMs), nowMs);
  const { kind, reason } = mark;
  const sinceMs = Math.min(mark.sinceMs, nowMs);
  switch (kind) {
    case "unverified":
      return memberWith(address, trusted, { ...inUse("unverified", reason, nowMs, nowMs), sinceMs }, sinceMs);
    case "slow-start":
      return memberWith(address, trusted, { ...inUse("slow-start", reason, nowMs, probeAtMs), sinceMs }, sinceMs);
    case "draining":
      return memberWith(address, trusted, { state: "draining", sinceMs, reason }, sinceMs);
    case "down": {
      const { flaps = 1, holdUntilMs = sinceMs + holdPerFlapMs, failedProbes = 0, reporters = 0 } = mark.down ?? {};
      const down: Down = {
        state: "down",
        sinceMs,
        reason,
        holdUntilMs: Math.min(holdUntilMs, nowMs + holdPerFlapMs * flapsMax),
        failedProbes,
        reporters,
        probeAtMs: nowMs,
        failures: 0,
        successes: 0,
        departedAtMs: undefined,
      };
      return { ...memberWith(address, trusted, down, sinceMs), flaps: Math.min(Math.max(flaps, 1), flapsMax) };
    }
  }
}

function memberWith(address: string, trusted: boolean, health: NodeHealth, wellSinceMs: number): MonitoredNode {
  const unasked = { awaited: 0, askedAtMs: wellSinceMs, stale: false };
  const unheard = { reports: new Map(), contradicted: undefined, suspicions: 0 };
  return { address, trusted, health, flaps: 0, wellSinceMs, ...unheard, ...unasked };
}

/** The node is on the list. */
export function relisted(member: MonitoredNode, trusted: boolean, nowMs: number): MonitoredNode {
  const { health } = member;
  if (health.state === "draining")
    return { ...member, trusted, health: inUse("slow-start", "listed again", nowMs, nowMs) };
  if (health.state === "down" && health.departedAtMs !== undefined) {
    return { ...member, trusted, health: { ...health, departedAtMs: undefined } };
  }
  return trusted === member.trusted ? member : { ...member, trusted };
}

/**
 * The node is not on the list. `mayReturn`: the cluster had named it, has given its address to nobody else and does not
 * name it at another, so it is worth being looked for.
 */
export function unlisted(member: MonitoredNode, mayReturn: boolean, nowMs: number): MonitoredNode {
  const { health, trusted } = member;
  switch (health.state) {
    case "draining":
    case "gone":
      return member;
    case "joining":
      return gone(member, "no longer listed");
    case "down":
      if (!mayReturn) return gone(member, "no longer listed");
      return health.departedAtMs === undefined ? { ...member, health: { ...health, departedAtMs: nowMs } } : member;
    case "unverified":
    case "healthy":
    case "slow-start":
    case "suspect":
      // Readers keep their seeds whatever is published, so a seed needs no time to be let go.
      return trusted
        ? gone(member, "no longer listed")
        : settled(member, { state: "draining", sinceMs: nowMs, reason: "no longer listed" });
  }
}

/** The node is listed under another key. Answers will come for the old one, so what was asked is asked again. */
export function withNewKey(member: MonitoredNode, nowMs: number): MonitoredNode {
  const { health } = member;
  const asking = { ...member, awaited: 0, stale: false };
  switch (health.state) {
    case "suspect":
      return opened(asking, health.previous, nowMs);
    case "joining":
    case "unverified":
    case "healthy":
    case "slow-start":
    case "down":
      return { ...asking, health: { ...health, probeAtMs: nowMs } };
    case "draining":
    case "gone":
      return asking;
  }
}

/** Somebody failed to connect to the node. It takes effect as soon as a suspicion may open. */
export function withDoubt(member: MonitoredNode, reason: string): MonitoredNode {
  const { health } = member;
  if (!isInUse(health) || health.doubt !== undefined) return member;
  return { ...member, health: { ...health, doubt: reason } };
}

/**
 * A process has reported the node. Its word counts as evidence for 15 s; `isBacked`, as that of a failed witness for 2 s.
 */
export function withReport(
  member: MonitoredNode,
  replica: string,
  isBacked: boolean,
  nowMs: number,
  random: Random,
): MonitoredNode {
  const others = [...member.reports].filter(([other, { atMs }]) => other !== replica && nowMs - atMs < reportMs);
  const reports = new Map([...others, [replica, { atMs: nowMs, isBacked }] as const].slice(-reportersMax));
  const { health } = member;
  const heard = { ...member, reports };
  if (!isBacked) return heard;
  if (health.state === "suspect") {
    const awaited = health.witnesses.awaited.filter((other) => other !== replica);
    return judged({ ...heard, health: { ...health, witnesses: { ...health.witnesses, awaited } } }, nowMs, random);
  }
  if (isInUse(health) && health.unsettled !== undefined) {
    return { ...heard, health: { ...health, unsettled: { ...health.unsettled, recheckAtMs: nowMs } } };
  }
  return heard;
}

/** Who was asked about the suspicion of this number. */
export function withPeersAsked(
  member: MonitoredNode,
  suspicion: number,
  company: "alone" | "others",
  awaited: readonly string[],
  nowMs: number,
  random: Random,
): MonitoredNode {
  const { health } = member;
  if (health.state !== "suspect" || member.suspicions !== suspicion) return member;
  return judged(
    { ...member, health: { ...health, witnesses: { ...health.witnesses, company, awaited } } },
    nowMs,
    random,
  );
}

/**
 * A witness has probed the node. While the suspicion is open no answer is too late, for our own probes may take longer than
 * we would wait; and who reaches the node counts, though it has just reported the opposite, or was not even asked. That it
 * is not reached counts only from one whose answer is awaited.
 */
export function withPeerResult(
  member: MonitoredNode,
  suspicion: number,
  replica: string,
  ok: boolean,
  nowMs: number,
  random: Random,
): MonitoredNode {
  const { health } = member;
  if (health.state !== "suspect" || member.suspicions !== suspicion) return member;
  const { witnesses } = health;
  if (!ok && !witnesses.awaited.includes(replica)) return member;
  const awaited = witnesses.awaited.filter((other) => other !== replica);
  const said = ok ? { reachedBy: replica } : { failed: [...witnesses.failed, replica] };
  return judged({ ...member, health: { ...health, witnesses: { ...witnesses, awaited, ...said } } }, nowMs, random);
}

/** A process has just had a byte from the node, which is marked down. It is looked at again at once. */
export function withRefutation(member: MonitoredNode, replica: string, nowMs: number, random: Random): MonitoredNode {
  const { health, askedAtMs } = member;
  const heard = { ...member, contradicted: { replica, atMs: nowMs } };
  if (health.state !== "down") return judged(heard, nowMs, random);
  // Any number of processes may say so, and go on saying so.
  const probeAtMs = Math.min(health.probeAtMs, Math.max(nowMs, askedAtMs + returningMs));
  return { ...heard, health: { ...health, probeAtMs } };
}

/** A probe of the node was answered. */
export function withProbe(
  member: MonitoredNode,
  outcome: ProbeOutcome,
  reason: string,
  nowMs: number,
  random: Random,
): MonitoredNode {
  if (member.awaited === 0) return member;
  const awaited = member.awaited - 1;
  const rest = { ...member, awaited, stale: member.stale && awaited > 0 };
  if (member.stale) return rest;

  const { health } = member;
  switch (health.state) {
    case "joining": {
      if (outcome !== "verified") {
        const failures = health.failures + 1;
        return {
          ...rest,
          health: { ...health, failures, probeAtMs: nowMs + equalJitter(retry, health.failures, random) },
        };
      }
      const state = health.firstView ? "healthy" : "slow-start";
      return { ...rest, health: inUse(state, "verified", nowMs, nextPeriodMs(nowMs, random)) };
    }
    case "unverified":
    case "healthy":
    case "slow-start":
      if (outcome === "foreign") return downed(rest, reason, 0, nowMs, random);
      if (outcome === "unreachable") return withDoubt(rest, reason);
      return { ...rest, health: reached(health, nowMs) };
    case "suspect": {
      if (outcome === "foreign") return downed(rest, reason, 0, nowMs, random);
      if (outcome !== "unreachable") {
        const probeAtMs = nextPeriodMs(nowMs, random);
        const calmUntilMs = nowMs + calmAfterSuspicionMs;
        const calm = { doubt: undefined, probeAtMs, calmUntilMs, unsettled: undefined };
        return settled(rest, { ...verified(health.previous, nowMs), ...calm });
      }
      return judged({ ...rest, health: { ...health, failed: health.failed + 1, reason } }, nowMs, random);
    }
    case "down":
      return probedWhileDown(rest, health, outcome, nowMs, random);
    case "draining":
    case "gone":
      return rest;
  }
}

/** What is due for a member now. */
export interface Due {
  readonly member: MonitoredNode;
  readonly probe?: { readonly fresh: boolean };
  /** The suspicion about which others are to be asked, and who need not be, having reported the node just now. */
  readonly inquiry?: { readonly suspicion: number; readonly except: readonly string[] };
}

/**
 * The member as the time has made it, and what is to be asked now. Every change is followed by this, so that what is due
 * at once is asked for at once.
 */
export function inTime(member: MonitoredNode, nowMs: number, random: Random): Due {
  const asking = member.awaited > 0 && nowMs >= member.askedAtMs + answerWithinMs ? unanswered(member, nowMs) : member;
  const idle = asking.awaited === 0;
  const { health } = asking;
  switch (health.state) {
    case "joining":
    case "down":
      if (health.state === "down" && nowMs >= departureEndsMs(health)) {
        return { member: gone(asking, "did not come back") };
      }
      return idle && nowMs >= health.probeAtMs ? asked(asking, health, true, nowMs) : { member: asking };
    case "unverified":
    case "healthy":
    case "slow-start": {
      const eased = health.state === "slow-start" && nowMs >= health.sinceMs + slowStartMs;
      const now: InUse = eased ? { ...health, state: "healthy", sinceMs: nowMs, reason: "eased in" } : health;
      if (idle && nowMs >= suspectedAtMs(now)) return inTime(opened(asking, now, nowMs), nowMs, random);
      if (idle && nowMs >= now.probeAtMs) {
        return asked(asking, { ...now, probeAtMs: nextPeriodMs(nowMs, random) }, false, nowMs);
      }
      return { member: eased ? { ...asking, health: now } : asking };
    }
    case "suspect": {
      if (health.asked < probesOfSuspicion && nowMs >= nextSuspicionProbeMs(health)) {
        const due = asked(asking, { ...health, asked: health.asked + 1 }, true, nowMs);
        if (health.asked > 0) return due;
        return { ...due, inquiry: { suspicion: asking.suspicions, except: backersOf(asking, health) } };
      }
      if (health.failed < probesOfSuspicion || nowMs < witnessesDueMs(health)) return { member: asking };
      // What was answered in time may not have been read yet: ask again, rather than judge by what was not heard.
      return nowMs > witnessesDueMs(health) + lateMs
        ? inTime(opened(asking, health.previous, nowMs), nowMs, random)
        : { member: judged(asking, nowMs, random) };
    }
    case "draining":
      return { member: nowMs >= health.sinceMs + drainMs ? gone(asking, "drained") : asking };
    case "gone":
      return { member: asking };
  }
}

/** When {@link inTime} next has something to do, if nothing else happens. */
export function memberDueMs({ health, awaited, askedAtMs }: MonitoredNode): number {
  const answerDueMs = awaited > 0 ? askedAtMs + answerWithinMs : Number.POSITIVE_INFINITY;
  const ifIdle = (probeAtMs: number) => (awaited > 0 ? answerDueMs : probeAtMs);
  switch (health.state) {
    case "joining":
      return ifIdle(health.probeAtMs);
    case "unverified":
    case "healthy":
    case "slow-start": {
      const probeMs = Math.min(health.probeAtMs, suspectedAtMs(health));
      const easedMs = health.state === "slow-start" ? health.sinceMs + slowStartMs : Number.POSITIVE_INFINITY;
      return Math.min(ifIdle(probeMs), easedMs);
    }
    case "suspect": {
      const probeMs = health.asked < probesOfSuspicion ? nextSuspicionProbeMs(health) : Number.POSITIVE_INFINITY;
      const judgedMs = health.failed < probesOfSuspicion ? Number.POSITIVE_INFINITY : witnessesDueMs(health);
      return Math.min(probeMs, judgedMs, answerDueMs);
    }
    case "down":
      return Math.min(ifIdle(health.probeAtMs), departureEndsMs(health));
    case "draining":
      return Math.min(health.sinceMs + drainMs, answerDueMs);
    case "gone":
      return Number.POSITIVE_INFINITY;
  }
}

/** What a next leader must know of a node that is down, and what people want to know; its time is monotonic. */
export function evidenceOf({ flaps, health }: MonitoredNode): DownEvidence | undefined {
  if (health.state !== "down") return undefined;
  const { holdUntilMs, failedProbes, reporters } = health;
  return { flaps, holdUntilMs, failedProbes, reporters };
}

/** Our own doubt of the node, where others have not borne it out. */
export function disputeOf(member: MonitoredNode): Dispute | undefined {
  const health = publicHealth(member);
  return isInUse(health) ? health.unsettled : undefined;
}

/** The node's health as others see it. */
export type PublishedState = Exclude<NodeHealth["state"], "suspect">;

/** What others see of the node, with since when and why. */
export function publicHealth({ health }: MonitoredNode): Exclude<NodeHealth, Suspect> {
  return health.state === "suspect" ? health.previous : health;
}

function inUse(state: InUse["state"], reason: string, nowMs: number, probeAtMs: number): InUse {
  return { state, sinceMs: nowMs, reason, probeAtMs, doubt: undefined, calmUntilMs: nowMs, unsettled: undefined };
}

/** Whether requests go to the node, as far as the leader's own judgement decides it; a suspected node is in use too. */
export function isInUse(health: NodeHealth): health is InUse {
  return health.state === "unverified" || health.state === "healthy" || health.state === "slow-start";
}

function nextPeriodMs(nowMs: number, random: Random): number {
  return nowMs + periodMs * (0.8 + 0.4 * random());
}

function gone(member: MonitoredNode, reason: string): MonitoredNode {
  return { ...member, health: { state: "gone", reason } };
}

/** Into a health that has no use for the answers still awaited. */
function settled(member: MonitoredNode, health: NodeHealth): MonitoredNode {
  return { ...member, health, stale: member.awaited > 0 };
}

function asked(member: MonitoredNode, health: NodeHealth, fresh: boolean, nowMs: number): Due {
  return { member: { ...member, health, awaited: member.awaited + 1, askedAtMs: nowMs }, probe: { fresh } };
}

/** The prober owes an answer for too long: as if it had not been asked. */
function unanswered(member: MonitoredNode, nowMs: number): MonitoredNode {
  const { health } = member;
  const idle = { ...member, awaited: 0, stale: false };
  return health.state === "suspect" ? opened(idle, health.previous, nowMs) : idle;
}

// Suspicions.

/** When a suspicion opens, if nothing else happens. */
function suspectedAtMs({ doubt, calmUntilMs, unsettled }: InUse): number {
  if (doubt === undefined) return Number.POSITIVE_INFINITY;
  return unsettled === undefined ? calmUntilMs : Math.max(calmUntilMs, unsettled.recheckAtMs);
}

/** Under suspicion from now on; nobody is asked yet. */
function opened(member: MonitoredNode, previous: InUse, nowMs: number): MonitoredNode {
  const witnesses: Witnesses = { company: "unknown", awaited: [], failed: [], reachedBy: undefined };
  const suspect: Suspect = {
    state: "suspect",
    previous,
    openedAtMs: nowMs,
    asked: 0,
    failed: 0,
    reason: "",
    witnesses,
  };
  return { ...member, health: suspect, suspicions: member.suspicions + 1 };
}

/** In use, and just now it has answered. */
function reached(health: InUse, nowMs: number): InUse {
  const { unsettled, doubt } = health;
  const calmUntilMs = Math.max(health.calmUntilMs, nowMs + calmAfterAnswerMs);
  // A doubt that was only our own is over; one that was reported is still to be looked into.
  const calm = { calmUntilMs, unsettled: undefined, doubt: unsettled === undefined ? doubt : undefined };
  return { ...verified(health, nowMs), ...calm };
}

/** A node in use after an answer: its first one verifies it. */
function verified(health: InUse, nowMs: number): InUse {
  return health.state === "unverified"
    ? { ...health, state: "healthy", sinceMs: nowMs, reason: "first answer" }
    : health;
}

/** Down, still in use, or still under suspicion, as the evidence is by now. */
function judged(member: MonitoredNode, nowMs: number, random: Random): MonitoredNode {
  const { health, contradicted } = member;
  if (health.state !== "suspect" || health.failed < probesOfSuspicion) return member;
  const { witnesses, failed, reason } = health;
  const contradictor =
    contradicted !== undefined && nowMs - contradicted.atMs < contradictedMs ? contradicted : undefined;
  const reachedBy = witnesses.reachedBy ?? contradictor?.replica;
  if (reachedBy !== undefined) return leftOpen(member, health, reachedBy, nowMs, random);
  // Nobody is there whom a wrong judgement could harm but ourselves, who do not reach the node.
  if (witnesses.company === "alone") return downed(member, reason, failed, nowMs, random);
  const isComplete = witnesses.company === "others" && witnesses.awaited.length === 0;
  if (!isComplete && nowMs < witnessesDueMs(health)) return member;
  return witnesses.failed.length > 0 || backersOf(member, health).length > 0
    ? downed(member, reason, failed, nowMs, random)
    : leftOpen(member, health, undefined, nowMs, random);
}

/** In use as before: only we cannot reach it, as far as anybody knows. */
function leftOpen(
  member: MonitoredNode,
  { previous, reason }: Suspect,
  reachedBy: string | undefined,
  nowMs: number,
  random: Random,
): MonitoredNode {
  const times = (previous.unsettled?.times ?? 0) + 1;
  const recheckAtMs = nowMs + Math.min(recheck.baseMs * 2 ** (times - 1), recheck.capMs);
  const calmUntilMs = nowMs + calmAfterSuspicionMs;
  const unsettled = { times, reachedBy, recheckAtMs };
  const probeAtMs = nextPeriodMs(nowMs, random);
  return settled(member, { ...previous, probeAtMs, doubt: reason, calmUntilMs, unsettled });
}

/** The processes whose own failed probe was fresh when the suspicion opened, or has come since. */
function backersOf({ reports }: MonitoredNode, { openedAtMs }: Suspect): string[] {
  return [...reports].filter(([, { atMs, isBacked }]) => isBacked && atMs >= openedAtMs - backedMs).map(([key]) => key);
}

function witnessesDueMs({ openedAtMs }: Suspect): number {
  return openedAtMs + witnessWithinMs;
}

function nextSuspicionProbeMs({ openedAtMs, asked }: Suspect): number {
  return openedAtMs + asked * secondProbeMs;
}

function downed(
  member: MonitoredNode,
  reason: string,
  failedProbes: number,
  nowMs: number,
  random: Random,
): MonitoredNode {
  const reporters = [...member.reports].filter(([, { atMs }]) => nowMs - atMs < reportMs).map(([replica]) => replica);
  const witnesses = member.health.state === "suspect" ? member.health.witnesses.failed : [];
  const forgotten = Math.floor((nowMs - member.wellSinceMs) / forgetMs);
  const flaps = Math.min(flapsMax, Math.max(0, member.flaps - forgotten) + 1);
  const down: Down = {
    state: "down",
    sinceMs: nowMs,
    reason,
    holdUntilMs: nowMs + holdPerFlapMs * flaps,
    failedProbes,
    reporters: new Set([...reporters, ...witnesses]).size,
    probeAtMs: nowMs + equalJitter(retry, 0, random),
    failures: 0,
    successes: 0,
    departedAtMs: undefined,
  };
  return { ...settled(member, down), flaps };
}

function probedWhileDown(
  member: MonitoredNode,
  health: Down,
  outcome: ProbeOutcome,
  nowMs: number,
  random: Random,
): MonitoredNode {
  // The configuration vouches for a seed, so it need not be able to say which cluster it belongs to.
  const vouchedFor = member.trusted && outcome !== "foreign" && outcome !== "unreachable";
  if (outcome !== "verified" && !vouchedFor) {
    const failures = health.failures + 1;
    const probeAtMs = nowMs + equalJitter(retry, failures, random);
    return { ...member, health: { ...health, failures, successes: 0, probeAtMs } };
  }
  const successes = health.successes + 1;
  const needed = answersToReturn + Math.min(answersForFlapsMax, member.flaps - 1);
  if (successes >= needed && nowMs >= health.holdUntilMs && health.departedAtMs === undefined) {
    const probeAtMs = nextPeriodMs(nowMs, random);
    return { ...member, wellSinceMs: nowMs, health: inUse("slow-start", "answers again", nowMs, probeAtMs) };
  }
  return { ...member, health: { ...health, failures: 0, successes, probeAtMs: nowMs + returningMs } };
}

function departureEndsMs({ departedAtMs }: Down): number {
  return departedAtMs === undefined ? Number.POSITIVE_INFINITY : departedAtMs + departedMs;
}
