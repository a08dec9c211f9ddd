import type { TaskContext } from "../threads/run-task.js";

export interface StressWork {
  readonly kind: "request" | "compute" | "churn" | "exit" | "throw";
  readonly forMs: number;
  readonly path: string;
}

/** What tasks do to their threads under stress. */
export default async function stressTask({ kind, forMs, path }: StressWork, { request, signal }: TaskContext) {
  switch (kind) {
    case "request":
      return (await request<{ id: string }>({ method: "GET", path, signal })).json().id;
    case "compute": {
      const untilMs = performance.now() + forMs;
      while (performance.now() < untilMs);
      return "computed";
    }
    case "churn":
      // Blocks its thread again and again, in the middle of whatever it has begun meanwhile.
      for (let round = 0; round < 4; round++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        const untilMs = performance.now() + forMs;
        while (performance.now() < untilMs);
      }
      return "churned";
    case "exit":
      return process.exit(1);
    case "throw":
      setImmediate(() => {
        throw new Error("as ordered");
      });
      return new Promise(() => {});
  }
}
