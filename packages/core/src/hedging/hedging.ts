import type { Random } from "../random.js";
import { penalizedAbove } from "../selection/penalties.js";
import { pickAmong } from "../selection/pick-two.js";
import { DueList } from "./due-list.js";
import type { HedgeBudget } from "./hedge-budget.js";
import type { HedgeReader } from "./hedge-reader.js";
import { HedgedRead, type HedgeRefusal, type RacingAttempt } from "./hedged-read.js";
import { nextRace, type RaceEffect, type RaceEvent } from "./race.js";
import { SilentNodes } from "./silent-nodes.js";
import { type HedgeTemplate, TemplateTimes } from "./template-times.js";

/** How often it is checked what is due. */
export const hedgeTickMs = 10;
/** A check that comes later than this proves nothing: answers may have come meanwhile. */
const lateMs = 50;
/** Of the Reads that are due, so many are looked at in one check. */
const lookedAtMax = 64;
/** The last hedge, after one that stayed silent, is due at this age of the first attempt at the earliest. */
const lastDue = { leastMs: 1_000, overDelay: 10, overLongest: 2 };

/**
 * What is counted of hedges. `lostMs`: milliseconds of hedges that were lost. `answeredMs`: of answers to Reads that may
 * be hedged.
 */
export const hedgeCounts = [
  "sent",
  "won",
  "lost",
  "givenUp",
  "refusedBalance",
  "refusedNoNode",
  "lostMs",
  "answeredMs",
] as const;

export type HedgeCount = (typeof hedgeCounts)[number];

/** Sends and ends the attempts, as {@link Hedging} says. */
export interface HedgingOwner<Attempt extends RacingAttempt> {
  /**
   * Sends a hedge to this slot's node, and sets `hedge` of the Read before it begins. An attempt that cannot begin is
   * one that has failed.
   */
  send(read: HedgedRead<Attempt>, slot: number): void;
  /** Ends the hedge, now. */
  closeHedge(read: HedgedRead<Attempt>): void;
  /** The hedge has answered. The first attempt stays on for a while, and decides nothing any more. */
  keepFirst(read: HedgedRead<Attempt>): void;
  count(what: HedgeCount, by: number): void;
}

export interface HedgingOptions<Attempt extends RacingAttempt> {
  readonly reader: HedgeReader;
  readonly random: Random;
  readonly budget: HedgeBudget;
  readonly owner: HedgingOwner<Attempt>;
}

/**
 * When a Read that waits too long gets a hedge: a second attempt at another node, beside the first. The first answer
 * that comes is the request's.
 *
 * Too long is two to three times what nine of ten Reads of its template took lately (answer-times.ts). A node that has
 * sent no byte since the attempt began is under suspicion until its next byte, and gets no hedge. What hedges may cost is
 * bounded by what lost ones have cost (hedge-budget.ts), less tightly where several Reads wait at a silent node
 * (silent-nodes.ts). A hedge that stays silent for as long as the first attempt did is closed: then the request is slow,
 * not its node. Such a Read gets one more, much later, which stays: that one is for answers that never come.
 *
 * One instance a thread. The owner calls `check` every `hedgeTickMs` while `isIdle` is false.
 */
export class Hedging<Attempt extends RacingAttempt> {
  private readonly templates = new TemplateTimes<Attempt>();
  /** Those that wait for their last hedge. */
  private readonly waitingForLast = new DueList<HedgedRead<Attempt>>();
  private readonly racing = new Set<HedgedRead<Attempt>>();
  private readonly silent = new SilentNodes();
  private waiting = 0;

  constructor(private readonly options: HedgingOptions<Attempt>) {}

  /** No Read waits for a hedge, and no hedge is under way that might be closed. */
  get isIdle(): boolean {
    return this.waiting === 0 && this.racing.size === 0;
  }

  /** An attempt of a Read begins. `tried`: the slots that its request was sent to before. */
  begin(template: string, first: Attempt, tried: readonly number[], deadlineMs: number): HedgedRead<Attempt> {
    const { startedAtMs } = first;
    this.options.budget.countRead(startedAtMs);
    const known = this.templates.of(template);
    const delayMs = this.templates.delayMs(known);
    const read = new HedgedRead(first, tried, deadlineMs, known.times, delayMs);
    if (read.dueMs + delayMs <= deadlineMs) this.wait(read, known.waiting);
    return read;
  }

