import { RollcallError, type RollcallErrorCode } from "@rollcall/core";
import { bounds } from "@rollcall/core/config";
import { type Abortable, addAbortable, isSignal, removeAbortable, type SignalLike } from "../api/abort-listeners.js";
import type { Deadlines, Due } from "../api/deadlines.js";
import type { CancelCode } from "../dispatch/sender.js";
import { dataNotCloneable, notCloneable, outcomeOf, type TaskContext, type TaskOutcome } from "./run-task.js";
import { rebuildThrown } from "./task-error.js";
import type { ThreadTask } from "./thread-tasks.js";

export interface TaskOptions {
  /** When it fires, the task's own signal fires and the promise rejects at once. */
  readonly signal?: SignalLike | undefined;
  /** Over waiting for a thread and running. Default: as long as it takes. */
  readonly timeoutMs?: number | undefined;
}

export interface TasksOptions {
  /** Run a task in some thread; absent: in this one. See {@link ThreadTasks}. */
  readonly threads: { run(task: ThreadTask): () => void } | undefined;
  /** For tasks in this thread. */
  readonly request: TaskContext["request"];
  readonly deadlines: Deadlines;
  readonly nowMs: () => number;
  /** A task has begun (1) or ended (-1). */
  readonly count: (change: 1 | -1) => void;
}

/** Tasks in this thread, at once. */
const tasksHereMax = 64;

/**
 * The tasks of the application. Each settles once: by its outcome, or by an abort, a timeout or `close`.
 *
 * A task is never ended by force, since its thread also sends requests: its signal fires, and its result is ignored.
 */
export class Tasks {
  private readonly running = new Set<RunningTask>();

  constructor(private readonly options: TasksOptions) {}

  async run(module: URL, data: unknown, taskOptions: TaskOptions = {}): Promise<unknown> {
    const { signal, timeoutMs } = checked(module, taskOptions);
    if (signal?.aborted === true) {
      throw new RollcallError("ABORTED", "the caller's signal had fired before the task began", {
        cause: signal.reason,
      });
    }
    const ended = await this.begin(module, data, { signal, timeoutMs });
    if ("value" in ended) return ended.value;
    // Made here, so that its stack shows the caller.
    throw new RollcallError(ended.code, ended.message, {
      cause: ended.code === "ABORTED" ? signal?.reason : ended.cause,
    });
  }

  /** Gives up every task. */
  close(): void {
    for (const task of [...this.running]) task.cancel("CLOSED", "the pool was closed before the task had ended");
  }

  private begin(module: URL, data: unknown, { signal, timeoutMs }: TaskOptions): Promise<Ended> {
    const { deadlines, nowMs, count } = this.options;
    return new Promise((resolve) => {
      const task = new RunningTask(nowMs() + (timeoutMs ?? 0), timeoutMs ?? 0, (ended) => {
        this.running.delete(task);
        if (timeoutMs !== undefined) deadlines.remove(task);
        if (signal !== undefined) removeAbortable(signal, task);
        count(-1);
        resolve(ended);
      });
      this.running.add(task);
      count(1);
      if (timeoutMs !== undefined) deadlines.add(task);
      if (signal !== undefined) addAbortable(signal, task);
      if (this.options.threads === undefined) this.runHere(task, module.href, data);
      else this.runInThread(this.options.threads, task, module.href, data);
    });
  }

  private runHere(task: RunningTask, module: string, data: unknown): void {
    if (this.running.size > tasksHereMax) {
      return task.fail("QUEUE_FULL", `${tasksHereMax} tasks are running already`);
    }
    let copy: unknown;
    try {
      copy = structuredClone(data);
    } catch {
      return task.fail("CONFIG", dataNotCloneable);
    }
    const cancel = new AbortController();
    task.onCancel = () => cancel.abort();
    const environment = { request: this.options.request, beforehand: () => Promise.resolve() };
    void outcomeOf(module, copy, environment, cancel.signal).then((outcome) => {
      try {
        task.end(structuredClone(outcome));
      } catch {
        task.end(notCloneable);
      }
    });
  }

  private runInThread(
    threads: NonNullable<TasksOptions["threads"]>,
    task: RunningTask,
    module: string,
    data: unknown,
  ): void {
    task.onCancel = threads.run({
      module,
      data,
      settle: (ended) => {
        if (ended.kind !== "problem") task.end(ended);
        else if (ended.code !== "elsewhere") task.fail(ended.code, ended.message);
        else if (!task.isSettled) this.runHere(task, module, data);
      },
    });
  }
}

class RunningTask implements Due, Abortable {
  place = -1;
  onCancel: () => void = () => {};
  isSettled = false;

  constructor(
    readonly dueMs: number,
    private readonly timeoutMs: number,
    private readonly settle: (ended: Ended) => void,
  ) {}

  expire(): void {
    this.cancel("TIMEOUT", `the task had not ended within ${this.timeoutMs} ms`);
  }

  abort(): void {
    this.cancel("ABORTED", "the caller's signal fired");
  }

  cancel(code: CancelCode, message: string): void {
    if (this.isSettled) return;
    this.onCancel();
    this.fail(code, message);
  }

  end(outcome: TaskOutcome): void {
    if (outcome.kind === "done") return this.once({ value: outcome.value });
    const message = outcome.kind === "wrong" ? `the task failed: ${outcome.message}` : "the task threw an error";
    const cause = outcome.thrown === undefined ? undefined : rebuildThrown(outcome.thrown);
    this.failWith({ code: "TASK", message, ...(cause === undefined ? {} : { cause }) });
  }

  fail(code: RollcallErrorCode, message: string): void {
    this.failWith({ code, message });
  }

  failWith(problem: Problem): void {
    this.once(problem);
  }

  private once(ended: Ended): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.settle(ended);
  }
}

interface Problem {
  readonly code: RollcallErrorCode;
  readonly message: string;
  readonly cause?: Error;
}

type Ended = { readonly value: unknown } | Problem;

function checked(module: unknown, options: TaskOptions): TaskOptions {
  if (!(module instanceof URL)) {
    throw new RollcallError("CONFIG", "run(module) must be a URL, such as `new URL('./task.js', import.meta.url)`");
  }
  if (typeof options !== "object" || options === null) throw problem("options", "must be an object");
  const { signal, timeoutMs } = options;
  if (signal !== undefined && !isSignal(signal)) throw problem("options.signal", "must be an AbortSignal");
  const { min, max } = bounds.timeoutMs;
  if (timeoutMs !== undefined && (!Number.isInteger(timeoutMs) || timeoutMs < min || timeoutMs > max)) {
    throw problem("options.timeoutMs", `must be a whole number from ${min} to ${max}`);
  }
  return options;
}

function problem(option: string, allowed: string): RollcallError {
  return new RollcallError("CONFIG", `run: ${option} ${allowed}`);
}
