import type { Random, Timers } from "@rollcall/core";
import {
  HedgeBudget,
  type HedgeCount,
  type HedgedRead,
  Hedging,
  type HedgingOwner,
  hedgeTickMs,
} from "@rollcall/core/hedging";
import type { Outcome } from "@rollcall/core/request";
import type { TableReader } from "../table/reader.js";
import type { AttemptHandler } from "./attempt.js";
import type { AttemptRecord } from "./attempt-record.js";
import { isFinal } from "./retry-choice.js";

/** The code that an error or answer shows for an attempt whose request another one, beside it, was to answer. */
const outrunCode = "OUTRUN";
/** So long a first attempt that was outrun stays on, and so much of its answer is read. */
const outrunMaxMs = 1_000;
const outrunMaxBytes = 1_048_576;
/** How often delays are reported. */
const reportEveryMs = 1_000;

export interface HedgesOptions {
  /** The part of the answers' time that lost hedges may cost. */
  readonly extraWork: number;
  readonly reader: TableReader;
  readonly timers: Timers;
  readonly random: Random;
  /** This thread's clock for how long something took. */
  readonly ranMs: (nowMs: number) => number;
  readonly record: Pick<AttemptRecord, "outrun">;
  /** Brings the roster, the connections and the penalties up to date. */
  readonly catchUp: () => void;
  /** A template's delay has changed: called for each of them at most once a second. */
  readonly hedgeDelay: (template: string, delayMs: number) => void;
  /** Sends the request of this attempt to this slot's node as well. `adopt` is called before it begins. */
  readonly send: (first: AttemptHandler, slot: number, adopt: (hedge: AttemptHandler) => void) => boolean;
}

/**
 * The hedges of one thread: carries out what the rule says (core/hedging), and decides which attempt of a hedged request
 * speaks for it. One timer for all, while any Read waits.
 */
export class Hedges implements HedgingOwner<AttemptHandler> {
  private readonly hedging: Hedging<AttemptHandler>;
  private readonly budget: HedgeBudget;
  private cancelTick: (() => void) | undefined;
  private isClosed = false;
  private readonly reported = new Map<string, number>();
  private reportedAtMs = 0;
  /** Milliseconds that were not counted yet, because only whole ones are. */
  private readonly uncounted = { lostMs: 0, answeredMs: 0 };

  constructor(private readonly options: HedgesOptions) {
    const { reader, random, timers, extraWork } = options;
    this.budget = new HedgeBudget(timers.nowMs(), extraWork);
    this.hedging = new Hedging({ reader, random, budget: this.budget, owner: this });
  }

  /** An attempt of a request begins. */
  begin(attempt: AttemptHandler): void {
    const { prepared, tried } = attempt.request;
    if (prepared.hedgeTemplate === undefined || !prepared.reroutable) return;
    attempt.hedged = this.hedging.begin(prepared.hedgeTemplate, attempt, tried, prepared.deadlineMs);
    if (this.cancelTick === undefined) this.tickSoon();
  }

  /**
   * An attempt that decides about its request has ended, or the headers of its answer have come. True: the request goes
   * on with the other one, and nothing is to be concluded.
   */
  ended(attempt: AttemptHandler, outcome: Outcome, nowMs: number): boolean {
    if (outcome.kind === "answered" && (outcome.status === 429 || outcome.status === 503)) this.budget.refused();
    const { hedged, request } = attempt;
    if (hedged === undefined) return false;
    const which = attempt === hedged.first ? "first" : "hedge";
    if (outcome.kind === "answered" && isFinal(outcome.status, request)) {
      const tookMs = Math.max(0, this.options.ranMs(nowMs) - attempt.startedRanMs);
      this.hedging.answered(hedged, which, attempt.wasPaused ? undefined : tookMs, nowMs);
      return false;
    }
    const other = which === "first" ? hedged.hedge : hedged.first;
    if (!this.hedging.failed(hedged, which, nowMs) || other === undefined) return false;
    request.noteGivenUp(attempt, outcome.kind === "answered" ? String(outcome.status) : outcome.errorCode, nowMs);
    request.noteTried(attempt.slot);
    attempt.isWanted = false;
    request.state = { kind: "sending", attempt: other };
    return true;
  }

  /** The attempt's request is cancelled, or goes on in another way: its hedge ends. */
  left({ hedged }: AttemptHandler, nowMs: number): void {
    if (hedged !== undefined) this.hedging.left(hedged, nowMs);
  }

  close(): void {
    this.isClosed = true;
    this.cancelTick?.();
  }

  /** To be called every `beatMs`. */
  beat(nowMs: number): void {
    if (nowMs - this.reportedAtMs < reportEveryMs) return;
    this.reportedAtMs = nowMs;
    for (const [template, delayMs] of this.hedging.delays()) {
      if (this.reported.get(template) === delayMs) continue;
      this.reported.set(template, delayMs);
      this.options.hedgeDelay(template, delayMs);
    }
  }

  send(read: HedgedRead<AttemptHandler>, slot: number): void {
    const adopt = (hedge: AttemptHandler) => {
      read.hedge = hedge;
      hedge.hedged = read;
    };
    if (!this.options.send(read.first, slot, adopt)) this.hedging.failed(read, "hedge", this.options.timers.nowMs());
  }

  closeHedge({ hedge }: HedgedRead<AttemptHandler>): void {
    if (hedge === undefined) return;
    hedge.request.noteGivenUp(hedge, outrunCode, this.options.timers.nowMs());
    hedge.abandon();
  }

  keepFirst({ first, hedge }: HedgedRead<AttemptHandler>): void {
    if (hedge === undefined) return;
    const { timers, record } = this.options;
    first.request.noteGivenUp(first, outrunCode, timers.nowMs());
    first.isWanted = false;
    first.request.state = { kind: "sending", attempt: hedge };
    first.drain(outrunMaxBytes);
    timers.after(outrunMaxMs, () => {
      if (first.isOver) return;
      record.outrun(first, timers.nowMs());
      first.abandon();
    });
  }

  count(what: HedgeCount, by: number): void {
    const { reader } = this.options;
    if (what !== "lostMs" && what !== "answeredMs") return reader.countHedges(what, by);
    const countedMs = this.uncounted[what] + by;
    const wholeMs = Math.floor(countedMs);
    this.uncounted[what] = countedMs - wholeMs;
    if (wholeMs > 0) reader.countHedges(what, wholeMs);
  }

  private tickSoon(): void {
    const { timers } = this.options;
    const dueMs = timers.nowMs() + hedgeTickMs;
    this.cancelTick = timers.after(hedgeTickMs, () => {
      // Answers that have arrived by now are read first: Node runs timers before it reads sockets.
      if (this.hedging.mayCheck(dueMs, timers.nowMs())) setImmediate(this.check);
      else this.tickSoon();
    });
  }

  private readonly check = (): void => {
    this.cancelTick = undefined;
    if (this.isClosed) return;
    this.options.catchUp();
    this.hedging.check(this.options.timers.nowMs());
    if (!this.hedging.isIdle) this.tickSoon();
  };
}
