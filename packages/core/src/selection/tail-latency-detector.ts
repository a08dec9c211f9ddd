/** An answer is late if it took more than this many times the usual time, and this much longer than it. */
const lateAbove = 8;
/** Shorter delays come from a busy machine or a JVM that warms up, and matter to few users. */
const lateAboveMs = 100;
/** At least this share of the other nodes' answers is taken to be late, so that one late answer proves little. */
const shareMin = 0.005;
/** The upper bound of that share: if all are late, no node can be later. */
const shareMax = 0.99;
/** The detector looks for a node whose share of late answers is higher by this. */
const moreLate = 0.08;
/** Before any answer, the odds that a node is such a one are 1 to e^6. */
const priorLog = 6;
/** Bounds the evidence, so that a node that was late all the time recovers within seconds, not minutes. */
const evidenceMax = 12;

/**
 * Finds nodes that answer most requests as the others do and delay some. A mean hardly shows that, although one request
 * in a hundred waits for it.
 *
 * A CUSUM test of two hypotheses about each node: its answers are late as often as those of the others, or 8 % more
 * often. Each answer adds the logarithm of how much likelier it is under the second one. The sum never falls below 0,
 * so a long good past does not delay detection (Page, "Continuous Inspection Schemes", Biometrika 1954). The result is
 * the odds of the second hypothesis.
 *
 * Of answers that were waited for at the same time only one counts as late: the same pause, such as a garbage
 * collection, has delayed them all. One instance for each thread; rows of numbers by slot, so that an answer allocates
 * nothing.
 */
export class TailLatencyDetector {
  private readonly evidence: Float64Array;
  private readonly answers: Float64Array;
  private readonly late: Float64Array;
  private readonly lateAtMs: Float64Array;
  private readonly ifLate: Float64Array;
  private readonly ifTimely: Float64Array;
  private lateMs = Number.POSITIVE_INFINITY;

  /** For slots 0 to `slots` - 1. */
  constructor(slots: number) {
    const row = () => new Float64Array(slots);
    this.evidence = row();
    this.answers = row();
    this.late = row();
    this.lateAtMs = row();
    this.ifLate = row();
    this.ifTimely = row();
  }

  /** An answer that takes longer is late; Infinity while that is not known. */
  get lateAfterMs(): number {
    return this.lateMs;
  }

  answered(slot: number, tookMs: number, nowMs: number): void {
    const isLate = tookMs > this.lateMs;
    if (isLate) {
      if (nowMs - tookMs < (this.lateAtMs[slot] ?? 0)) return;
      this.lateAtMs[slot] = nowMs;
      this.late[slot] = (this.late[slot] ?? 0) + 1;
    }
    this.answers[slot] = (this.answers[slot] ?? 0) + 1;
    const evidence = (this.evidence[slot] ?? 0) + ((isLate ? this.ifLate : this.ifTimely)[slot] ?? 0);
    this.evidence[slot] = evidence < 0 ? 0 : evidence > evidenceMax ? evidenceMax : evidence;
  }

  /** Keeps this part of what is known, because time has passed without an answer. */
  fade(slot: number, part: number): void {
    this.evidence[slot] = (this.evidence[slot] ?? 0) * part;
    this.answers[slot] = (this.answers[slot] ?? 0) * part;
    this.late[slot] = (this.late[slot] ?? 0) * part;
  }

  forget(slot: number): void {
    this.fade(slot, 0);
    this.lateAtMs[slot] = 0;
  }

  /** To be called at intervals. `usualMs`: how long a healthy node takes to answer; 0 if unknown. */
  compare(eligible: readonly number[], usualMs: number): void {
    this.lateMs = usualMs > 0 ? Math.max(lateAbove * usualMs, usualMs + lateAboveMs) : Number.POSITIVE_INFINITY;
    let answers = 0;
    let late = 0;
    for (const slot of eligible) {
      answers += this.answers[slot] ?? 0;
      late += this.late[slot] ?? 0;
    }
    for (const slot of eligible) {
      const othersAnswers = Math.max(1, answers - (this.answers[slot] ?? 0));
      const others = (late - (this.late[slot] ?? 0)) / othersAnswers;
      const asOthers = Math.min(shareMax, Math.max(shareMin, others));
      const more = Math.min(shareMax, asOthers + moreLate);
      this.ifLate[slot] = Math.log(more / asOthers);
      this.ifTimely[slot] = Math.log((1 - more) / (1 - asOthers));
    }
  }

  /** The odds that the node delays answers and the others do not, if this part of what is known remains. */
  oddsOf(slot: number, part: number): number {
    const evidence = (this.evidence[slot] ?? 0) * part;
    return evidence === 0 ? 0 : Math.exp(evidence - priorLog);
  }

  /** The part of its recent answers that were late; 0 without any. */
  lateShareOf(slot: number): number {
    const answers = this.answers[slot] ?? 0;
    return answers === 0 ? 0 : (this.late[slot] ?? 0) / answers;
  }
}
