import type { RollcallError } from "@rollcall/worker";

/** Whether work is to end early, and why: the first reason counts. */
export class Stop {
  private reason: RollcallError | undefined;
  private readonly waiting = new Set<() => void>();

  get isStopped(): boolean {
    return this.reason !== undefined;
  }

  get error(): RollcallError | undefined {
    return this.reason;
  }

  now(error: RollcallError): void {
    if (this.reason !== undefined) return;
    this.reason = error;
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  /** Calls `wake` once, at once if it is stopped already. Returns its cancellation. */
  on(wake: () => void): () => void {
    if (this.isStopped) wake();
    else this.waiting.add(wake);
    return () => this.waiting.delete(wake);
  }
}
