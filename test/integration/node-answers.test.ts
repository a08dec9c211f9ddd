import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import type { RequestFault } from "@rollcall/testing/fixture";
import { nodeAt, setAll } from "@rollcall/testing/fixture";
import type { PoolEvents } from "@rollcall/worker";
import { isComparison, isUsed, isWell } from "../support/node-health.js";
import {
  askInSlots,
  failureOf,
  isAvoided,
  newDocument,
  patience,
  search,
  startLoad,
  statusOf,
  waitUntilAvoided,
  withPool,
} from "./support-requests.js";

const users = { kind: "other" } as const;

describe("small clusters", patience, () => {
  it("the only node is tried even while it is down, so it serves as soon as it is back", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
      const node = nodeAt(cluster, 0);
      for (let round = 0; round < 2; round++) {
        await node.kill();
        assert.equal((await failureOf(pool.request(search))).code, "NO_NODE");
        assert.ok(isAvoided(pool, node));
        await node.restart();
        const answer = await pool.request(search);
        assert.ok(answer.ok);
      }
    });
  });

  it("of two nodes either one serves alone, and no Read fails", async () => {
    await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
      const load = startLoad(pool, 4);
      for (const node of cluster.nodes) {
        await waitUntil("both are used", () => pool.nodes().every(({ state }) => isUsed(state)));
        await node.kill();
        await waitUntilAvoided(pool, node);
        const { answered } = load;
        await waitUntil("the other serves", () => load.answered > answered + 50);
        await node.restart();
      }
      await load.stop();
      assert.deepEqual(load.failures, []);
    });
  });
});

describe("node that answers", { ...patience, concurrency: 4 }, () => {
  const answers: Record<string, RequestFault> = {
    slowly: { kind: "delay", ms: 250 },
    "with 429": { kind: "reply", status: 429, body: "{}" },
    "with 500": { kind: "reply", status: 500, body: "{}" },
    "with 503": { kind: "reply", status: 503, body: "{}" },
  };
  for (const [how, fault] of Object.entries(answers)) {
    it(`a node that answers ${how} is never taken out of service, even if it answers probes so`, async () => {
      await withPool({}, async ({ cluster, pool }) => {
        const events: PoolEvents["node"][0][] = [];
        pool.on("node", (event) => isComparison(event) || events.push(event));
        const node = nodeAt(cluster, 0);
        await node.set({ requests: [fault] });
        const { requests } = statusOf(pool, node);
        const stop = askInSlots(pool, 9, { ...search, class: "never" }, () => {});
        // Nothing may happen, so there is no condition to wait for. The time covers two rounds of probes.
        await sleep(4_000);
        await stop();
        assert.ok(statusOf(pool, node).requests > requests);
        assert.equal(statusOf(pool, node).failures, 0);
        assert.deepEqual(events, []);
        assert.ok(pool.nodes().every(({ state }) => isWell(state)));
      });
    });
  }

  it("requests that cannot be sent fail alone with CONFIG, and no node is blamed", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const before = await cluster.stats();
      const paths = ["/lögs/_search", "/a b", "/a\r\nb", "/a\0b", "logs/_search", "", "/a#b", "http://127.0.0.1:1/"];
      for (let round = 0; round < 5; round++) {
        for (const path of paths) {
          const error = await failureOf(pool.request({ method: "GET", path }));
          assert.deepEqual([error.code, error.sent, error.attempts], ["CONFIG", "no", []]);
        }
      }
      for (const { state, requests, failures } of pool.nodes()) {
        assert.deepEqual([state, requests, failures], ["healthy", 0, 0]);
      }
      assert.equal((await cluster.stats()).requests.other, before.requests.other);
      assert.ok((await pool.request(search)).ok);
    });
  });

  it("while every node answers 503, the answers are returned and the pool is not degraded", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const degraded: boolean[] = [];
      pool.on("degraded", (event) => degraded.push(event.degraded));
      await setAll(cluster, { requests: [{ kind: "reply", status: 503, on: users }] });
      for (let number = 0; number < 30; number++) assert.equal((await pool.request(newDocument)).status, 503);
      await setAll(cluster, {});
      assert.ok((await pool.request(search)).ok);
      assert.deepEqual(degraded, []);
    });
  });
});
