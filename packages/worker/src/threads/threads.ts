import type { Timers } from "@rollcall/core";
import { Piscina } from "piscina";
import type { NewThread } from "../lane/lane.js";
import { isThreadAnnouncement, type TaskMessage, type ThreadSetup } from "./setup.js";

export interface ThreadsOptions {
  readonly threads: number;
  readonly setup: ThreadSetup;
  /** A thread is up. */
  readonly joined: (thread: NewThread) => void;
  /** An error has ended a thread, outside of any task. */
  readonly failed: (reason: string) => void;
  /** A thread is about to get a task. */
  readonly beforeTask: () => void;
  readonly timers: Timers;
  /** The module that a thread runs; another in tests only. */
  readonly entry?: URL;
}

/** Tasks that one thread runs at once, and those that wait for each. */
const tasksPerThread = 64;
const waitingTasksPerThread = 256;

/** A thread that died before it was up is replaced after this time, twice as long each time, up to the greatest. */
const refillMs = 1_000;
const refillMaxMs = 30_000;

/** A worker as Piscina's balancer sees it. */
interface PiscinaWorker {
  readonly id: number;
  readonly currentUsage: number;
}

/**
 * Piscina's worker threads: always as many as configured.
 *
 * Piscina replaces a thread that dies, at once. After one has died before it was up, Piscina 5.3 never does so again.
 * Then a "refill" task makes it start a thread: the balancer refuses that task while one is missing, and a task without
 * a worker is what Piscina starts workers for.
 */
export class Threads {
  private readonly piscina: Piscina<TaskMessage | undefined, void>;
  private readonly workers = new Map<number, PiscinaWorker>();
  /** Threads that have announced themselves: each does once. */
  private readonly announced = new Set<number>();
  private cancelRefill: (() => void) | undefined;
  private refillAfterMs = refillMs;
  private closed = false;

  constructor(private readonly options: ThreadsOptions) {
    const { threads, setup, entry = new URL("./start.cjs", import.meta.url) } = options;
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
    });
    this.piscina.on("workerCreate", (worker: PiscinaWorker) => this.workers.set(worker.id, worker));
    this.piscina.on("workerDestroy", () => this.refillLater());
    this.piscina.on("message", (message: unknown) => this.receive(message));
    // An error thrown outside of every promise. Without a listener it would end the process.
    this.piscina.on("error", (error: unknown) => options.failed(error instanceof Error ? error.message : "unknown"));
  }

  /** Rejects when the thread dies, no task may wait any more, or the data cannot be cloned. */
  run(message: TaskMessage): Promise<void> {
    this.options.beforeTask();
    return this.piscina.run(message, { transferList: [message.port] });
  }

  async destroy(): Promise<void> {
    this.closed = true;
    this.cancelRefill?.();
    await this.piscina.destroy();
  }

  private receive(message: unknown): void {
    if (!isThreadAnnouncement(message)) return;
    const { threadId, port, viewPort } = message;
    if (this.closed || !this.isAlive(threadId) || this.announced.has(threadId)) {
      port.close();
      viewPort.close();
      return;
    }
    this.announced.add(threadId);
    this.refillAfterMs = refillMs;
    const tasks = () => this.workers.get(threadId)?.currentUsage ?? 0;
    this.options.joined({ port, viewPort, tasks });
  }

  private isAlive(id: number): boolean {
    return this.piscina.threads.some(({ threadId }) => threadId === id);
  }

  /** Checks, a while after a thread has ended, whether it was replaced. */
  private refillLater(): void {
    for (const id of [...this.workers.keys(), ...this.announced]) {
      if (this.isAlive(id)) continue;
      this.workers.delete(id);
      this.announced.delete(id);
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

/** The export that such a task runs; it does nothing. */
const refillName = "refill";
