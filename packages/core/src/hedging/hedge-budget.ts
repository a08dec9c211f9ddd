/** Income whatever the load is, so that a quiet process can hedge now and then. */
const earnedMsPerSecond = 1;
/** The balance lies within the income of so long, and at least so much. */
const windowMs = 10_000;
const balanceMinMs = 50;
/** For Reads at a silent node, so much of its greatest may the balance be overdrawn. */
const overdraftShare = 1 / 2;
/** What a 429 or 503 costs: the cluster has too much to do. */
const refusalMs = 50;
/** This part of the Reads may be hedged, and so many at once in any case. */
const tokensPerRead = 0.05;
const tokensMin = 10;
/** Incomes fade in steps of so long. */
const stepMs = 10;

/**
 * How much work hedges may cost.
 *
 * The balance is in milliseconds of hedges that were lost. A hedge that wins pays for a lost one: where one node is bad,
 * most win. Where all nodes are slow hardly any wins, so the balance stops them. A bound by count alone would let a few very long
 * queries double the work of a cluster. The count is a second bound.
 *
 * One instance a thread.
 */
export class HedgeBudget {
  private balance = balanceMinMs;
  private tokens = tokensMin;
  /** Of the last `windowMs`, fading. */
  private incomeMs = 0;
  private reads = 0;

  /** `extraWork`: the part of the answers' milliseconds that lost hedges may cost. */
  constructor(
    private fadedAtMs: number,
    private readonly extraWork: number,
  ) {}

  /** A Read that may be hedged begins. */
  countRead(nowMs: number): void {
    this.advance(nowMs);
    this.reads++;
    this.tokens = Math.min(this.tokens + tokensPerRead, Math.max(tokensMin, this.reads * tokensPerRead));
  }

  /** A Read was answered after so long. */
  answered(tookMs: number, nowMs: number): void {
    this.advance(nowMs);
    this.earn(tookMs * this.extraWork);
  }

  /** A hedge was of no use, and has cost so much. */
  lost(ms: number): void {
    this.balance = Math.max(this.balance - ms, -this.balanceMaxMs());
  }

  /** A hedge was of use, where one that is not would have cost so much. */
  won(delayMs: number): void {
    this.balance = Math.min(this.balance + delayMs, this.balanceMaxMs());
  }

  /** A node has answered 429 or 503. */
  refused(): void {
    this.lost(refusalMs);
  }

  /**
   * Whether the work of a further hedge is covered, if those under way cost so much. For Reads at a silent node the
   * balance may be overdrawn: uneven answers elsewhere may have used it up, and there nearly every hedge wins.
   */
  covers(reservedMs: number, nowMs: number, mayOverdraw = false): boolean {
    this.advance(nowMs);
    return this.balance - reservedMs > (mayOverdraw ? -overdraftShare * this.balanceMaxMs() : 0);
  }

  /** Takes what one hedge needs of the count; false, taking nothing, where less is left. */
  takeToken(): boolean {
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }

  private earn(ms: number): void {
    this.incomeMs += ms;
    this.balance = Math.min(this.balance + ms, this.balanceMaxMs());
  }

  private balanceMaxMs(): number {
    return Math.max(balanceMinMs, this.incomeMs);
  }

  private advance(nowMs: number): void {
    const elapsedMs = nowMs - this.fadedAtMs;
    if (elapsedMs < stepMs) return;
    this.fadedAtMs = nowMs;
    const fade = Math.exp(-elapsedMs / windowMs);
    this.incomeMs *= fade;
    this.reads *= fade;
    this.earn((elapsedMs / 1_000) * earnedMsPerSecond);
  }
}
