import { HighPercentile } from "./high-percentile.js";
import type { NodePenalty } from "./penalty-figures.js";
import { TailLatencyDetector } from "./tail-latency-detector.js";

/** A node is penalized if a request costs more than so many times what it would cost in good standing. */
export const penalizedAbove = 2;

/** The mean of a node's latency looks back so far, within these shares of the newest sample. */
const memoryMs = 5_000;
const leastShare = 0.005;
const greatestShare = 0.2;
/** The time constant with which the measurements of a node without requests fade. */
const forgetMs = 15_000;
/** How far one request may move the clock by which measurements fade. */
const clockStepMs = 100;
/** A thread that has chosen no node for so long forgets its measurements: they say nothing of the nodes any more. */
export const penaltiesKeptMs = 300_000;
/** How often the nodes are compared. */
const compareEveryMs = 50;
/** A mean of fewer samples may rest on one slow request, so it is not compared. */
const samplesToCompare = 5;
/** A sample is cut at so many times what is high for all nodes: one very long query does not make a node slow. */
const clip = { overHigh: 5, overReference: 5, overReferenceAlone: 20 };
/** Up to so many times the reference, requests in flight alone balance the nodes. */
const slowAbove = 2;
const slownessPower = 3;
const slownessMax = 1_000;
/** Up to so many times the reference, a node that has just returned is as quick as the others. */
const inLineBelow = 1.5;
/** A failure rate that exceeds the best node's by no more than this is chance. */
const failingAbove = 0.05;
const failingFactor = 50;

/**
 * How much more a request costs at each node than its requests in flight show: how slow the node is, and how often it
 * fails, compared with the others. It finds nodes that no probe finds: one that is ten times slower than the rest, or
 * one that looks idle because it answers 503 at once.
 *
 *   penalty  = slow x failing
 *   slow     = (r/2)^3 where r > 2, else 1;  r = the node's mean latency over the lower quartile of all means;
 *              at least 1 + the odds that only this node delays some answers (tail-latency-detector.ts)
 *   failing  = 1 + 50 x (its failure rate, less the best node's, less 5 %)
 *
 * Nodes are only compared with each other, so a cluster that is slow as a whole has no penalties. Up to a ratio of 2,
 * requests in flight alone balance unequal machines; the cube takes a node that is ten times slower out of nearly every
 * draw. Both parts fade in 15 s, on a clock that moves at most 100 ms a request: with little traffic, a bad node keeps
 * its penalty from one request to the next. After five minutes without any, all penalties have ended.
 *
 * One instance for each thread, which measures by itself. Mutable rows of numbers by slot: a request allocates nothing.
 * All zeros mean that nothing is known.
 */
export class Penalties {
  private readonly meanMs: Float64Array;
  private readonly failureRate: Float64Array;
  private readonly samples: Float64Array;
  /** On the clock by which measurements fade. */
  private readonly sampledAtMs: Float64Array;
  /** The penalty less 1. */
  private readonly surcharge: Float64Array;
  /** The status of the newest refusal. */
  private readonly refusal: Int16Array;
  private readonly begunMs: Float64Array;
  /** Answers in line, less those out of line; 0 at least. */
  private readonly inLine: Float64Array;
  private readonly sorted: Float64Array;
  private readonly high = new HighPercentile();
  private readonly tail: TailLatencyDetector;
  private clockMs = 0;
  private advancedAtMs = 0;
  private comparedAtMs = Number.NEGATIVE_INFINITY;
  /** 0 while fewer than two nodes can be compared. */
  private referenceMs = 0;
  /** The same, but of one node that can be compared if there is no other: what a node that has just returned goes by. */
  private usualMs = 0;
  private clipMs = Number.POSITIVE_INFINITY;
  private leastFailureRate = 0;

  /** For slots 0 to `slots` - 1. */
  constructor(slots: number) {
    const row = () => new Float64Array(slots);
    this.meanMs = row();
    this.failureRate = row();
    this.samples = row();
    this.sampledAtMs = row();
    this.surcharge = row();
    this.refusal = new Int16Array(slots);
    this.begunMs = row();
    this.inLine = row();
    this.sorted = row();
    this.tail = new TailLatencyDetector(slots);
  }

