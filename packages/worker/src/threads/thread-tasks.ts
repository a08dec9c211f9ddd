import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { RollcallErrorCode } from "@rollcall/core";
import { dataNotCloneable, notCloneable, type TaskOutcome } from "./run-task.js";
import type { TaskMessage } from "./setup.js";

/** A task as it is given to a thread. */
export interface ThreadTask {
  /** Of the module, as a URL. */
  readonly module: string;
  readonly data: unknown;
  /** Called once. */
  readonly settle: (ended: TaskOutcome | TaskProblem) => void;
}

/** Why a task has no outcome. `elsewhere`: no thread has begun it, and none will: the calling thread may. */
export interface TaskProblem {
  readonly kind: "problem";
  readonly code: RollcallErrorCode | "elsewhere";
  readonly message: string;
}

/** A thread that is up, as tasks see it. */
export interface TaskThread {
  readonly control: MessagePort;
  /** How many tasks it has been given and not ended. */
  tasks: number;
}

/** Tasks that one thread runs at once, and those that wait for each. */
const tasksPerThread = 64;
const waitingTasksPerThread = 256;

/** The tasks of all threads: each goes to the thread with the fewest, or waits until one has room. */
export class ThreadTasks {
  private readonly waiting: QueuedTask[] = [];
  private readonly threads = new Set<TaskThread>();
  private problem: TaskProblem | undefined;

  constructor(
    private readonly threadsMax: number,
    /** A thread is about to get a task. */
    private readonly before: () => void,
  ) {}

  /** Settles the task once, at the earliest before this returns. The returned function asks it to end. */
  run(task: ThreadTask): () => void {
    const queued = new QueuedTask(task);
    if (this.problem !== undefined) queued.end(this.problem);
    else if (this.waiting.length >= this.threadsMax * waitingTasksPerThread) queued.end(queueFull);
    else {
      this.waiting.push(queued);
      this.giveWaiting();
    }
    return () => {
      const at = this.waiting.indexOf(queued);
      if (at >= 0) this.waiting.splice(at, 1);
      queued.cancel();
    };
  }

  join(thread: TaskThread): void {
    this.threads.add(thread);
    this.problem = undefined;
    this.giveWaiting();
  }

  /** It has ended: its tasks end as their ports close. */
  leave(thread: TaskThread): void {
    this.threads.delete(thread);
  }

  /** No thread is up and none can start: tasks that wait, and those that come until one joins, end by this. */
  refuse(code: TaskProblem["code"], message: string): void {
    const refused = problem(code, message);
    this.problem = refused;
    for (const queued of this.waiting.splice(0)) queued.end(refused);
  }

  private giveWaiting(): void {
    for (let thread = this.leastBusy(); thread !== undefined; thread = this.leastBusy()) {
      const queued = this.waiting.shift();
      if (queued === undefined) return;
      this.before();
      this.give(queued, thread);
    }
  }

  private give(queued: QueuedTask, thread: TaskThread): void {
    thread.tasks++;
    queued.give(thread.control, () => {
      thread.tasks--;
      this.giveWaiting();
    });
  }

  private leastBusy(): TaskThread | undefined {
    let best: TaskThread | undefined;
    for (const thread of this.threads) if (thread.tasks < (best?.tasks ?? tasksPerThread)) best = thread;
    return best;
  }
}

/** One task and its own port, on which it is cancelled and its outcome comes back. It keeps the process alive. */
class QueuedTask {
  isEnded = false;
  private isGiven = false;
  private left = () => {};
  private readonly channel = new MessageChannel();

  constructor(private readonly task: ThreadTask) {
    const { port1 } = this.channel;
    port1.on("message", (outcome: TaskOutcome) => this.end(outcome));
    port1.on("messageerror", () => this.end(notCloneable));
    port1.on("close", () => {
      this.end(died);
      this.left();
    });
  }

  /** `left`: the thread has ended it, or has died. */
  give(control: MessagePort, left: () => void): void {
    this.isGiven = true;
    this.left = left;
    const { module, data } = this.task;
    const message: TaskMessage = { module, data, port: this.channel.port2 };
    try {
      control.postMessage(message, [message.port]);
    } catch {
      this.end(dataRefused);
    }
  }

  /** A thread that has it is asked to end it; none gets it otherwise. */
  cancel(): void {
    if (this.isGiven) this.channel.port1.postMessage("cancel");
    else this.end(cancelled);
  }

  end(ended: TaskOutcome | TaskProblem): void {
    if (this.isEnded) return;
    this.isEnded = true;
    if (ended.kind === "problem") this.channel.port1.close();
    this.task.settle(ended);
  }
}

const cancelled = problem("ABORTED", "the task was cancelled before it began");
const died = problem("THREAD", "the worker thread that ran the task died");
const queueFull = problem("QUEUE_FULL", "as many tasks wait for a thread as may wait");
const dataRefused = problem("CONFIG", dataNotCloneable);

function problem(code: TaskProblem["code"], message: string): TaskProblem {
  return { kind: "problem", code, message };
}
