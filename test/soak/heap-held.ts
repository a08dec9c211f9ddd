import { setTimeout as sleep } from "node:timers/promises";
import { getHeapCodeStatistics, queryObjects } from "node:v8";

/** What the heap of one thread holds after a collection of garbage. */
export interface HeapHeld {
  /** The number of objects, functions, arrays, promises and so on that the program holds. */
  readonly objects: number;
  /** All but compiled code. */
  readonly heapBytes: number;
  /** Compiled code, and what V8 keeps beside it to go back to the source. */
  readonly codeBytes: number;
}

/** Of the thread that calls it. @throws unless the process was started with --expose-gc */
export async function heapHeld(): Promise<HeapHeld> {
  await collectGarbage();
  const { heapUsed } = process.memoryUsage();
  const { code_and_metadata_size: compiled, bytecode_and_metadata_size: bytecode } = getHeapCodeStatistics();
  const codeBytes = compiled + bytecode;
  const objects = queryObjects(Object, { format: "count" });
  return { objects, heapBytes: heapUsed - codeBytes, codeBytes };
}

/** Twice, with time between: what the first collection frees may run code that frees more. */
async function collectGarbage(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error("the process needs --expose-gc");
  globalThis.gc();
  await sleep(50);
  globalThis.gc();
}
