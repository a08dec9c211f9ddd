import type { TaskContext } from "@rollcall/worker";

/** Begins some searches, and blocks its thread for so long before it reads their answers. */
export default async function askAndBlock(
  { searches, forMs }: { readonly searches: number; readonly forMs: number },
  { request }: TaskContext,
): Promise<number[]> {
  const answers = Array.from({ length: searches }, () => request({ method: "POST", path: "/logs/_search", body: {} }));
  // So that they are on their sockets.
  await new Promise((resolve) => setTimeout(resolve, 20));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
  return (await Promise.all(answers)).map(({ status }) => status);
}
