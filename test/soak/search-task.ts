import type { TaskContext } from "@rollcall/worker";

/** A search from within a task. */
export default async function search(timeoutMs: number, { request }: TaskContext): Promise<number> {
  const answer = await request({ method: "POST", path: "/logs/_search", body: { size: 3 }, timeoutMs });
  return answer.throwIfError().text().length;
}
