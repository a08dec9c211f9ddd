import type { TaskContext } from "@rollcall/worker";

/** Ends its thread. */
export default async function die(
  how: "exit" | "throw" | "throw-later" | "reject-later" | "memory",
  _context: TaskContext,
): Promise<void> {
  if (how === "exit") process.exit(3);
  if (how === "throw") {
    setImmediate(() => {
      throw new Error("thrown outside of every promise");
    });
  }
  if (how === "throw-later") {
    setTimeout(() => {
      throw new Error("thrown when the task was over");
    }, 50);
    return;
  }
  if (how === "reject-later") {
    void later();
    return;
  }
  const kept: unknown[] = [];
  while (how === "memory") kept.push(new Array(100_000).fill(kept.length));
  await new Promise(() => {});
}

async function later(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  throw new Error("rejected when the task was over");
}
