import { threadId } from "node:worker_threads";
import { type HeapHeld, heapHeld } from "./heap-held.js";

/** What the heap of the thread that runs it holds. */
export default async function heapOfThread(_: undefined): Promise<HeapHeld & { readonly threadId: number }> {
  return { threadId, ...(await heapHeld()) };
}
