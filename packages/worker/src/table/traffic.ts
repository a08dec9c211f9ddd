import { beatMs, type LoopLag, type NodeTraffic, waitingSinceMs } from "@rollcall/core/health";
import {
  CounterWord,
  counterRow,
  counterWords,
  HeaderWord,
  msSinceTick,
  stampedMs,
  type TableLayout,
  ThreadWord,
  threadRow,
} from "./layout.js";

/** What all threads together see of each node now. */
export class TableTraffic {
  constructor(
    private readonly words: Int32Array,
    private readonly layout: TableLayout,
  ) {}

  /** Whether an attempt is in flight at the node, in any thread. */
  isAwaited(slot: number): boolean {
    for (let thread = 0; thread < this.layout.threads; thread++) {
      if (Atomics.load(this.words, this.row(thread, slot) + CounterWord.oldest) !== 0) return true;
    }
    return false;
  }

  /** All slots of which {@link isAwaited} is true; one that is so in two threads may come twice. */
  awaitedSlots(): readonly number[] {
    const awaited: number[] = [];
    const rows = Atomics.load(this.words, HeaderWord.rows);
    for (let thread = 0; thread < this.layout.threads; thread++) {
      // A beat of an idle pool costs the same however many nodes it has.
      if (Atomics.load(this.words, threadRow(this.layout, thread) + ThreadWord.awaited) === 0) continue;
      let word = this.row(thread, 0) + CounterWord.oldest;
      for (let slot = 0; slot < rows; slot++, word += counterWords) {
        if (Atomics.load(this.words, word) !== 0) awaited.push(slot);
      }
    }
    return awaited;
  }

  of(slot: number, nowMs: number): NodeTraffic {
    let oldestMs: number | undefined;
    let newestMs: number | undefined;
    let handshakeMs = 0;
    for (let thread = 0; thread < this.layout.threads; thread++) {
      const row = this.row(thread, slot);
      handshakeMs = Math.max(handshakeMs, Atomics.load(this.words, row + CounterWord.handshakeMs));
      const oldest = stampedMs(Atomics.load(this.words, row + CounterWord.oldest), nowMs);
      const newest = stampedMs(Atomics.load(this.words, row + CounterWord.newest), nowMs);
      if (oldest === undefined || newest === undefined) continue;
      const lag = this.lagOf(thread, nowMs);
      const oldestSinceMs = waitingSinceMs(lag, oldest, nowMs);
      const newestSinceMs = waitingSinceMs(lag, newest, nowMs);
      // A thread that does not run does not wait.
      if (oldestSinceMs === undefined || newestSinceMs === undefined) continue;
      oldestMs = Math.min(oldestMs ?? oldestSinceMs, oldestSinceMs);
      newestMs = Math.max(newestMs ?? newestSinceMs, newestSinceMs);
    }
    const lastByteMs = this.lastByteMs(slot, nowMs);
    return { oldestMs, newestMs, lastByteMs, handshakeMs: handshakeMs === 0 ? undefined : handshakeMs };
  }

  /** When a byte of an answer last came from the node; -Infinity for never. */
  lastByteMs(slot: number, nowMs: number): number {
    let lastByteMs = Number.NEGATIVE_INFINITY;
    for (let thread = 0; thread < this.layout.threads; thread++) {
      const stamp = Atomics.load(this.words, this.row(thread, slot) + CounterWord.lastByte);
      lastByteMs = Math.max(lastByteMs, stampedMs(stamp, nowMs) ?? lastByteMs);
    }
    return lastByteMs;
  }

  /** The thread's event-loop lag, as far as others need it. */
  private lagOf(thread: number, nowMs: number): LoopLag {
    const row = threadRow(this.layout, thread);
    const timeOf = (word: number) => Math.trunc(nowMs) - msSinceTick(Atomics.load(this.words, row + word), nowMs);
    return { sinceMs: timeOf(ThreadWord.runningSince), dueMs: timeOf(ThreadWord.heartbeat) + beatMs, stalledMs: 0 };
  }

  private row(thread: number, slot: number): number {
    return counterRow(this.layout, thread, slot);
  }
}
