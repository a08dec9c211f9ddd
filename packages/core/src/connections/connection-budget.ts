import { viewLimits } from "../view/limits.js";
import type { ConnectionShares } from "../view/view.js";
import { type ConnectionClaim, type Counted, countThreads } from "./connection-claim.js";
import { type FullShares, fullShares } from "./full-shares.js";

/**
 * A leader's account of the connections that a fleet may have to each node: who may hold how many, and what it has
 * published. Its promise: what all may hold together, by what was granted and not yet confirmed to be given back,
 * stays within the budget. One connection for each thread is always granted, whatever the budget.
 *
 *   unknown ──heartbeat──▶ starting ──admitted, once there is room──▶ admitted
 *   (counts in the reserve)    │                                         │
 *                              ├── it says that it ends ──▶ gone ◀───────┤
 *                              └── no heartbeat ──▶ silent ◀─────────────┘
 *                                                     │ 18 s ──▶ its share is granted to others that start
 *                                                     │ 5 min ─▶ all of it to all: see `heldBack`
 *
 * A share is lowered first, for all. It counts as before until each has confirmed the lower one by a heartbeat; only
 * then others are admitted, or all get more. What a crashed process held its kernel has closed at once. A frozen one
 * keeps its connections: the leader counts them for 12 s until its heartbeat is too old, and 18 s beyond.
 */
export interface ConnectionBudget {
  /** What is published; undefined while no replica has a budget, and until heartbeats had time to come. */
  readonly shares: ConnectionShares | undefined;
  /** By replica: those whose heartbeat is recent. */
  readonly holders: ReadonlyMap<string, Holder>;
  readonly silent: readonly Silent[];
  /** Not every heartbeat has come before: until then the leader lowers shares, and raises none. */
  readonly learnsUntilMs: number;
  /** What was published before is lost, though a replica obeys it. */
  readonly isAfterLoss: boolean;
  /** Until then: what the last leader had granted. */
  readonly inherited: ConnectionShares | undefined;
  /** The shares could be larger since then; undefined: they could not. */
  readonly largerSinceMs: number | undefined;
  /** The first round of a term is a number by chance: so what confirms another leader's shares confirms none of this. */
  readonly round: number;
}

interface Holder {
  readonly threads: number;
  /** Of each thread: the greatest share that it may obey as far as its heartbeats confirm. */
  readonly mayHold: number;
  /** What it had to one node when it sent its heartbeat, all threads together. */
  readonly most: number;
  readonly isAdmitted: boolean;
  /** Its heartbeat shows that it has read so. */
  readonly isConfirmed: boolean;
}

/** A replica whose heartbeats have stopped without a last one. */
interface Silent {
  /** "" for those of which no heartbeat has reached a new leader. */
  readonly replica: string;
  readonly mayHold: number;
  readonly sinceMs: number;
}

export type ConnectionBudgetEvent =
  /** A replica has sent its last heartbeat: its connections are closed. */
  | { readonly type: "ended"; readonly replica: string }
  /** To be sent every 2 s, with all replicas whose heartbeat is recent. */
  | { readonly type: "round"; readonly claims: readonly ConnectionClaim[] };

/** Every replica sends a heartbeat within 5 s. */
const learnsMs = 7_500;
/** After the 12 s in which a heartbeat is recent: 30 s in all. */
const silentMs = 18_000;
/** So long a new leader learns if the last shares are lost: a frozen replica that obeys them is counted for no longer. */
const learnsAfterLossMs = 30_000;
const forgottenMs = 300_000;
/** Shares grow once that has been possible for so long: in a rolling deploy they would change with each process. */
const growsAfterMs = 10_000;

export function newConnectionBudget(
  inherited: ConnectionShares | undefined,
  firstRound: number,
  nowMs: number,
): ConnectionBudget {
  return {
    shares: inherited && { ...inherited, round: firstRound, admitted: [] },
    ...{ holders: new Map(), silent: [], learnsUntilMs: nowMs + learnsMs, largerSinceMs: undefined },
    ...{ inherited, round: firstRound, isAfterLoss: false },
  };
}

/** The same `shares` in the result: nothing is to be published. */
export function nextConnectionBudget(
  before: ConnectionBudget,
  event: ConnectionBudgetEvent,
  nowMs: number,
): ConnectionBudget {
  if (event.type === "round") {
    const { claims } = event;
    return share(withClaims(afterLoss(before, claims), claims, nowMs), countThreads(claims), nowMs);
  }
  const holders = new Map(before.holders);
  holders.delete(event.replica);
  return { ...before, holders, silent: before.silent.filter(({ replica }) => replica !== event.replica) };
}

