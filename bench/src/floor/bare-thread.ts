import { Worker } from "node:worker_threads";
import { query } from "../hot-path/bare-undici.js";
import type { Contender } from "../hot-path/contenders.js";
import type { BareAnswers, BareRequests } from "./bare-thread-entry.js";

/**
 * What a thread can cost its main thread at the least: the floor in a thread, and between the two only what a request
 * cannot do without. As lanes do it, each turn of a loop sends one flat message, and JSON is main's.
 */
export function startBareThread(urls: readonly string[]): Contender {
  const thread = new Worker(new URL("./bare-thread-entry.js", import.meta.url), { workerData: urls });
  const settles: ((body: string | Uint8Array) => void)[] = [];
  const freeIds: number[] = [];
  const requests: BareRequests = [];
  const flush = () => {
    thread.postMessage(requests);
    requests.length = 0;
  };
  thread.on("message", (answers: BareAnswers) => {
    for (let at = 0; at < answers.length; at += 3) {
      const [id, status, body] = [answers[at] as number, answers[at + 1], answers[at + 2]];
      if (status !== 200) throw new Error(`status ${status}`);
      freeIds.push(id);
      settles[id]?.(body as string | Uint8Array);
    }
  });
  const search = (index: string) =>
    new Promise<string | Uint8Array>((resolve) => {
      const id = freeIds.pop() ?? settles.length;
      settles[id] = resolve;
      if (requests.length === 0) setImmediate(flush);
      requests.push(id, index, JSON.stringify(query));
    });
  return {
    parsed: async (index) => JSON.parse((await search(index)) as string) as unknown,
    bytes: async (index) => (await search(index)) as Uint8Array,
    close: () => thread.terminate(),
  };
}
