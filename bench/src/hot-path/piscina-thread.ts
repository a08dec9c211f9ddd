// Run by Piscina in a thread: the usual way to take requests off the main thread.
import { move, workerData } from "piscina";
import { overPools, request } from "./bare-undici.js";

interface Task {
  readonly index: string;
  readonly query: object;
}

const { next } = overPools((workerData as { readonly urls: readonly string[] }).urls);

/** The answer as an object: parsed here, copied to the main thread by structured clone. */
export async function parsed({ index, query }: Task): Promise<unknown> {
  return (await request(next(), index, query)).json();
}

/** The answer's bytes, moved to the main thread and not copied. */
export async function bytes({ index, query }: Task): Promise<unknown> {
  return move(await (await request(next(), index, query)).arrayBuffer());
}
