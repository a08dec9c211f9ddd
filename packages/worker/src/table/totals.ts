import { CounterWord, counterRow, HeaderWord, type TableLayout, ThreadWord, threadRow } from "./layout.js";

/** Counts of one node, in all threads: what is going on, and what has been since the node got its slot. */
export interface NodeTotals {
  readonly openSockets: number;
  /** Attempts under way. */
  readonly inFlight: number;
  readonly requests: number;
  readonly answers: number;
  readonly failures: number;
  readonly errorStatuses: number;
}

/** Counts that belong to no node, in all threads. */
export interface ThreadTotals {
  readonly queued: number;
  readonly retries: number;
  /** Requests that tasks made in threads. */
  readonly requests: number;
  readonly answered: number;
  readonly failed: number;
}

const perNode = ["errorStatuses", "failures", "answers", "requests"] as const;
const perThread = ["retries", "requests", "answered", "failed"] as const;

/**
 * The main thread's sums of what the threads count. Whatever is counted is taken from the thread's word when it is
 * looked at, so a sum is exact however many threads have come and gone. A word holds 2^31 counts until it is looked at.
 */
export class TableTotals {
  /** By slot. */
  private readonly nodes: Float64Array;
  /** By thread: requests of its tasks that have begun and not ended. */
  private readonly ownUnderWay: Float64Array;
  private readonly process = { retries: 0, requests: 0, answered: 0, failed: 0 };

  constructor(
    private readonly words: Int32Array,
    private readonly layout: TableLayout,
  ) {
    this.nodes = new Float64Array(layout.slots * perNode.length);
    this.ownUnderWay = new Float64Array(layout.threads);
  }

  ofNode(slot: number): NodeTotals {
    let openSockets = 0;
    let inFlight = 0;
    for (let thread = 0; thread < this.layout.threads; thread++) {
      const row = counterRow(this.layout, thread, slot);
      openSockets += Atomics.load(this.words, row + CounterWord.openSockets);
      inFlight += Atomics.load(this.words, row + CounterWord.inFlight);
      this.take(thread, slot);
    }
    const at = slot * perNode.length;
    const [errorStatuses = 0, failures = 0, answers = 0, requests = 0] = this.nodes.subarray(at, at + perNode.length);
    return { openSockets, inFlight, requests, answers, failures, errorStatuses };
  }

  /** Attempts under way at every node there is or was. */
  get inFlight(): number {
    let total = 0;
    const rows = Atomics.load(this.words, HeaderWord.rows);
    for (let thread = 0; thread < this.layout.threads; thread++) {
      for (let slot = 0; slot < rows; slot++) {
        total += Atomics.load(this.words, counterRow(this.layout, thread, slot) + CounterWord.inFlight);
      }
    }
    return total;
  }

  get ofThreads(): ThreadTotals {
    let queued = 0;
    for (let thread = 0; thread < this.layout.threads; thread++) {
      queued += Atomics.load(this.words, threadRow(this.layout, thread) + ThreadWord.queued);
      this.takeOwn(thread);
    }
    return { queued, ...this.process };
  }

  /** Takes every count there is; to be called at least once in 2^31 requests. */
  gather(): void {
    const rows = Atomics.load(this.words, HeaderWord.rows);
    for (let thread = 0; thread < this.layout.threads; thread++) {
      this.takeOwn(thread);
      for (let slot = 0; slot < rows; slot++) this.take(thread, slot);
    }
  }

  /** Another node gets the slot: what was counted there is about the last one. */
  restart(slot: number): void {
    for (let thread = 0; thread < this.layout.threads; thread++) this.take(thread, slot);
    this.nodes.fill(0, slot * perNode.length, (slot + 1) * perNode.length);
  }

  /** The thread is dead: what it counted stays counted, and what was going on there is over. */
  fold(thread: number): void {
    const own = threadRow(this.layout, thread);
    const rows = Atomics.load(this.words, HeaderWord.rows);
    for (let slot = 0; slot < rows; slot++) {
      this.take(thread, slot);
      const row = counterRow(this.layout, thread, slot);
      // Attempts that died with it have ended without an answer.
      this.add(slot, "failures", Atomics.exchange(this.words, row + CounterWord.inFlight, 0));
      for (const word of ["openSockets", "oldest", "newest"] as const) {
        Atomics.store(this.words, row + CounterWord[word], 0);
      }
    }
    this.takeOwn(thread);
    this.process.failed += this.ownUnderWay[thread] ?? 0;
    this.ownUnderWay[thread] = 0;
    Atomics.store(this.words, own + ThreadWord.heartbeat, 0);
    Atomics.store(this.words, own + ThreadWord.applied, 0);
    Atomics.store(this.words, own + ThreadWord.queued, 0);
  }

  // What ends is taken before what begins: so nothing seems to have ended that was not begun.
  private take(thread: number, slot: number): void {
    const row = counterRow(this.layout, thread, slot);
    for (const count of perNode) this.add(slot, count, Atomics.exchange(this.words, row + CounterWord[count], 0));
  }

  private takeOwn(thread: number): void {
    const row = threadRow(this.layout, thread);
    const taken = (count: (typeof perThread)[number]) => {
      const more = Atomics.exchange(this.words, row + ThreadWord[count], 0);
      this.process[count] += more;
      return more;
    };
    taken("retries");
    const ended = taken("failed") + taken("answered");
    this.ownUnderWay[thread] = (this.ownUnderWay[thread] ?? 0) + taken("requests") - ended;
  }

  private add(slot: number, count: (typeof perNode)[number], more: number): void {
    if (more === 0) return;
    const at = slot * perNode.length + perNode.indexOf(count);
    this.nodes[at] = (this.nodes[at] ?? 0) + more;
  }
}
