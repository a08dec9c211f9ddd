// Run by `pool.run` in a thread: fetches one answer by the thread's own connections, and gives back what is kept of it.
import type { TaskContext } from "@rollcall/worker";
import { query } from "./bare-undici.js";
import { reduceHits, type SearchAnswer, type Summary } from "./reduce-hits.js";

export default async function reduceTask(index: string, { request }: TaskContext): Promise<Summary> {
  const answer = await request<SearchAnswer>({ method: "POST", path: `/${index}/_search`, body: query });
  return reduceHits(answer.json());
}