  /** Its attempt was answered. `tookMs`: how long that took; undefined where that says nothing of the cluster. */
  answered(read: HedgedRead<Attempt>, by: "first" | "hedge", tookMs: number | undefined, nowMs: number): void {
    if (tookMs !== undefined) {
      this.templates.answered(read.times, tookMs, nowMs);
      this.options.budget.answered(tookMs, nowMs);
      this.options.owner.count("answeredMs", tookMs);
    }
    this.advance(read, { type: "answered", by }, nowMs);
  }

  /** Its attempt has ended without an answer that counts. True: the request goes on with the other one. */
  failed(read: HedgedRead<Attempt>, attempt: "first" | "hedge", nowMs: number): boolean {
    return this.advance(read, { type: "failed", attempt }, nowMs).some(({ type }) => type === "awaitOther");
  }

  /** The request was cancelled, or goes on in another way. */
  left(read: HedgedRead<Attempt>, nowMs: number): void {
    this.advance(read, { type: "left" }, nowMs);
  }

  /** The delay of each template that has answers, in milliseconds. */
  *delays(): Generator<readonly [template: string, delayMs: number]> {
    for (const { name, times } of this.templates.known) {
      const delayMs = times.delayMs();
      if (delayMs !== undefined) yield [name, delayMs];
    }
  }

  /**
   * The time of a check has come; `dueMs` is when it should have. False: it comes late, so everything waits once more.
   * True: `check` is to be called, once what has arrived by now is read.
   */
  mayCheck(dueMs: number, nowMs: number): boolean {
    if (nowMs - dueMs <= lateMs) return true;
    for (const read of this.dueReads(nowMs)) {
      const { list } = read;
      this.stopWaiting(read);
      read.dueMs = nowMs + read.delayMs;
      if (list !== undefined) this.wait(read, list);
    }
    for (const read of this.racing) read.dueMs = Math.max(read.dueMs, nowMs + read.delayMs);
    return false;
  }

  /** Closes hedges that stay silent, and sends those that are due. The roster of the reader must be up to date. */
  check(nowMs: number): void {
    for (const read of this.racing) {
      if (read.hedge?.firstByteSeen === false && nowMs >= read.dueMs)
        this.advance(read, { type: "hedgeSilent" }, nowMs);
    }
    for (const read of this.dueReads(nowMs)) {
      const refusal = this.consider(read, nowMs);
      if (refusal !== undefined) this.countRefusal(read, refusal);
    }
  }

  private consider(read: HedgedRead<Attempt>, nowMs: number): HedgeRefusal | undefined {
    const { reader, random, budget, owner } = this.options;
    const { first, delayMs, deadlineMs } = read;
    // An earlier one of this check may have ended it.
    if (read.list === undefined) return undefined;
    if (first.firstByteSeen || nowMs + delayMs > deadlineMs) {
      this.stopWaiting(read);
      return undefined;
    }
    const isNodeSilent = this.isNodeSilent(read, nowMs);
    const isLast = read.race.kind === "alone" && read.race.isLast;
    if (!isLast && !budget.covers(this.reservedMs(nowMs), nowMs, isNodeSilent)) return "balance";
    const slots = reader.roster.eligible.filter((slot) => this.suits(slot, read));
    const picked = pickAmong(reader, slots, nowMs, random);
    if (picked.type !== "node") return "noNode";
    if (!budget.takeToken()) return "balance";
    this.stopWaiting(read);
    read.dueMs = nowMs + delayMs;
    owner.count("sent", 1);
    this.advance(read, { type: "hedged" }, nowMs);
    owner.send(read, picked.slot);
    return undefined;
  }

  /** Suspects the node of the first attempt if it has sent no byte since. True: other Reads found it as silent. */
  private isNodeSilent(read: HedgedRead<Attempt>, nowMs: number): boolean {
    const { reader } = this.options;
    const { slot, startedAtMs } = read.first;
    const lastByteMs = reader.lastByteAtMs(slot);
    if (lastByteMs >= startedAtMs) return false;
    reader.suspect(slot, nowMs);
    if (!read.wasSilent) this.silent.count(slot, lastByteMs);
    read.wasSilent = true;
    return this.silent.has(slot, lastByteMs);
  }

