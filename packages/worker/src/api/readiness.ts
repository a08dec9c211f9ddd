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
  /** Why no thread can start; undefined while one is up, or may come up. */
  readonly threadProblem: string | undefined;
  /** Why no request can be signed. */
  readonly signProblem: string | undefined;
}

type Outcome = "ready" | "threadless" | "unsigned" | "closed" | "late";

/** Lets callers wait until the pool can answer. */
export class Readiness {
  private readonly closing = new Listeners<void>();

  constructor(
    private readonly facts: () => ReadyFacts,
    private readonly progress: Listeners<void>,
  ) {}

  async wait(timeoutMs: number): Promise<void> {
    const outcome = this.outcome ?? (await this.nextOutcome(timeoutMs));
    if (outcome === "threadless") throw new RollcallError("THREAD", this.facts().threadProblem ?? "no thread is up");
    if (outcome === "unsigned") throw new RollcallError("SIGN", this.facts().signProblem ?? "no request can be signed");
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

  private nextOutcome(timeoutMs: number): Promise<Outcome> {
    return new Promise((resolve) => {
      // It keeps the process alive: a caller waits for it.
      const timer = startTimer(() => settle("late"), timeoutMs);
      const stops = [
        this.progress.add(() => {
          const { outcome } = this;
          if (outcome !== undefined) settle(outcome);
        }),
        this.closing.add(() => settle("closed")),
      ];
      const settle = (how: Outcome) => {
        clearTimeout(timer);
        for (const stop of stops) stop();
        resolve(how);
      };
    });
  }

  private get outcome(): Outcome | undefined {
    const { isVerified, isUp, threadProblem, signProblem } = this.facts();
    if (threadProblem !== undefined) return "threadless";
    if (signProblem !== undefined) return "unsigned";
    return isVerified && isUp ? "ready" : undefined;
  }
}
