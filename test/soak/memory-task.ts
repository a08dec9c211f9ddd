import { threadId } from "node:worker_threads";
import { collectGarbage } from "./collect-garbage.js";

/** The heap of the thread that runs it, after a collection. */
export default async function heapOfThread(
  _: undefined,
): Promise<{ readonly threadId: number; readonly heapBytes: number }> {
  await collectGarbage();
  return { threadId, heapBytes: process.memoryUsage().heapUsed };
}
