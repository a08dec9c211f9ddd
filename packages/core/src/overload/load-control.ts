import { type Debt, nextDebt, noDebt } from "./debt.js";
import { expectedWaitMs, type Flow, isGrowing, isOver, nextFlow, noFlow } from "./flow.js";
import {
  afterRefusal,
  afterWindow,
  type InFlightLimit,
  inFlightMaxOf,
  isWindowComplete,
  type LimitTerms,
  noLimit,
} from "./in-flight-limit.js";
import { LatencySample } from "./latency-sample.js";
import { type QueueTerms, type Refusal, refusalOf } from "./refusal.js";

export interface LoadControlOptions extends QueueTerms {
  /** Connections to each node. */
  readonly perNode: number;
}

/** For people and metrics. */
export interface LoadFigures {
  readonly inFlightMax: number;
  readonly debtMs: number;
  readonly expectedWaitMs: number;
}

/** Averages are brought up to date when an event comes after so long. */
const foldEveryMs = 5;
const latelyLeastMs = 1_000;

/**
 * What one thread does about overload: how many attempts may be in flight, and which calls are refused on arrival.
 *
 * Each event costs a few additions; the reducers that decide run at most every 5 ms, or once a window. It has no timer:
 * where nothing happens, nothing is to be decided.
 */
export class LoadControl {
  private readonly latelyMs: number;
  private flow: Flow;
  private debt: Debt;
  private limited: InFlightLimit = noLimit;
  private readonly terms: { -readonly [Term in keyof LimitTerms]: LimitTerms[Term] };
  private inFlightMax: number;

  private offered = 0;
  private served = 0;
  private timed = 0;
  private timedMs = 0;

  private readonly sample = new LatencySample();
  private windowSinceMs: number;
  private mostUsed = 0;

  constructor(
    private readonly options: LoadControlOptions,
    nowMs: number,
  ) {
    const { perNode, timeoutMs } = options;
    this.latelyMs = Math.max(latelyLeastMs, timeoutMs);
    this.flow = noFlow(nowMs);
    this.debt = noDebt(nowMs);
    this.terms = { perNode, timeoutMs, nodes: 1 };
    this.inFlightMax = inFlightMaxOf(this.limited, this.terms);
    this.windowSinceMs = nowMs;
  }

  /** Whether one more attempt may begin beside so many in flight, where there are so many nodes. */
  hasRoom(inFlight: number, nodes: number): boolean {
    if (nodes !== this.terms.nodes) {
      this.terms.nodes = nodes;
      this.inFlightMax = inFlightMaxOf(this.limited, this.terms);
    }
    return inFlight < this.inFlightMax;
  }

  /** A call has come, whatever becomes of it. Not its further attempts. */
  arrived(): void {
    this.offered++;
  }

  /** An attempt has begun; so many are in flight now. */
  begun(inFlight: number): void {
    if (inFlight > this.mostUsed) this.mostUsed = inFlight;
  }

  /** A node has answered, other than by refusing. Without a time where that says nothing about the node. */
  answered(tookMs: number | undefined, inFlight: number, nowMs: number): void {
    this.served++;
    if (tookMs !== undefined) this.took(tookMs, inFlight, nowMs);
    if (nowMs - this.flow.atMs >= foldEveryMs) this.fold(nowMs);
  }

  /** An attempt has got no answer in its request's time. */
  timedOut(tookMs: number, inFlight: number, nowMs: number): void {
    this.took(tookMs, inFlight, nowMs);
  }

  /** A node has answered 429. */
  refusedByNode(nowMs: number): void {
    this.limit(afterRefusal(this.limited, this.terms, nowMs));
  }

  /** From now on calls wait here, or none does. */
  waits(isWaiting: boolean, nowMs: number): void {
    if (isWaiting !== this.debt.isWaiting) this.debt = nextDebt(this.debt, isWaiting, nowMs, this.options.timeoutMs);
  }

  /** For a call that would have to wait behind so many others, with so long until its deadline. */
  refusalOf(ahead: number, leftMs: number, inFlight: number, nowMs: number): Refusal | undefined {
    if (nowMs - this.flow.atMs >= foldEveryMs) this.fold(nowMs);
    this.debt = nextDebt(this.debt, this.debt.isWaiting, nowMs, this.options.timeoutMs);
    const waitMs = expectedWaitMs(this.flow, ahead, inFlight);
    const { flow } = this;
    const queue = {
      debtMs: this.debt.ms,
      isOver: isOver(flow),
      isGrowing: isGrowing(flow),
      baseMs: this.limited.baseMs ?? 0,
    };
    return refusalOf({ ahead, waitMs, leftMs }, queue, this.options);
  }

  /** How long a call would wait behind so many others. */
  expectedWaitMs(ahead: number, inFlight: number): number {
    return expectedWaitMs(this.flow, ahead, inFlight);
  }

  figures(waiting: number, inFlight: number, nowMs: number): LoadFigures {
    this.fold(nowMs);
    this.debt = nextDebt(this.debt, this.debt.isWaiting, nowMs, this.options.timeoutMs);
    const { inFlightMax, debt } = this;
    return {
      inFlightMax,
      debtMs: debt.ms,
      expectedWaitMs: waiting === 0 ? 0 : this.expectedWaitMs(waiting - 1, inFlight),
    };
  }

  private took(tookMs: number, inFlight: number, nowMs: number): void {
    this.timed++;
    this.timedMs += tookMs;
    // What began under a greater limit shows what that was, and would let it shrink too far.
    if (nowMs - tookMs < this.limited.shrunkAtMs) return;
    this.sample.add(tookMs);
    const lengthMs = nowMs - this.windowSinceMs;
    if (!isWindowComplete(lengthMs, this.sample.size)) return;
    const window = { medianMs: this.sample.takeMedianMs(), mostUsed: this.mostUsed, lengthMs };
    this.limit(afterWindow(this.limited, window, this.terms, nowMs));
    this.windowSinceMs = nowMs;
    this.mostUsed = inFlight;
  }

  private limit(limited: InFlightLimit): void {
    this.limited = limited;
    this.inFlightMax = inFlightMaxOf(limited, this.terms);
  }

  private fold(nowMs: number): void {
    const { offered, served, timed, timedMs } = this;
    if (nowMs <= this.flow.atMs) return;
    this.flow = nextFlow(this.flow, { offered, served, timed, timedMs }, this.latelyMs, nowMs);
    this.offered = 0;
    this.served = 0;
    this.timed = 0;
    this.timedMs = 0;
  }
}
