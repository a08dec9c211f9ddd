// Forked with the options of a pool as JSON. Each order is a time in milliseconds, in which it searches; the answer says
// how that went.
import { createPool, type PoolOptions } from "@rollcall/worker";
import { mainThreadMs } from "../hot-path/thread-time.js";
import { quantile } from "../statistics.js";
import type stall from "./stall-task.js";

export interface Order {
  readonly ms: number;
}

export interface Answer {
  readonly searches: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the main thread, in thousandths of the time. */
  readonly mainPerMille: number;
  /** The most processor time of the main thread between two turns of its event loop. */
  readonly stallMs: number;
  /** The same of a worker thread; absent without threads. */
  readonly threadStallMs?: number;
  readonly nodes: number;
}

const width = 4;
const pauseMs = 5;
const tickMs = 5;

const options = JSON.parse(process.argv[2] ?? "{}") as PoolOptions;
const pool = createPool(options);
await pool.ready({ timeoutMs: 20_000 });

process.on("message", async ({ ms }: Order) => {
  const endMs = performance.now() + ms;
  const task = new URL("./stall-task.js", import.meta.url);
  const inThread = options.threads === 0 ? undefined : pool.run<typeof stall>(task, ms);
  const tookMs: number[] = [];
  let failed = 0;
  const search = async () => {
    while (performance.now() < endMs) {
      const begunMs = performance.now();
      await pool.request({ method: "POST", path: "/_search", body: {}, timeoutMs: 10_000 }).then(
        () => tookMs.push(performance.now() - begunMs),
        () => failed++,
      );
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const beganMs = mainThreadMs() ?? Number.NaN;
  let [lastMs, stallMs] = [beganMs, 0];
  const ticking = setInterval(() => {
    const nowMs = mainThreadMs() ?? Number.NaN;
    stallMs = Math.max(stallMs, nowMs - lastMs);
    lastMs = nowMs;
  }, tickMs);
  await Promise.all(Array.from({ length: width }, search));
  clearInterval(ticking);
  const answer: Answer = {
    ...{ searches: tookMs.length, failed, p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99) },
    mainPerMille: Math.round((1_000 * ((mainThreadMs() ?? Number.NaN) - beganMs)) / ms),
    ...{ stallMs, nodes: pool.nodes().length },
    ...(inThread === undefined ? {} : { threadStallMs: Number(await inThread) }),
  };
  process.send?.(answer);
});
process.once("disconnect", () => process.exit());
