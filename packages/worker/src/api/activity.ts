import { setTimeout as startTimer } from "node:timers";
import type { RollcallErrorCode } from "@rollcall/core";
import type { CountedEvent } from "../table/layout.js";

/** Counts the requests and tasks that the pool's own thread has begun, and signals when none is pending. */
export class Activity {
  readonly totals = { requests: 0, answered: 0, failed: 0 };
  /** Of those that failed, how many with each code. */
  readonly errors: Partial<Record<RollcallErrorCode, number>> = {};
  private tasks = 0;
  private idle: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  get pendingRequests(): number {
    return this.totals.requests - this.totals.answered - this.totals.failed;
  }

  // Passed on as functions.

  readonly countRequest = (what: CountedEvent): void => {
    // Each by its name: V8 looks for a field whose name is in a variable.
    if (what === "requests") this.totals.requests++;
    else if (what === "answered") this.totals.answered++;
    else {
      this.totals.failed++;
      this.errors[what] = (this.errors[what] ?? 0) + 1;
    }
    if (what !== "requests") this.settle();
  };

  readonly countTask = (change: 1 | -1): void => {
    this.tasks += change;
    if (change === -1) this.settle();
  };

  /** Resolves once nothing is pending, or after the shortest of the times given so far. */
  whenIdle(limitMs: number): Promise<void> {
    if (this.idle === undefined) {
      let resolve = () => {};
      const promise = new Promise<void>((done) => {
        resolve = done;
      });
      this.idle = { promise, resolve };
    }
    const { promise, resolve } = this.idle;
    const timer = startTimer(resolve, limitMs);
    void promise.then(() => clearTimeout(timer));
    this.settle();
    return promise;
  }

  private settle(): void {
    if (this.pendingRequests === 0 && this.tasks === 0) this.idle?.resolve();
  }
}
