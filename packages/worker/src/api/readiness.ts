import { setTimeout as startTimer } from "node:timers";
import { Listeners, RollcallError } from "@rollcall/core";

/** What `ready` depends on. */
export interface ReadyFacts {
  /** Whether a node has proved to belong to the cluster. */
  readonly isVerified: boolean;
  /** Whether a thread that sends is up. */
  readonly isUp: boolean;
  /** What stands in the way of finding the cluster's nodes, for people. */
  readonly problem: string | undefined;
}

/** Lets callers wait until the pool can answer. */
export class Readiness {
  private readonly closing = new Listeners<void>();

  constructor(
    private readonly facts: () => ReadyFacts,
    private readonly progress: Listeners<void>,
  ) {}

  async wait(timeoutMs: number): Promise<void> {
    if (this.isReady) return;
    const outcome = await new Promise<"ready" | "closed" | "late">((resolve) => {
      // It keeps the process alive: a caller waits for it.
      const timer = startTimer(() => settle("late"), timeoutMs);
      const stops = [
        this.progress.add(() => {
          if (this.isReady) settle("ready");
        }),
        this.closing.add(() => settle("closed")),
      ];
      const settle = (how: "ready" | "closed" | "late") => {
        clearTimeout(timer);
        for (const stop of stops) stop();
        resolve(how);
      };
    });
    if (outcome === "closed") throw new RollcallError("CLOSED", "the pool was closed before any node was verified");
    if (outcome === "late") {
      const { isVerified, problem } = this.facts();
      const why = isVerified ? "no worker thread is up" : (problem ?? "no node has answered");
      throw new RollcallError("TIMEOUT", `no node was verified within ${timeoutMs} ms: ${why}`);
    }
  }

  close(): void {
    this.closing.emit();
  }

  private get isReady(): boolean {
    const { isVerified, isUp } = this.facts();
    return isVerified && isUp;
  }
}
