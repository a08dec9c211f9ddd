import type { MessagePort } from "node:worker_threads";
import type { PoolRequest } from "../api/pool-request.js";
import type { PoolResponse } from "../api/response.js";
import type { TaskMessage } from "./setup.js";
import { describeThrown, type WireThrown } from "./task-error.js";

/** What a task gets beside its data. */
export interface TaskContext {
  /** As `pool.request`, by this thread's own connections: answers never pass through the main thread. */
  request<T = unknown>(request: PoolRequest): Promise<PoolResponse<T>>;
  /** Fires when the result is not wanted any more: the task was aborted, its time is over, or the pool closes. */
  readonly signal: AbortSignal;
}

/** What a task's module exports by default. Data and result are cloned on their way between threads. */
export type Task = (data: never, context: TaskContext) => unknown;

/** The outcome of a task. `wrong` is about the module or the result, and not thrown by the task itself. */
export type TaskOutcome =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "threw"; readonly thrown: WireThrown }
  | { readonly kind: "wrong"; readonly message: string; readonly thrown?: WireThrown };

export interface TaskEnvironment {
  readonly request: TaskContext["request"];
  /** Waited for before the task's own code runs. */
  readonly beforehand: () => Promise<void>;
}

/** Runs one task in this thread, and posts its outcome. Never rejects. */
export async function runTask({ module, data, port }: TaskMessage, environment: TaskEnvironment): Promise<void> {
  const cancel = new AbortController();
  port.on("message", () => cancel.abort());
  const outcome = await outcomeOf(module, data, environment, cancel.signal);
  post(port, outcome);
  port.close();
}

/** Loads and runs a task here, and resolves with its outcome. Never rejects. */
export async function outcomeOf(
  module: string,
  data: unknown,
  { request, beforehand }: TaskEnvironment,
  signal: AbortSignal,
): Promise<TaskOutcome> {
  let task: unknown;
  try {
    ({ default: task } = (await import(/* webpackIgnore: true */ module)) as { readonly default?: unknown });
  } catch (error) {
    return { kind: "wrong", message: "its module could not be loaded", thrown: describeThrown(error) };
  }
  if (typeof task !== "function") return { kind: "wrong", message: "its module has no function as default export" };
  try {
    await beforehand();
    // It was cancelled before it began.
    if (signal.aborted) return { kind: "done", value: undefined };
    return { kind: "done", value: await (task as Task)(data as never, { request, signal }) };
  } catch (error) {
    return { kind: "threw", thrown: describeThrown(error) };
  }
}

/** What a task's data must be. */
export const dataNotCloneable = "run: data must be something that can be cloned: no functions, promises or symbols";

export const notCloneable: TaskOutcome = {
  kind: "wrong",
  message: "its result cannot be cloned: functions, promises and symbols stay in their thread",
};

function post(port: MessagePort, outcome: TaskOutcome): void {
  try {
    port.postMessage(outcome);
  } catch {
    port.postMessage(notCloneable);
  }
}
