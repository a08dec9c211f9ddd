import { ReducerRunner, type Timers } from "@rollcall/core";
import type { NewThread } from "../lane/lane.js";
import type { ThreadSetup } from "./setup.js";
import { describeThreadEnd } from "./start-failure.js";
import {
  failureOf,
  newThreadPlace,
  type ThreadPlace,
  type ThreadPlaceEffect,
  type ThreadPlaceEvent,
  threadPlaceReducer,
} from "./thread-place.js";
import { type ThreadTask, ThreadTasks } from "./thread-tasks.js";
import { WorkerThread } from "./worker-thread.js";

export interface ThreadsOptions {
  readonly threads: number;
  readonly setup: ThreadSetup;
  /** The module that a thread runs, if not the package's own: an absolute path or a file URL. */
  readonly entry?: string | undefined;
  /** A thread is up. */
  readonly joined: (thread: NewThread) => void;
  /** An error has ended a thread that was up. */
  readonly failed: (reason: string) => void;
  /** What {@link Threads.failures} or {@link Threads.problem} says has changed. */
  readonly changed: () => void;
  /** A thread is about to get a task. */
  readonly beforeTask: () => void;
  readonly timers: Timers;
}

/** The worker threads of a pool: as many as configured, each started again when it ends. */
export class Threads {
  private readonly places: readonly Place[];
  private readonly tasks: ThreadTasks;
  private isGivenUp = false;

  constructor(private readonly options: ThreadsOptions) {
    this.tasks = new ThreadTasks(options.threads, options.beforeTask);
    this.places = Array.from({ length: options.threads }, () => new Place(options, this.tasks, this.changed));
  }

  start(): void {
    for (const place of this.places) place.start();
  }

  /** Why each place that has no thread has none; one whose first thread is starting is not among them. */
  get failures(): readonly string[] {
    return this.places.map(({ failure }) => failure).filter((failure) => failure !== undefined);
  }

  /** Why no thread is up, and none starts for the first time; undefined otherwise. */
  get problem(): string | undefined {
    const { failures } = this;
    return failures.length < this.places.length ? undefined : failures.at(-1);
  }

  run(task: ThreadTask): () => void {
    return this.tasks.run(task);
  }

  /** Tasks that wait for a thread, and those that come until one is up, fail with this. */
  refuseTasks(message: string): void {
    this.tasks.refuse("THREAD", message);
  }

  /** Ends every thread and starts none any more. Tasks that no thread has begun are to run elsewhere. */
  giveUp(): void {
    this.isGivenUp = true;
    this.tasks.refuse("elsewhere", "");
    void this.destroy();
  }

  /** Always resolves. */
  async destroy(): Promise<void> {
    await Promise.allSettled(this.places.map((place) => place.close()));
  }

  private readonly changed = (): void => {
    if (!this.isGivenUp) this.options.changed();
  };
}

/** The message of every call that waits for a thread. */
export function noThreadStarts(problem: string): string {
  return `no worker thread can start: ${problem}; with \`threads: 0\` the calling thread sends`;
}

/** One place, and the thread that has it. */
class Place {
  private readonly runner: ReducerRunner<ThreadPlace, ThreadPlaceEvent, ThreadPlaceEffect>;
  private thread: WorkerThread | undefined;

  constructor(
    private readonly options: ThreadsOptions,
    private readonly tasks: ThreadTasks,
    changed: () => void,
  ) {
    const { timers } = options;
    this.runner = new ReducerRunner(newThreadPlace(timers.nowMs()), threadPlaceReducer, {
      timers,
      carryOut: (effect) => (effect === "start" ? this.start() : void this.thread?.end()),
      changed: (state, before) => {
        if (failureOf(state) !== failureOf(before)) changed();
      },
    });
  }

  get failure(): string | undefined {
    return failureOf(this.runner.state);
  }

  start(): void {
    const { setup, entry, failed, joined } = this.options;
    try {
      const thread: WorkerThread = new WorkerThread({
        setup,
        entry,
        failed: (reason) => {
          if (this.runner.state.kind === "running") failed(reason);
        },
        ended: (reason) => {
          this.tasks.leave(thread);
          this.runner.send({ type: "ended", reason });
        },
        up: () => {
          this.runner.send({ type: "up" });
          joined(thread.joining);
          this.tasks.join(thread);
        },
      });
      this.thread = thread;
    } catch (error) {
      this.runner.send({ type: "ended", reason: describeThreadEnd(error) });
    }
  }

  async close(): Promise<void> {
    this.runner.close();
    await this.thread?.end();
  }
}
