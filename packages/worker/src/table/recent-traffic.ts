import { latencyBuckets, type Timers } from "@rollcall/core";
import { latencyRow, SharedWord, sharedRow, type TableLayout } from "./layout.js";
import type { TableTotals } from "./totals.js";

/** What one node has done in the last 10 to 15 s. */
export interface RecentTraffic {
  readonly requests: number;
  /** Attempts without a whole answer, and answers with 429 or 5xx. */
  readonly errors: number;
  /** Answers by their latency, in the buckets of latency-buckets.ts. */
  readonly latency: readonly number[];
}

/** Requests of the application so far, and those of them that were rejected. */
export interface PoolCounts {
  readonly requests: number;
  readonly failed: number;
}

/** Rows of numbers by slot: a pool may have thousands of nodes. */
interface Sample {
  readonly atMs: number;
  readonly ofPool: PoolCounts;
  readonly generations: Int32Array;
  readonly requests: Float64Array;
  /** Attempts that had ended. */
  readonly ended: Float64Array;
  readonly errors: Float64Array;
  /** A row of buckets for each slot. */
  readonly latency: Int32Array;
}

const noTraffic: RecentTraffic = { requests: 0, errors: 0, latency: Array.from({ length: latencyBuckets }, () => 0) };

const sampleEveryMs = 5_000;
/** The oldest of these is what the present is compared with. */
const samplesKept = 3;

/** How the counts of the table have grown of late. */
export class RecentTraffics {
  private samples: readonly Sample[] = [];
  private cancel = () => {};

  constructor(
    private readonly words: Int32Array,
    private readonly layout: TableLayout,
    private readonly totals: TableTotals,
    private readonly timers: Timers,
    private readonly counts: () => PoolCounts,
  ) {}

  /** Takes a sample now, and one each 5 s. */
  start(): void {
    this.cancel = this.timers.after(sampleEveryMs, () => this.start());
    const last = this.samples.at(-1);
    const now = { atMs: this.timers.nowMs(), ofPool: this.counts() };
    // Of an idle pool one sample stands for all, whatever its size.
    const rows = last !== undefined && this.isUnchanged(last) ? last : this.sampledRows();
    this.samples = [...this.samples, { ...rows, ...now }].slice(-samplesKept);
  }

  close(): void {
    this.cancel();
  }

  /** What the pool has done, and the time, in milliseconds, in which it has. Undefined before the first sample. */
  ofPool(): (PoolCounts & { readonly overMs: number }) | undefined {
    const [oldest] = this.samples;
    if (oldest === undefined) return undefined;
    const { requests, failed } = this.counts();
    return {
      overMs: Math.round(this.timers.nowMs() - oldest.atMs),
      requests: requests - oldest.ofPool.requests,
      failed: failed - oldest.ofPool.failed,
    };
  }

  /** In the same time. Undefined before the first sample, and while another node had the slot at the oldest one. */
  of(slot: number): RecentTraffic | undefined {
    const requests = this.requestsOf(slot);
    const [oldest] = this.samples;
    if (requests === undefined || oldest === undefined) return undefined;
    if (this.totals.requestsOf(slot) === 0) return noTraffic;
    const latency = new Int32Array(latencyBuckets);
    for (let thread = 0; thread < this.layout.threads; thread++) this.addLatency(latency, thread, slot);
    const first = slot * latencyBuckets;
    return {
      requests,
      errors: Math.max(0, this.errorsOf(slot) - (oldest.errors[slot] ?? 0)),
      // Words wrap; differences stay right.
      latency: Array.from(latency, (count, bucket) => (count - (oldest.latency[first + bucket] ?? 0)) | 0),
    };
  }

  /** The attempts of {@link of} alone, at no cost for a node without any. */
  requestsOf(slot: number): number | undefined {
    const [oldest] = this.samples;
    if (oldest === undefined) return undefined;
    const generation = oldest.generations[slot];
    if (generation !== undefined && generation !== this.generationOf(slot)) return undefined;
    // A slot's counts begin again when it is released.
    return Math.max(0, this.totals.requestsOf(slot) - (oldest.requests[slot] ?? 0));
  }

  private sampledRows(): Omit<Sample, "atMs" | "ofPool"> {
    const { rows } = this.totals;
    const generations = Int32Array.from({ length: rows }, (_, slot) => this.generationOf(slot));
    const requests = Float64Array.from({ length: rows }, (_, slot) => this.totals.requestsOf(slot));
    const ended = Float64Array.from(requests, (count, slot) => (count === 0 ? 0 : this.totals.endedOf(slot)));
    const errors = Float64Array.from(requests, (count, slot) => (count === 0 ? 0 : this.errorsOf(slot)));
    const latency = new Int32Array(rows * latencyBuckets);
    // The rows of a thread stand one behind the other.
    for (let thread = 0; thread < this.layout.threads; thread++) this.addLatency(latency, thread, 0);
    return { generations, requests, ended, errors, latency };
  }

  /** Whether no attempt has begun or ended at any node since, and no slot has another node. */
  private isUnchanged({ generations, requests, ended }: Sample): boolean {
    if (generations.length !== this.totals.rows) return false;
    for (let slot = 0; slot < generations.length; slot++) {
      const count = this.totals.requestsOf(slot);
      if (count !== requests[slot] || this.generationOf(slot) !== generations[slot]) return false;
      if (count > 0 && this.totals.endedOf(slot) !== ended[slot]) return false;
    }
    return true;
  }

  private generationOf(slot: number): number {
    return Atomics.load(this.words, sharedRow(slot) + SharedWord.generation);
  }

  private errorsOf(slot: number): number {
    const { failures, errorStatuses } = this.totals.ofNode(slot);
    return failures + errorStatuses;
  }

  /** Adds the thread's counts from the row of this slot on, for as many buckets as `latency` has. */
  private addLatency(latency: Int32Array, thread: number, slot: number): void {
    const row = latencyRow(this.layout, thread, slot);
    for (let at = 0; at < latency.length; at++) latency[at] = (latency[at] ?? 0) + (this.words[row + at] ?? 0);
  }
}
