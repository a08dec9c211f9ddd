import { setTimeout as startTimer } from "node:timers";
import { type Indexed, SwapRemoveList } from "../dispatch/swap-remove-list.js";

/** An item that is cancelled when its time is over. */
export interface Due extends Indexed {
  /** On the monotonic clock. */
  readonly dueMs: number;
  /** Its time is over. May be called more than once, until it is removed. */
  expire(): void;
}

/** How soon `expire` is called again for an item that has not ended. */
const endingMs = 100;

/**
 * The deadlines of all pending requests, with one timer for all of them: most requests end long before theirs, so one
 * timer each would be set and cleared for nothing.
 *
 * Keeps the process alive for as long as a deadline is in it. An answer that has arrived when a deadline passes still
 * counts: timers run before sockets are read, so one more poll phase goes by first.
 */
export class Deadlines {
  private readonly list = new SwapRemoveList<Due>();
  private timer: NodeJS.Timeout | undefined;
  private armedForMs = Number.POSITIVE_INFINITY;

  constructor(private readonly nowMs: () => number) {}

  add(due: Due): void {
    this.list.add(due);
    if (due.dueMs < this.armedForMs) this.arm(due.dueMs);
    else if (this.list.length === 1) this.timer?.ref();
  }

  remove(due: Due): void {
    this.list.remove(due);
    if (this.list.length === 0) this.timer?.unref();
  }

  close(): void {
    clearTimeout(this.timer);
    this.armedForMs = Number.POSITIVE_INFINITY;
  }

  private arm(dueMs: number): void {
    clearTimeout(this.timer);
    this.armedForMs = dueMs;
    this.timer = startTimer(() => setImmediate(this.sweep), Math.max(0, dueMs - this.nowMs()));
  }

  private readonly sweep = (): void => {
    this.armedForMs = Number.POSITIVE_INFINITY;
    const nowMs = this.nowMs();
    // However late this runs, items end in the order in which they were due.
    const overdue = this.list.toArray().filter(({ dueMs }) => dueMs <= nowMs);
    for (const due of overdue.sort((a, b) => a.dueMs - b.dueMs)) due.expire();
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.list.toArray()) {
      // An item that has expired and is still listed ends soon, and keeps the process alive until then.
      earliestMs = Math.min(earliestMs, dueMs <= nowMs ? nowMs + endingMs : dueMs);
    }
    if (earliestMs < this.armedForMs) this.arm(earliestMs);
  };
}