  /**
   * To be called before each pick: moves the clock, and compares the nodes again when that is due. Whether it has
   * compared them.
   */
  advance(eligible: readonly number[], nowMs: number): boolean {
    const elapsedMs = nowMs - this.advancedAtMs;
    this.advancedAtMs = nowMs;
    if (elapsedMs > 0) this.clockMs += elapsedMs < clockStepMs ? elapsedMs : clockStepMs;
    if (elapsedMs > penaltiesKeptMs) this.forgetAll(eligible);
    if (nowMs - this.comparedAtMs < compareEveryMs) return false;
    this.comparedAtMs = nowMs;
    this.compare(eligible);
    return true;
  }

  /** 1 or more. As of the last comparison. */
  penaltyOf(slot: number): number {
    return 1 + (this.surcharge[slot] ?? 0);
  }

  /** The node's penalty and its causes, as they are now; undefined where it has none. For people. */
  figuresOf(slot: number): NodePenalty | undefined {
    const factor = this.penaltyOf(slot);
    if (factor <= 1) return undefined;
    const fade = this.fadeOf(slot);
    const { failing, ratio, slow, late } = this.partsOf(slot, fade);
    return {
      factor,
      ...(slow > 1 ? { timesSlower: ratio } : {}),
      ...(failing > 1 ? { refused: (this.failureRate[slot] ?? 0) * fade, refusedStatus: this.refusal[slot] ?? 0 } : {}),
      ...(late > slow && late > penalizedAbove ? { late: this.tail.lateShareOf(slot) } : {}),
    };
  }

  /**
   * How many answers have shown that the node bears its part: they have come while its mean was about as quick as those
   * of the others, and nothing was held against it. An answer at any other time takes one away, a refusal all. 0 while
   * the node is out of line.
   */
  answersInLine(slot: number): number {
    return this.isInLine(slot) ? (this.inLine[slot] ?? 0) : 0;
  }

  begunAtMs(slot: number): number {
    return this.begunMs[slot] ?? 0;
  }

  /** An attempt at the node begins. */
  begun(slot: number, nowMs: number): void {
    this.begunMs[slot] = nowMs;
  }

  /**
   * The node gave an answer that does not mean "not now" (429, 502, 503, 504). `tookMs` is without the time in which
   * this thread did not run, which is not the node's.
   */
  answered(slot: number, tookMs: number, nowMs: number): void {
    const share = this.bringUpToDate(slot);
    this.failureRate[slot] = (this.failureRate[slot] ?? 0) * (1 - share);
    this.addLatency(slot, tookMs, share, nowMs);
  }

  /** The node answered 429, 502, 503 or 504. A quick refusal is no merit, so its time is not a latency. */
  refused(slot: number, status: number): void {
    this.refusal[slot] = status;
    this.inLine[slot] = 0;
    const share = this.bringUpToDate(slot);
    const rate = this.failureRate[slot] ?? 0;
    this.failureRate[slot] = rate + share * (1 - rate);
  }

  /** A request left the node unanswered, rerouted or timed out, after this wait: the node was at least so slow. */
  leftWaiting(slot: number, waitedMs: number, nowMs: number): void {
    this.addLatency(slot, waitedMs, this.bringUpToDate(slot), nowMs);
  }

  /**
   * A request left the node unanswered because another node was quicker. The wait was cut short, so it counts as late
   * at least: taken as it is, it would make the node look quicker than it was.
   */
  outrun(slot: number, waitedMs: number, nowMs: number): void {
    const { lateAfterMs } = this.tail;
    this.leftWaiting(slot, Number.isFinite(lateAfterMs) ? Math.max(waitedMs, lateAfterMs) : waitedMs, nowMs);
  }

  /**
   * The slot has another node, or its node has returned to use: it starts without a penalty. Its failure rate starts at
   * the best node's, not lower: otherwise all the others would seem to fail beside it.
   */
  forget(slot: number): void {
    this.meanMs[slot] = 0;
    this.samples[slot] = 0;
    this.failureRate[slot] = this.leastFailureRate;
    this.sampledAtMs[slot] = this.clockMs;
    this.surcharge[slot] = 0;
    this.begunMs[slot] = 0;
    this.inLine[slot] = 0;
    this.tail.forget(slot);
  }

  private forgetAll(eligible: readonly number[]): void {
    this.leastFailureRate = 0;
    for (const slot of eligible) this.forget(slot);
  }

