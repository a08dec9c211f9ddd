import { msSinceTick, type TableLayout, ThreadWord, threadRow, tickOf } from "../table/layout.js";
import { Lane, type NewThread } from "./lane.js";

/** One thread never has more requests than this: as many claim words are set aside for it. */
const requestsMaxPerThread = 65_536;

/**
 * Gives each thread a row of the table. A thread that comes up while all rows are taken waits: a dead thread's row
 * is free only once its counts have been folded in.
 */
export class ThreadRows {
  private readonly free: number[];
  private readonly pending: NewThread[] = [];

  constructor(
    private readonly words: Int32Array,
    private readonly layout: TableLayout,
    /** What lanes have to send leaves at the end of this turn. */
    private readonly flushSoon: () => void,
  ) {
    this.free = Array.from({ length: layout.threads }, (_, row) => layout.threads - 1 - row);
  }

  add(thread: NewThread): void {
    this.pending.push(thread);
  }

  /** Whether it was waiting for a row. */
  drop(thread: NewThread): boolean {
    const at = this.pending.indexOf(thread);
    if (at >= 0) this.pending.splice(at, 1);
    return at >= 0;
  }

  release(row: number): void {
    this.free.push(row);
  }

  /** The next thread that waits, attached to a free row; undefined if either is missing. */
  attachNext(nowMs: number): Lane | undefined {
    if (this.pending.length === 0 || this.free.length === 0) return undefined;
    const thread = this.pending.shift();
    const row = this.free.pop();
    if (thread === undefined || row === undefined) return undefined;
    Atomics.store(this.words, threadRow(this.layout, row) + ThreadWord.heartbeat, tickOf(nowMs));
    return new Lane(thread, row, requestsMaxPerThread, this.flushSoon);
  }

  msSinceBeat({ row }: Lane, nowMs: number): number {
    return msSinceTick(Atomics.load(this.words, threadRow(this.layout, row) + ThreadWord.heartbeat), nowMs);
  }

  /** The number of the list of targets that the thread sends by. */
  appliedList({ row }: Lane): number {
    return Atomics.load(this.words, threadRow(this.layout, row) + ThreadWord.applied);
  }

  /** Closes the threads that wait. */
  close(): void {
    for (const { port, viewPort } of this.pending) {
      port.close();
      viewPort.close();
    }
  }
}