/** What all may hold together at one node, as far as the leader has had their heartbeats. */
export function mayHoldInAll(budget: ConnectionBudget, nowMs: number): number {
  return inAll(budget, nothing, nowMs);
}

const nothing: FullShares = { perThread: 0, starting: 0, reserve: 0 };

/** What a holder may have if its share becomes `perThread`, which it may obey before it confirms it. */
function heldBy({ threads, mayHold, most }: Holder, perThread: number): number {
  return Math.max(threads * Math.max(mayHold, perThread), most);
}

/** Learns for longer where replicas obey shares that the leader has not found: others may obey them unseen. */
function afterLoss(before: ConnectionBudget, claims: readonly ConnectionClaim[]): ConnectionBudget {
  const isFound = before.isAfterLoss || before.shares !== undefined;
  if (isFound || claims.every(({ round }) => round === undefined)) return before;
  return { ...before, isAfterLoss: true, learnsUntilMs: before.learnsUntilMs - learnsMs + learnsAfterLossMs };
}

/** Takes the heartbeats into account. */
function withClaims(before: ConnectionBudget, claims: readonly ConnectionClaim[], nowMs: number): ConnectionBudget {
  const holders = new Map(claims.map((claim) => [claim.replica, holderOf(claim, before)] as const));
  const gone = [...before.holders].filter(([replica]) => !holders.has(replica));
  const silent = [
    ...before.silent.filter(({ replica, sinceMs }) => !holders.has(replica) && nowMs - sinceMs < forgottenMs),
    ...gone.map(([replica, holder]) => ({ replica, mayHold: heldBy(holder, 0), sinceMs: nowMs })),
  ];
  return { ...before, holders, silent };
}

function holderOf(claim: ConnectionClaim, { shares, holders }: ConnectionBudget): Holder {
  const { replica, threads, most, round, perThread } = claim;
  const before = holders.get(replica);
  const isConfirmed = claim.isAdmitted === true;
  const isAdmitted = isConfirmed || before?.isAdmitted === true;
  const granted = shares === undefined ? 1 : isAdmitted ? shares.perThread : shares.starting;
  const obeysNewest = shares !== undefined && round === shares.round;
  const mayHold = obeysNewest ? granted : Math.max(granted, perThread, before?.mayHold ?? 1);
  return { threads, mayHold, most, isAdmitted, isConfirmed };
}

/** Decides what is granted, and to whom. */
function share(before: ConnectionBudget, counted: Counted | undefined, nowMs: number): ConnectionBudget {
  if (counted === undefined) return before.silent.length > 0 ? before : { ...before, shares: undefined };
  const learns = nowMs < before.learnsUntilMs;
  if (learns && before.shares === undefined) return before;
  const sized = resize(learns ? before : withInherited(before, nowMs), counted, nowMs, learns);
  return learns ? sized : admit(sized, counted, nowMs);
}

/** Once a new leader has listened: what the last one had granted to threads without a heartbeat since. */
function withInherited({ inherited, ...budget }: ConnectionBudget, nowMs: number): ConnectionBudget {
  const threads = (inherited?.threads ?? 0) - sum([...budget.holders.values()].map((holder) => holder.threads));
  const mayHold = threads * (inherited?.perThread ?? 0);
  const silent = mayHold > 0 ? [...budget.silent, { replica: "", mayHold, sinceMs: nowMs }] : budget.silent;
  return { ...budget, silent, inherited: undefined };
}

/** Lowers the share of all at once, and raises it as far as there is room. */
function resize(budget: ConnectionBudget, counted: Counted, nowMs: number, onlyLower: boolean): ConnectionBudget {
  const { shares: now } = budget;
  const full = fullShares(counted);
  if (now === undefined) {
    return withShares(budget, { ...full, ...counted, perThread: greatest(budget, full, counted, 1, nowMs) });
  }
  const lower = {
    perThread: Math.min(now.perThread, full.perThread),
    starting: Math.min(now.starting, full.starting),
  };
  const isLarger = full.perThread > lower.perThread || full.starting > lower.starting;
  const largerSinceMs = isLarger && !onlyLower ? (budget.largerSinceMs ?? nowMs) : undefined;
  const grows = largerSinceMs !== undefined && nowMs - largerSinceMs >= growsAfterMs;
  const kept = withShares({ ...budget, largerSinceMs }, { ...lower, ...counted });
  if (!grows) return kept;
  const perThread = greatest(kept, full, counted, lower.perThread, nowMs);
  const larger = { ...full, perThread, starting: Math.min(full.starting, perThread) };
  const fits = inAll(kept, larger, nowMs) + heldBack(kept, counted, nowMs) <= counted.fleetPerNode;
  return withShares(kept, { perThread, starting: fits ? larger.starting : lower.starting, ...counted });
}

