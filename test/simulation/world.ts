import type { Clock } from "@rollcall/core";

interface Event {
  readonly atMs: number;
  /** Of two events of one moment, the one that was planned first comes first. */
  readonly order: number;
  run: (() => void) | undefined;
}

/**
 * The time of a simulated world, and all that is going to happen in it. One event after the other: between two of them
 * every promise that can go on has gone on, so that the same seed always has the same story, however slow the
 * machine.
 */
export class World implements Clock {
  private timeMs = 0;
  private planned = 0;
  /** A binary heap: the next event comes first. */
  private readonly events: Event[] = [];

  nowMs(): number {
    return this.timeMs;
  }

  /** Plans something; what is due in the past happens now. Returns its cancellation. */
  after(delayMs: number, run: () => void): () => void {
    const event: Event = { atMs: this.timeMs + Math.max(0, delayMs), order: this.planned++, run };
    this.push(event);
    return () => {
      event.run = undefined;
    };
  }

  /** Lets everything happen that is due until then. `goesOn` is asked after each event. */
  runUntil(untilMs: number, goesOn: () => boolean = () => true): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          for (;;) {
            const next = this.events[0];
            if (next === undefined || next.atMs > untilMs || !goesOn()) break;
            this.pop();
            if (next.run === undefined) continue;
            this.timeMs = next.atMs;
            next.run();
            // Promises go on before the next turn of the loop.
            setImmediate(step);
            return;
          }
          this.timeMs = Math.max(this.timeMs, untilMs);
          resolve();
        } catch (error) {
          reject(error);
        }
      };
      setImmediate(step);
    });
  }

  private push(event: Event): void {
    const { events } = this;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = events[above];
      if (parent === undefined || isBefore(parent, event)) break;
      events[at] = parent;
      at = above;
    }
    events[at] = event;
  }

  private pop(): void {
    const { events } = this;
    const last = events.pop();
    if (last === undefined || events.length === 0) return;
    let at = 0;
    for (;;) {
      const left = events[2 * at + 1];
      const right = events[2 * at + 2];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const smaller = isRight ? right : left;
      if (smaller === undefined || isBefore(last, smaller)) break;
      events[at] = smaller;
      at = 2 * at + (isRight ? 2 : 1);
    }
    events[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
