import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../support/wait-until.js";
import { nodeOf, patience, startLoad, statusOf, withPool } from "./support-requests.js";

describe("a node that freezes under load", patience, () => {
  it("costs no Read", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const node = nodeOf(cluster, 1);
      const load = startLoad(pool, 16);
      await waitUntil("every node serves", () => pool.nodes().every(({ answers }) => answers > 20));
      pool.on("node", (e) => console.log(Math.round(performance.now() - t0), JSON.stringify(e)));
      const t0 = performance.now();
      node.pause();
      try {
        await sleep(6_000);
        console.log(pool.nodes().map(({ address, state, answers, inFlight }) => ({ address, state, answers, inFlight })), load.answered);
      } finally {
        node.resume();
      }
      await waitUntil("it is used", () => statusOf(pool, node).state === "up", { timeoutMs: 60_000 });
      await load.stop();
      console.log(load.failures);
    });
  });
});
