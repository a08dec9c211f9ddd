import { present } from "@rollcall/core";

/** Rate and duration of the latest searches that one node answered. */
export interface Pace {
  readonly perSecond: number;
  /** Absent while there are no searches. */
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
  /** The longest time until an answer or a failure. */
  readonly slowestMs: number;
  /** The first three. */
  readonly firstFailures: readonly Failure[];
}

const windowMs = 5_000;
const failuresKept = 3;

interface Sample {
  readonly atMs: number;
  readonly tookMs: number;
}

/** The totals of several processes together. */
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
 * Counts all searches, and keeps the durations of the last five seconds for each node. Times count from the start of
 * the searches. Memory is bounded by their rate.
 */
export class Tally {
  private searches = 0;
  private failed = 0;
  private slowestMs = 0;
  private readonly firstFailures: Failure[] = [];
  private readonly latest = new Map<string, Sample[]>();
  private readonly answers = new Map<string, number>();

  /** The node at this address has answered a search. */
  answered(node: string, tookMs: number, atMs: number): void {
    this.count(tookMs);
    this.answers.set(node, this.answersOf(node) + 1);
    const samples = this.latest.get(node);
    if (samples === undefined) this.latest.set(node, [{ atMs, tookMs }]);
    else samples.push({ atMs, tookMs });
  }

  /** The caller of a search got an error or an error status. */
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
      // In the first seconds less than a window has passed; a quarter of a second at least, so that no rate explodes.
      perSecond: (samples.length * 1_000) / Math.min(windowMs, Math.max(nowMs, 250)),
      ...present({ p99Ms }),
    };
  }

  /** For a node that is out of use: its old pace must not be shown for the time after. */
  forgetPace(node: string): void {
    this.latest.delete(node);
  }

  private count(tookMs: number): void {
    this.searches++;
    this.slowestMs = Math.max(this.slowestMs, tookMs);
  }
}