  private addLatency(slot: number, tookMs: number, share: number, nowMs: number): void {
    this.high.add(tookMs);
    this.tail.answered(slot, tookMs, nowMs);
    const samples = this.samples[slot] ?? 0;
    const mean = this.meanMs[slot] ?? 0;
    this.meanMs[slot] = mean + Math.max(share, 1 / (samples + 1)) * (Math.min(tookMs, this.clipMs) - mean);
    this.samples[slot] = samples + 1;
    this.inLine[slot] = Math.max(0, (this.inLine[slot] ?? 0) + (this.isInLine(slot) ? 1 : -1));
  }

  /** Fades the slot's measurements by the time since its last sample. Returns the share of a new sample. */
  private bringUpToDate(slot: number): number {
    const idleMs = this.clockMs - (this.sampledAtMs[slot] ?? 0);
    this.sampledAtMs[slot] = this.clockMs;
    // Within a burst no time passes, and half of this work is saved.
    if (idleMs <= 0) return leastShare;
    const fade = Math.exp(-idleMs / forgetMs);
    const mean = this.meanMs[slot] ?? 0;
    this.tail.fade(slot, fade);
    this.failureRate[slot] = (this.failureRate[slot] ?? 0) * fade;
    if (this.referenceMs > 0 && mean > 0) this.meanMs[slot] = this.referenceMs + (mean - this.referenceMs) * fade;
    const share = 1 - Math.exp(-idleMs / memoryMs);
    return Math.min(Math.max(share, leastShare), greatestShare);
  }

  private compare(eligible: readonly number[]): void {
    let comparable = 0;
    let leastFailureRate = 1;
    for (const slot of eligible) {
      // Not faded: a node without requests is unknown, which must not look like success.
      leastFailureRate = Math.min(leastFailureRate, this.failureRate[slot] ?? 0);
      if ((this.samples[slot] ?? 0) >= samplesToCompare) this.sorted[comparable++] = this.meanMs[slot] ?? 0;
    }
    this.leastFailureRate = eligible.length === 0 ? 0 : leastFailureRate;
    this.usualMs = comparable === 0 ? 0 : lowerQuartile(this.sorted.subarray(0, comparable));
    this.referenceMs = comparable < 2 ? 0 : this.usualMs;
    this.clipMs = this.nextClipMs();
    this.tail.compare(eligible, this.referenceMs);
    for (const slot of eligible) this.surcharge[slot] = this.penaltyNow(slot) - 1;
  }

  private isInLine(slot: number): boolean {
    return this.penaltyOf(slot) <= 1 && (this.meanMs[slot] ?? 0) <= inLineBelow * this.usualMs;
  }

  private nextClipMs(): number {
    if (this.referenceMs === 0) return Number.POSITIVE_INFINITY;
    const highMs = this.high.valueMs();
    if (highMs === undefined) return clip.overReferenceAlone * this.referenceMs;
    return Math.max(clip.overHigh * highMs, clip.overReference * this.referenceMs);
  }

  private penaltyNow(slot: number): number {
    const { failing, slow, late } = this.partsOf(slot, this.fadeOf(slot));
    return failing * Math.min(slownessMax, Math.max(slow, late));
  }

  private fadeOf(slot: number): number {
    return Math.exp(-(this.clockMs - (this.sampledAtMs[slot] ?? 0)) / forgetMs);
  }

  private partsOf(slot: number, fade: number) {
    const excess = (this.failureRate[slot] ?? 0) * fade - this.leastFailureRate - failingAbove;
    const failing = 1 + failingFactor * Math.max(0, excess);
    if (this.referenceMs === 0 || (this.samples[slot] ?? 0) < samplesToCompare) {
      return { failing, ratio: 1, slow: 1, late: 1 };
    }
    const ratio = 1 + ((this.meanMs[slot] ?? 0) / this.referenceMs - 1) * fade;
    const slow = ratio <= slowAbove ? 1 : (ratio / slowAbove) ** slownessPower;
    return { failing, ratio, slow, late: 1 + this.tail.oddsOf(slot, fade) };
  }
}

/** Of three or four nodes the fastest, so that two bad nodes of three are measured by the third. */
function lowerQuartile(means: Float64Array): number {
  means.sort();
  return means[Math.floor((means.length - 1) / 4)] ?? 0;
}
