import { isMainThread, threadId } from "node:worker_threads";
import { RollcallError, type TaskContext } from "@rollcall/worker";

export interface Work {
  readonly kind: "echo" | "search" | "throw" | "throw-ours" | "throw-value" | "function" | "wait-for-signal";
  readonly value?: unknown;
  /** One word, set when the signal has fired. */
  readonly words?: Int32Array;
}

/** The work that the tests of tasks ask for. */
export default async function work({ kind, value, words }: Work, { request, signal }: TaskContext): Promise<unknown> {
  switch (kind) {
    case "echo":
      return { value, isMainThread, threadId };
    case "search": {
      const answer = await request({ method: "POST", path: "/logs/_search", body: { size: 1 }, ...(value ?? {}) });
      const text = answer.text();
      return { status: answer.status, node: answer.node, length: text.length, text: text.slice(0, 1_000) };
    }
    case "throw":
      throw new TypeError("it went wrong", { cause: new RangeError("since this did") });
    case "throw-ours":
      throw new RollcallError("NO_NODE", "no node there", { sent: "no" });
    case "throw-value":
      throw "a text";
    case "function":
      return () => 1;
    case "wait-for-signal":
      if (words !== undefined) Atomics.store(words, 0, 1);
      await new Promise((fired) => signal.addEventListener("abort", fired, { once: true }));
      if (words !== undefined) Atomics.store(words, 1, 1);
      return "it fired";
  }
}
