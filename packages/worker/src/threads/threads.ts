import type { Timers } from "@rollcall/core";
import { Piscina } from "piscina";
import type { NewThread } from "../lane/lane.js";
import type { Introduction, TaskOrder, ThreadSetup } from "./setup.js";

export interface ThreadsOptions {
  readonly threads: number;
  readonly setup: ThreadSetup;
  /** A thread is up. */
  readonly joined: (thread: NewThread) => void;
  /** An error has ended a thread, and no task is told so. */
  readonly failed: (reason: string) => void;
  /** A thread is about to be given a task. */
  readonly beforeTask: () => void;
  readonly timers: Timers;
  /** The module that a thread runs; another in tests only. */
  readonly entry?: URL;
  readonly resourceLimits?: { readonly maxOldGenerationSizeMb: number };
}

/** Tasks that one thread runs at once, and those that wait for each. */
const tasksPerThread = 64;
const waitingTasksPerThread = 256;

/** A thread that died before it was up is replaced after this time, twice as long each time, up to the greatest. */
const refillMs = 1_000;
const refillMaxMs = 30_000;

/** What a worker is, to Piscina's balancer. */
interface PiscinaWorker {
  readonly id: number;
  readonly currentUsage: number;
}

/**
 * Piscina's worker threads: as many as were asked for, whatever becomes of them.
 *
 * Piscina replaces a thread that dies, at once. After one has died before it was up, it never does again: then we ask it
 * to, by a task that no thread takes while one is missing.
 */
export class Threads {
  private readonly piscina: Piscina<TaskOrder | undefined, void>;
  private readonly workers = new Map<number, PiscinaWorker>();
  private cancelRefill: (() => void) | undefined;
  private refillAfterMs = refillMs;
  private closed = false;

  constructor(private readonly options: ThreadsOptions) {
    const { threads, setup, entry = new URL("./start.cjs", import.meta.url), resourceLimits } = options;
    this.piscina = new Piscina({
      filename: entry.href,
      workerData: setup,
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      // The default stops the loop of a thread that has no task: its sockets and timers with it.
      atomics: "disabled",
      recordTiming: false,
      concurrentTasksPerWorker: tasksPerThread,
      maxQueue: threads * waitingTasksPerThread,
      loadBalancer: (task, workers) => {
        if (task.name === refillName && this.piscina.threads.length < threads) return null;
        let best: (typeof workers)[number] | null = null;
        for (const worker of workers) {
          if (worker.currentUsage < (best?.currentUsage ?? tasksPerThread)) best = worker;
        }
        return best;
      },
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    this.piscina.on("workerCreate", (worker: PiscinaWorker) => this.workers.set(worker.id, worker));
    this.piscina.on("workerDestroy", () => this.refillLater());
    this.piscina.on("message", (message: Introduction) => this.introduce(message));
    // A throw outside of every promise. Without a listener it would end the process.
    this.piscina.on("error", (error: unknown) => options.failed(error instanceof Error ? error.message : "unknown"));
  }

  /** Rejects when the thread dies, no task may wait any more, or the data cannot be cloned. */
  run(order: TaskOrder): Promise<void> {
    this.options.beforeTask();
    return this.piscina.run(order, { transferList: [order.port] });
  }

  async destroy(): Promise<void> {
    this.closed = true;
    this.cancelRefill?.();
    await this.piscina.destroy();
  }

  private introduce({ kind, threadId, port, viewPort }: Introduction): void {
    if (kind !== "rollcall-thread") return;
    if (this.closed) {
      port.close();
      viewPort.close();
      return;
    }
    this.refillAfterMs = refillMs;
    const tasks = () => this.workers.get(threadId)?.currentUsage ?? 0;
    this.options.joined({ port, viewPort, tasks });
  }

  /** Looks, a while after a thread has gone, whether another has come. */
  private refillLater(): void {
    for (const id of this.workers.keys()) {
      if (!this.piscina.threads.some(({ threadId }) => threadId === id)) this.workers.delete(id);
    }
    if (this.closed || this.cancelRefill !== undefined) return;
    const afterMs = this.refillAfterMs;
    this.refillAfterMs = Math.min(afterMs * 2, refillMaxMs);
    this.cancelRefill = this.options.timers.after(afterMs, () => {
      this.cancelRefill = undefined;
      const missing = this.options.threads - this.piscina.threads.length;
      if (this.closed || missing <= 0) return;
      for (let more = 0; more < missing; more++) {
        void this.piscina.run(undefined, { name: refillName }).catch(() => {});
      }
      this.refillLater();
    });
  }
}

/** The export that such a task runs: nothing. */
const refillName = "refill";
