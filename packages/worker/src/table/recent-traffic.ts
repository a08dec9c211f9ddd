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

interface NodeSample {
  readonly generation: number;
  readonly requests: number;
  readonly answers: number;
  readonly errors: number;
  readonly latency: Int32Array;
}

/** Requests of the application so far, and those of them that were rejected. */
export interface PoolCounts {
  readonly requests: number;
  readonly failed: number;
}

interface Sample {
  readonly atMs: number;
  readonly ofPool: PoolCounts;
  /** By slot. */
  readonly nodes: ReadonlyMap<number, NodeSample>;
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
    const newest = this.samples.at(-1)?.nodes;
    const nodes = new Map<number, NodeSample>();
    for (let slot = 0; slot < this.totals.rows; slot++) nodes.set(slot, this.sampleOf(slot, newest?.get(slot)));
    this.samples = [...this.samples, { atMs: this.timers.nowMs(), ofPool: this.counts(), nodes }].slice(-samplesKept);
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
    const [oldest] = this.samples;
    if (oldest === undefined) return undefined;
    const then = oldest.nodes.get(slot);
    const now = this.sampleOf(slot, then);
    if (now === then) return noTraffic;
    if (then !== undefined && then.generation !== now.generation) return undefined;
    return {
      // A slot's counts begin again when it is released.
      requests: Math.max(0, now.requests - (then?.requests ?? 0)),
      errors: Math.max(0, now.errors - (then?.errors ?? 0)),
      // Words wrap; differences stay right.
      latency: Array.from(now.latency, (count, bucket) => (count - (then?.latency[bucket] ?? 0)) | 0),
    };
  }

  /** The sample before, where nothing has come to it. */
  private sampleOf(slot: number, before?: NodeSample): NodeSample {
    const generation = Atomics.load(this.words, sharedRow(slot) + SharedWord.generation);
    const isUnused = before?.requests === 0 && this.totals.requestsOf(slot) === 0;
    if (isUnused && before.generation === generation) return before;
    const { errorStatuses, failures, requests, answers } = this.totals.ofNode(slot);
    const errors = failures + errorStatuses;
    const isSame = before?.generation === generation && before.requests === requests && before.errors === errors;
    if (isSame && before.answers === answers) return before;
    const latency = new Int32Array(latencyBuckets);
    for (let thread = 0; thread < this.layout.threads; thread++) {
      const row = latencyRow(this.layout, thread, slot);
      for (let bucket = 0; bucket < latencyBuckets; bucket++) {
        latency[bucket] = (latency[bucket] ?? 0) + (this.words[row + bucket] ?? 0);
      }
    }
    return { generation, requests, answers, errors, latency };
  }
}
