// Forked by fleet-marks.ts: one replica, whose threads are watched.
import { BroadcastChannel } from "node:worker_threads";
import { createPool, type PoolOptions } from "@rollcall/worker";
import { type Watched, watchChannel } from "./thread-watch.js";

export type ReplicaOrder =
  /** Answered when the view has so many nodes. */
  | { readonly order: "follow"; readonly nodes: number }
  /** Answered with what each thread has seen since it was last asked. */
  | { readonly order: "report"; readonly threads: number };

const pool = createPool({ ...(JSON.parse(process.argv[2] ?? "{}") as PoolOptions), logger: false });
const channel = new BroadcastChannel(watchChannel);

async function carryOut(order: ReplicaOrder): Promise<unknown> {
  if (order.order === "follow") {
    while (pool.nodes().filter(({ tier }) => tier === "node").length < order.nodes) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return "followed";
  }
  const reports: Watched[] = [];
  const all = new Promise<void>((resolve) => {
    channel.onmessage = (event) => {
      reports.push((event as { readonly data: Watched }).data);
      if (reports.length === order.threads) resolve();
    };
  });
  channel.postMessage("report");
  await all;
  return reports;
}

process.on("message", (order: ReplicaOrder) => {
  void carryOut(order).then((answer) => process.send?.(answer));
});
process.once("disconnect", () => process.exit(0));
