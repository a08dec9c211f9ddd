/** What the latest searches say of one node. */
export interface Pace {
  readonly perSecond: number;
  /** 99 of 100 searches took no longer; absent while there are none. */
  readonly p99Ms?: number;
}

export interface Failure {
  readonly atMs: number;
  readonly code: string;
  readonly message: string;
}

export interface Totals {
  readonly searches: number;
  readonly failed: number;
  /** The longest that anybody waited for an answer or a failure. */
  readonly slowestMs: number;
  /** The first few. */
  readonly firstFailures: readonly Failure[];
}

const windowMs = 5_000;
const failuresKept = 3;

interface Sample {
  readonly atMs: number;
  readonly tookMs: number;
}

/** What came of the searches of several processes together. */
export function sumOf(all: readonly Totals[]): Totals {
  return {
    searches: all.reduce((sum, { searches }) => sum + searches, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    slowestMs: Math.max(0, ...all.map(({ slowestMs }) => slowestMs)),
    firstFailures: all
      .flatMap(({ firstFailures }) => firstFailures)
      .sort((a, b) => a.atMs - b.atMs)
      .slice(0, failuresKept),
  };
}

/**
 * Counts searches, all of them, and remembers those of the last five seconds for each node. All times count from the
 * start of the traffic. Memory is bounded by the rate of the traffic alone.
 */
export class Tally {
  private searches = 0;
  private failed = 0;
  private slowestMs = 0;
  private readonly firstFailures: Failure[] = [];
  private readonly latest = new Map<string, Sample[]>();
  private readonly answers = new Map<string, number>();

  /** A search was answered by `node`, an address. */
  answered(node: string, tookMs: number, atMs: number): void {
    this.count(tookMs);
    this.answers.set(node, this.answersOf(node) + 1);
    const samples = this.latest.get(node);
    if (samples === undefined) this.latest.set(node, [{ atMs, tookMs }]);
    else samples.push({ atMs, tookMs });
  }

  /** A search failed: its caller got an error, or an error status. */
  missed(failure: Failure, tookMs: number): void {
    this.count(tookMs);
    this.failed++;
    if (this.firstFailures.length < failuresKept) this.firstFailures.push(failure);
  }

  totals(): Totals {
    const { searches, failed, slowestMs, firstFailures } = this;
    return { searches, failed, slowestMs, firstFailures: [...firstFailures] };
  }

  answersOf(node: string): number {
    return this.answers.get(node) ?? 0;
  }

  paceOf(node: string, nowMs: number): Pace {
    const samples = this.latest.get(node) ?? [];
    const stale = samples.findIndex(({ atMs }) => atMs > nowMs - windowMs);
    samples.splice(0, stale === -1 ? samples.length : stale);
    if (samples.length === 0) return { perSecond: 0 };
    const took = samples.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const p99Ms = took[Math.ceil(took.length * 0.99) - 1];
    return {
      // At first there is less than a window to divide by, though never next to nothing.
      perSecond: (samples.length * 1_000) / Math.min(windowMs, Math.max(nowMs, 250)),
      ...(p99Ms === undefined ? {} : { p99Ms }),
    };
  }

  /** The node is out of use: the pace that it had says nothing of what comes next. */
  forgetPace(node: string): void {
    this.latest.delete(node);
  }

  private count(tookMs: number): void {
    this.searches++;
    this.slowestMs = Math.max(this.slowestMs, tookMs);
  }
}
