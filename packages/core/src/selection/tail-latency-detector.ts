/** An answer is late if it took more than so many times what is usual, and so much more than that. */
const lateAbove = 8;
/** Hiccups of a busy machine, or of a JVM that is warming up, are shorter; and hardly anybody waits for them. */
const lateAboveMs = 100;
/** Of the other nodes' answers at least such a share is taken to be late, so that one late answer is no sensation. */
const shareMin = 0.005;
/** Where all are late, nobody can be more so. */
const shareMax = 0.99;
/** What is looked for: a node of whose answers so much more are late. */
const moreLate = 0.08;
/** Before anything is seen, a node is believed to be such a one with odds of 1 to e^6. */
const priorLog = 6;
/** A node that is late all the time must not take minutes to be believed again. */
const evidenceMax = 12;

/**
 * Finds nodes that answer most requests as the others do and hold up some: a mean hardly shows it, though one request in
 * a hundred waits for it.
 *
 * Two stories of each node are held against each other: that it is late as often as the others are, and that it is so 8 %
 * more often. Each answer is evidence for one of them, by the logarithm of how much likelier it is there. The sum never
 * falls below 0, so that a node is not trusted for longer because it was well for longer (Page, "Continuous Inspection
 * Schemes", Biometrika 1954). What comes out are the odds of the second story.
 *
 * Of answers that were waited for at the same time only one can be late: what held up one, a long collection of garbage,
 * say, has held up the others too. One for each thread; rows of numbers by slot, so that an answer allocates nothing.
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

  /** Time has passed without an answer: such a part of what is known remains. */
  fade(slot: number, part: number): void {
    this.evidence[slot] = (this.evidence[slot] ?? 0) * part;
    this.answers[slot] = (this.answers[slot] ?? 0) * part;
    this.late[slot] = (this.late[slot] ?? 0) * part;
  }

  forget(slot: number): void {
    this.fade(slot, 0);
    this.lateAtMs[slot] = 0;
  }

  /** Now and then. `usualMs` is how long an answer takes at a node that is well; 0 where nobody knows. */
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

  /** The odds that the node holds up answers as the others do not, if such a part of what was known remains. */
  oddsOf(slot: number, part: number): number {
    const evidence = (this.evidence[slot] ?? 0) * part;
    return evidence === 0 ? 0 : Math.exp(evidence - priorLog);
  }
}
