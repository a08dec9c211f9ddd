import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { freePort, waitUntil } from "@rollcall/testing";
import { addressOf, nodeAt } from "@rollcall/testing/fixture";
import { failureOf, patience, withPool } from "./support-requests.js";
import type work from "./tasks/work.js";

const workModule = new URL("./tasks/work.js", import.meta.url);
const search = { method: "POST", path: "/logs/_search", body: { size: 1 } };

for (const threads of [0, 2]) {
  describe(`a request that names its node, with ${threads} threads`, patience, () => {
    it("goes to that node, as a request, a stream and in a task, and follows it to another port", async () => {
      const pool = { threads, discovery: { intervalMs: 1_000 } };
      await withPool({ cluster: { nodes: 3 }, pool }, async ({ cluster, pool }) => {
        const moving = nodeAt(cluster, 1);
        const node = addressOf(moving);
        const nodesOf = async () => {
          const plain = await Promise.all(Array.from({ length: 6 }, () => pool.request({ ...search, node })));
          const stream = await pool.stream({ ...search, node });
          await stream.body.resume().toArray();
          const task = (await pool.run<typeof work>(workModule, { kind: "search", value: { node } })) as {
            node: string;
          };
          return new Set([...plain.map((answer) => answer.node), stream.node, task.node]);
        };
        assert.deepEqual([...(await nodesOf())], [node]);

        await moving.restart({ port: await freePort(moving.host) });
        const moved = addressOf(moving);
        await waitUntil("the pool has found it again", () => pool.nodes().some(({ address }) => address === moved));
        assert.deepEqual([...(await nodesOf())], [moved]);

        const { code, sent, message } = await failureOf(pool.request({ ...search, node: "es9:9200" }));
        assert.deepEqual([code, sent], ["NO_NODE", "no"]);
        for (const part of ["no node is called es9:9200", moved]) assert.ok(message.includes(part), message);
      });
    });
  });
}
