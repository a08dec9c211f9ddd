import { type Listeners, type Logger, logEvent, type Timers } from "@rollcall/core";
import type { Sender } from "../dispatch/sender.js";
import type { Lanes } from "../lane/client.js";
import type { ThreadSetup } from "../threads/setup.js";
import { noThreadStarts, Threads } from "../threads/threads.js";
import { FallbackSender } from "./fallback-sender.js";

export interface ThreadingParts {
  readonly lanes: Lanes;
  readonly threads: number;
  readonly entry: string | undefined;
  readonly setup: ThreadSetup;
  /** Opens what sends from the calling thread where no worker thread can start; absent: requests fail then. */
  readonly openFallback: (() => { readonly sender: Sender; readonly beat: () => void }) | undefined;
  /** Called when what `ready` waits for may have come, or never comes. */
  readonly progress: Listeners<void>;
  readonly logger: Logger;
  readonly timers: Timers;
}

/**
 * The worker threads of a pool, and what becomes of its calls when none can start: they fail, with the reason; or the
 * calling thread sends instead, for as long as the pool is open.
 */
export class Threading {
  readonly lanes: Lanes;
  readonly sender: Sender;
  readonly threads: Threads;
  private readonly fallback: FallbackSender | undefined;
  private fallenBack: { readonly beat: () => void } | undefined;
  /** The last failure that was logged since all threads were up. */
  private logged: string | undefined;

  constructor(private readonly parts: ThreadingParts) {
    const { lanes, openFallback, threads, setup, entry, timers } = parts;
    this.lanes = lanes;
    this.fallback = openFallback === undefined ? undefined : new FallbackSender(lanes);
    this.sender = this.fallback ?? lanes;
    this.threads = new Threads({
      ...{ threads, setup, entry, timers },
      joined: (thread) => {
        lanes.join(thread);
        parts.progress.emit();
        this.logPartialFailure();
      },
      failed: (reason) => lanes.noteFailure(reason),
      changed: () => this.changed(),
      beforeTask: () => lanes.flush(),
    });
  }

  start(): void {
    this.threads.start();
  }

  /** Whether the calling thread sends instead of worker threads. */
  get hasFallenBack(): boolean {
    return this.fallenBack !== undefined;
  }

  /** Why calls that wait for a thread fail; undefined while they may wait. */
  get problem(): string | undefined {
    const { problem } = this.threads;
    return problem === undefined || this.hasFallenBack ? undefined : noThreadStarts(problem);
  }

  beat(): void {
    this.fallenBack?.beat();
  }

  private changed(): void {
    const { problem } = this.threads;
    if (problem === undefined) return this.logPartialFailure();
    if (this.fallback !== undefined) this.fallBack(this.fallback, problem);
    else this.refuse(problem);
    this.parts.progress.emit();
  }

  private refuse(problem: string): void {
    const message = noThreadStarts(problem);
    this.parts.lanes.refuse(message);
    this.threads.refuseTasks(message);
    this.logOnce(problem, () => logEvent(this.parts.logger, "threads.refused", { problem }, message));
  }

  private fallBack(sender: FallbackSender, problem: string): void {
    const opened = this.parts.openFallback?.();
    if (opened === undefined || this.hasFallenBack) return;
    this.fallenBack = opened;
    this.threads.giveUp();
    sender.fallBackTo(opened.sender);
    logEvent(
      this.parts.logger,
      "threads.replaced",
      { problem },
      `no worker thread can start, so the calling thread sends, as with \`threads: 0\`: ${problem}`,
    );
  }

  private logPartialFailure(): void {
    const { logger, lanes } = this.parts;
    const [problem] = this.threads.failures;
    if (problem === undefined) {
      if (this.logged !== undefined) logEvent(logger, "threads.recovered", {}, "all worker threads are up again");
      this.logged = undefined;
    } else if (lanes.isUp) {
      this.logOnce(problem, () =>
        logEvent(
          logger,
          "thread.not-started",
          { problem },
          `a worker thread cannot start, and others send its requests: ${problem}`,
        ),
      );
    }
  }

  private logOnce(problem: string, log: () => void): void {
    if (problem === this.logged) return;
    this.logged = problem;
    log();
  }
}
