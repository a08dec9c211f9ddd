import { type Debt, nextDebt, noDebt, standingMsOf } from "./debt.js";
import { expectedNodeMs, expectedWaitMs, type Flow, nextFlow, noFlow } from "./flow.js";
import {
  afterAnswer,
  afterRefusal,
  afterWindow,
  type InFlightLimit,
  inFlightMaxOf,
  isWindowComplete,
  type LimitTerms,
  noLimit,
  roomOf,
} from "./in-flight-limit.js";
import { LatencySample } from "./latency-sample.js";
import { isGrowing, isOver, nextRecentCalls, noRecentCalls, type RecentCalls } from "./recent-calls.js";
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

/**
 * What one thread does about overload: how many attempts may be in flight, and which calls are refused on arrival.
 *
 * Each event costs a few additions; the reducers that decide run at most every 5 ms, or once a window. It has no timer:
 * where nothing happens, nothing is to be decided.
 */
export class LoadControl {
  private flow: Flow;
  private recent: RecentCalls;
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
    this.flow = noFlow(nowMs);
    this.recent = noRecentCalls(standingMsOf(timeoutMs), nowMs);
    this.debt = noDebt(nowMs);
    this.terms = { perNode, timeoutMs, nodes: 1 };
    this.inFlightMax = inFlightMaxOf(this.limited, this.terms);
    this.windowSinceMs = nowMs;
  }

  /** Whether one more attempt may begin beside so many in flight, where so many calls wait and there are so many nodes. */
  hasRoom(inFlight: number, waiting: number, nodes: number): boolean {
    if (nodes !== this.terms.nodes) {
      this.terms.nodes = nodes;
      this.inFlightMax = inFlightMaxOf(this.limited, this.terms);
    }
    if (inFlight < this.inFlightMax) return true;
    // The time of the last event is near enough.
    return waiting > this.inFlightMax && inFlight < roomOf(this.limited, this.terms, waiting, this.flow.atMs);
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
    if (tookMs !== undefined) {
      this.took(tookMs, inFlight, nowMs);
      this.limit(afterAnswer(this.limited, { tookMs, inFlight }, this.terms, nowMs));
    }
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
    const { debt, recent, flow } = this;
    const waitMs = expectedWaitMs(flow, ahead, inFlight);
    const queue = {
      debtMs: debt.ms,
      isOver: isOver(recent),
      isGrowing: isGrowing(recent),
      nodeMs: expectedNodeMs(flow, inFlight, this.limited.baseMs ?? 0, this.options.timeoutMs),
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
    if (limited === this.limited) return;
    this.limited = limited;
    this.inFlightMax = inFlightMaxOf(limited, this.terms);
  }

  private fold(nowMs: number): void {
    const { offered, served, timed, timedMs } = this;
    if (nowMs <= this.flow.atMs) return;
    this.flow = nextFlow(this.flow, { served, timed, timedMs }, nowMs);
    this.recent = nextRecentCalls(this.recent, offered, served, nowMs);
    this.offered = 0;
    this.served = 0;
    this.timed = 0;
    this.timedMs = 0;
  }
}
