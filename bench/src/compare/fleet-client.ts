// Forked by fleet-comparison.ts: one replica with the pool of one checkout, and a few searches.
import { setTimeout as sleep } from "node:timers/promises";
import { workerOf } from "../checkout.js";

export interface ReplicaOptions {
  readonly checkout: string;
  readonly pool: {
    readonly nodes: readonly string[];
    readonly redis: string;
    readonly name: string;
    readonly threads: number;
    readonly discovery: { readonly intervalMs: number };
  };
  readonly pauseMs: number;
}

/** Since the start of the process. */
export interface ReplicaCost {
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

const { checkout, pool: options, pauseMs } = JSON.parse(process.argv[2] ?? "{}") as ReplicaOptions;
const { createPool } = await workerOf(checkout);
const pool = createPool({ ...options, logger: false });
const search = () => pool.request({ method: "POST", path: "/bench/_search", body: { query: { match_all: {} } } });
await search();
// Only now, so that the answer to the first order says that the replica has found the cluster.
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1_000, memoryBytes: process.memoryUsage.rss() } satisfies ReplicaCost);
});
process.once("disconnect", () => process.exit(0));
for (;;) {
  await search();
  await sleep(pauseMs);
}