/** The greatest share, from `least` to the full one, with which all together stay within the budget. */
function greatest(budget: ConnectionBudget, full: FullShares, counted: Counted, least: number, nowMs: number): number {
  const back = heldBack(budget, counted, nowMs);
  let [fits, tooMany] = [least, full.perThread + 1];
  while (tooMany - fits > 1) {
    const perThread = Math.floor((fits + tooMany) / 2);
    if (inAll(budget, { ...full, perThread, starting: 0 }, nowMs) + back <= counted.fleetPerNode) fits = perThread;
    else tooMany = perThread;
  }
  return fits;
}

/** What all may hold once these shares are granted, with the reserve for those that join and have not yet. */
function inAll(budget: ConnectionBudget, full: FullShares, nowMs: number): number {
  const [admitted, starting] = [heldByAll(budget, full.perThread, true), heldByAll(budget, full.starting, false)];
  const near = budget.silent.filter(({ sinceMs }) => nowMs - sinceMs < silentMs);
  return admitted + Math.max(starting, full.reserve) + sum(near.map(({ mayHold }) => mayHold));
}

function heldByAll({ holders }: ConnectionBudget, perThread: number, areAdmitted: boolean): number {
  const counted = [...holders.values()].filter(({ isAdmitted }) => isAdmitted === areAdmitted);
  return sum(counted.map((holder) => heldBy(holder, perThread)));
}

/**
 * Many that fall silent at once may have lost Redis alone, and serve on. Beyond a tenth of the budget, what they held
 * raises no share for five minutes; those that start may have it, or a process that crashes again and again would
 * use up the budget of its next lives.
 */
function heldBack({ silent }: ConnectionBudget, { fleetPerNode }: Counted, nowMs: number): number {
  const far = silent.filter(({ sinceMs }) => nowMs - sinceMs >= silentMs);
  return Math.max(0, sum(far.map(({ mayHold }) => mayHold)) - Math.floor(fleetPerNode / 10));
}

/** Admits those that start, as far as there is room beside the reserve. */
function admit(budget: ConnectionBudget, counted: Counted, nowMs: number): ConnectionBudget {
  const { shares } = budget;
  if (shares === undefined) return budget;
  const holders = new Map(budget.holders);
  const { reserve } = fullShares(counted);
  const near = mayHoldInAll(budget, nowMs) - heldByAll(budget, 0, true) - heldByAll(budget, 0, false);
  let granted = heldByAll(budget, 0, true) + near;
  let starting = heldByAll(budget, 0, false);
  let names = viewLimits.admittedMax - unconfirmedOf(holders).length;
  for (const [replica, holder] of holders) {
    if (holder.isAdmitted || names <= 0) continue;
    const admitted = { ...holder, isAdmitted: true, mayHold: Math.max(holder.mayHold, shares.perThread) };
    const [before, after] = [heldBy(holder, 0), heldBy(admitted, 0)];
    const inAll = granted + after + Math.max(starting - before, reserve);
    // What adds nothing always fits.
    if (after > before && inAll > counted.fleetPerNode) continue;
    holders.set(replica, admitted);
    granted += after;
    starting -= before;
    names--;
  }
  const admitted = unconfirmedOf(holders);
  const isSame = admitted.join() === shares.admitted.join();
  return { ...budget, holders, shares: isSame ? shares : { ...shares, admitted } };
}

function unconfirmedOf(holders: ReadonlyMap<string, Holder>): string[] {
  return [...holders].flatMap(([replica, { isAdmitted, isConfirmed }]) => (isAdmitted && !isConfirmed ? replica : []));
}

/** Publishes these shares, if they are other ones. Every holder may obey them from now on. */
function withShares(
  budget: ConnectionBudget,
  next: Pick<ConnectionShares, "perThread" | "starting" | "fleetPerNode" | "threads">,
): ConnectionBudget {
  const { shares: now, round: last } = budget;
  const isSame = now?.perThread === next.perThread && now.starting === next.starting;
  if (isSame && now.fleetPerNode === next.fleetPerNode) return budget;
  const round = isSame ? now.round : last + 1;
  const { perThread, starting, fleetPerNode, threads } = next;
  const shares = { perThread, starting, fleetPerNode, threads, round, admitted: now?.admitted ?? [] };
  const raised = ([replica, holder]: readonly [string, Holder]) => {
    const granted = holder.isAdmitted ? perThread : starting;
    return [replica, { ...holder, mayHold: Math.max(holder.mayHold, granted) }] as const;
  };
  return { ...budget, shares, round, holders: new Map([...budget.holders].map(raised)), largerSinceMs: undefined };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