  private suits(slot: number, { first, tried }: HedgedRead<Attempt>): boolean {
    const { reader } = this.options;
    if (slot === first.slot || tried.includes(slot)) return false;
    if (reader.suspectedAtMs(slot) > reader.lastByteAtMs(slot)) return false;
    const penalty = reader.penaltyOf(slot);
    return penalty <= penalizedAbove || penalty < reader.penaltyOf(first.slot);
  }

  /** What the hedges under way may still cost. */
  private reservedMs(nowMs: number): number {
    let reservedMs = 0;
    for (const { race, delayMs } of this.racing) {
      if (race.kind === "racing" && !race.isLast) reservedMs += Math.max(nowMs - race.sinceMs, delayMs);
    }
    return reservedMs;
  }

  private advance(read: HedgedRead<Attempt>, event: RaceEvent, nowMs: number): readonly RaceEffect[] {
    const [race, effects] = nextRace(read.race, event, nowMs);
    read.race = race;
    if (event.type === "failed" && event.attempt === "hedge") {
      this.racing.delete(read);
      read.hedge = undefined;
    }
    if (race.kind === "racing") this.racing.add(read);
    else {
      if (read.hedge !== undefined) this.racing.delete(read);
      if (race.kind !== "alone") this.stopWaiting(read);
    }
    for (const effect of effects) this.carryOut(effect, read);
    return effects;
  }

  private carryOut(effect: RaceEffect, read: HedgedRead<Attempt>): void {
    const { owner } = this.options;
    switch (effect.type) {
      case "closeHedge":
        this.pay(read, effect.lostMs, effect.isGivenUp ? "givenUp" : "lost");
        owner.closeHedge(read);
        read.hedge = undefined;
        return;
      case "pay":
        return this.pay(read, effect.lostMs, "lost");
      case "won":
        this.options.budget.won(read.delayMs);
        return owner.count("won", 1);
      case "keepFirst":
        return owner.keepFirst(read);
      case "waitLonger": {
        const { leastMs, overDelay, overLongest } = lastDue;
        const ageMs = Math.max(leastMs, overDelay * read.delayMs, overLongest * read.times.maxMs);
        read.dueMs = read.first.startedAtMs + ageMs;
        return this.wait(read, this.waitingForLast);
      }
      case "awaitOther":
    }
  }

  private pay({ delayMs }: HedgedRead<Attempt>, lostMs: number | undefined, end: "lost" | "givenUp"): void {
    const { budget, owner } = this.options;
    // As much as was reserved for it, however early it was closed: an engine may finish its search all the same.
    if (lostMs !== undefined) budget.lost(Math.max(lostMs, delayMs));
    owner.count(end, 1);
    owner.count("lostMs", lostMs ?? 0);
  }

  private countRefusal(read: HedgedRead<Attempt>, refusal: HedgeRefusal): void {
    if (read.wasRefused) return;
    read.wasRefused = true;
    this.options.owner.count(refusal === "balance" ? "refusedBalance" : "refusedNoNode", 1);
  }

  private wait(read: HedgedRead<Attempt>, list: DueList<HedgedRead<Attempt>>): void {
    read.list = list;
    list.add(read);
    this.waiting++;
  }

  private stopWaiting(read: HedgedRead<Attempt>): void {
    if (read.list === undefined) return;
    read.list.remove(read);
    read.list = undefined;
    this.waiting--;
  }

  /** Some of those that are due, the longest overdue first. */
  private dueReads(nowMs: number): HedgedRead<Attempt>[] {
    const due: HedgedRead<Attempt>[] = [];
    const take = (list: HedgeTemplate<Attempt>["waiting"]) => {
      let left = lookedAtMax;
      for (let read = list.first; read !== undefined && read.dueMs <= nowMs && left > 0; read = read.after) {
        due.push(read);
        left--;
      }
    };
    take(this.waitingForLast);
    for (const { waiting } of this.templates.known) take(waiting);
    return due.length < 2 ? due : due.sort((a, b) => a.dueMs - b.dueMs);
  }
}
