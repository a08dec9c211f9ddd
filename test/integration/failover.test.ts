import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import type { FixtureFaults, FixtureNode } from "@rollcall/testing/fixture";
import { addressOf, nodeAt } from "@rollcall/testing/fixture";
import type { Pool } from "@rollcall/worker";
import { isUsed, isWell } from "../support/node-health.js";
import {
  failureOf,
  isAvoided,
  newDocument,
  patience,
  sameDocument,
  search,
  shareOf,
  startLoad,
  statusOf,
  waitUntilAvoided,
  withPool,
} from "./support-requests.js";

function serves(pool: Pool, node: FixtureNode): Promise<unknown> {
  return waitUntil("the node serves again", async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => pool.request(search)));
    return answers.some((answer) => answer.node === addressOf(node));
  });
}

describe("node killed under load", patience, () => {
  it("a node killed under load costs no Read, is shown with a reason, and returns by itself to its full share", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const node = nodeAt(cluster, 1);
      const others = cluster.nodes.filter((other) => other !== node);
      const load = startLoad(pool, 8);
      await waitUntil("every node serves", () => pool.nodes().every(({ answers }) => answers > 20));
      await node.kill();
      await waitUntilAvoided(pool, node);
      assert.match(statusOf(pool, node).reason ?? "", /\w/);
      assert.ok((statusOf(pool, node).forMs ?? -1) >= 0);
      const before = others.map((other) => statusOf(pool, other).answers);
      await waitUntil("the others serve", () =>
        others.every((other, at) => statusOf(pool, other).answers - (before[at] ?? 0) > 200),
      );
      assert.ok(isAvoided(pool, node));
      assert.deepEqual(load.failures, []);

      await node.restart();
      await waitUntil("it is wholly back", () => isWell(statusOf(pool, node).state));
      const isFull = async () => {
        const share = await shareOf(pool, node, 600);
        return share > 0.2 && share < 0.5;
      };
      await waitUntil("it has its full share", isFull);
      await load.stop();
      assert.deepEqual(load.failures, []);
    });
  });

  it('a node killed under load fails only the writes in flight on it, with sent "maybe"', async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const load = startLoad(pool, 8, newDocument);
      await waitUntil("every node serves", () => pool.nodes().every(({ answers }) => answers > 20));
      await nodeAt(cluster, 1).kill();
      await waitUntilAvoided(pool, nodeAt(cluster, 1));
      const { answered } = load;
      await waitUntil("writes go on", () => load.answered > answered + 100);
      await load.stop();
      for (const failure of load.failures) assert.match(failure, /^DISCONNECTED/);
      assert.ok(load.failures.length <= 8, load.failures.join());
      const { documents, commits } = await cluster.stats();
      assert.equal(documents.size, commits);
      assert.ok(commits >= load.answered && commits <= load.answered + load.failures.length);
    });
  });
});

describe("connections that fail", patience, () => {
  const kinds: Record<string, FixtureFaults> = {
    "refuses connections": { connections: "refuse" },
    "resets connections as it accepts them": { connections: "reset" },
  };
  for (const [what, faults] of Object.entries(kinds)) {
    it(`a node that ${what} costs no Read, and is used again by itself`, async () => {
      await withPool({}, async ({ cluster, pool }) => {
        const node = nodeAt(cluster, 2);
        const load = startLoad(pool, 8);
        await waitUntil("every node serves", () => pool.nodes().every(({ answers }) => answers > 5));
        await node.set(faults);
        await node.dropConnections();
        await waitUntilAvoided(pool, node);
        assert.match(statusOf(pool, node).reason ?? "", /\w/);
        const { answered } = load;
        await waitUntil("the others serve", () => load.answered > answered + 200);
        await node.set({});
        await waitUntil("it is not avoided any more", () => !isAvoided(pool, node));
        await load.stop();
        assert.deepEqual(load.failures, []);
        await serves(pool, node);
      });
    });
  }

  it("a node on which the opening of connections hangs, before TLS, costs no Read", async () => {
    await withPool({ cluster: { tls: true } }, async ({ cluster, pool }) => {
      const node = nodeAt(cluster, 2);
      await node.set({ connections: "black-hole" });
      const load = startLoad(pool, 8);
      await waitUntilAvoided(pool, node);
      const { answered } = load;
      await waitUntil("the others serve", () => load.answered > answered + 200);
      await load.stop();
      assert.deepEqual(load.failures, []);
      await node.set({});
      await serves(pool, node);
    });
  });
});

describe("silent node", patience, () => {
  const kinds: Record<string, { silence(node: FixtureNode): unknown; heal(node: FixtureNode): unknown }> = {
    "it is stopped": { silence: (node) => node.pause(), heal: (node) => node.resume() },
    "it accepts connections and says nothing": {
      silence: (node) => node.set({ connections: "black-hole" }),
      heal: async (node) => {
        await node.set({});
        await node.dropConnections();
      },
    },
  };
  for (const [what, { silence, heal }] of Object.entries(kinds)) {
    it(`a silent node is found by probes alone, gets no requests, and is used again by itself: ${what}`, async () => {
      await withPool({}, async ({ cluster, pool }) => {
        const node = nodeAt(cluster, 1);
        await silence(node);
        try {
          await waitUntil("the coordinator finds it", () => statusOf(pool, node).state === "down");
          assert.match(statusOf(pool, node).reason ?? "", /\w/);
          const { requests } = statusOf(pool, node);
          const answers = await Promise.all(Array.from({ length: 60 }, () => pool.request(search)));
          assert.ok(answers.every(({ ok, node: by }) => ok && by !== addressOf(node)));
          assert.equal(statusOf(pool, node).requests, requests);
        } finally {
          await heal(node);
        }
        await serves(pool, node);
      });
    });
  }

  it("a silent node ends the requests on it by their timeout, while the others serve on", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const node = nodeAt(cluster, 1);
      node.pause();
      try {
        const calls = await Promise.allSettled(
          Array.from({ length: 30 }, () => pool.request({ ...search, timeoutMs: 2_000 })),
        );
        for (const call of calls) {
          if (call.status === "fulfilled") assert.ok(call.value.ok);
          else assert.deepEqual([call.reason.code, call.reason.sent], ["TIMEOUT", "maybe"]);
        }
        assert.ok(calls.some(({ status }) => status === "fulfilled"));
        await waitUntil("the coordinator finds it", () => statusOf(pool, node).state === "down");
        for (let number = 0; number < 30; number++) assert.ok((await pool.request(search)).ok);
      } finally {
        node.resume();
      }
    });
  });
});

describe("no node left", patience, () => {
  it("with no node left, every class fails with NO_NODE unsent after some seconds, and the nodes are found again", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      await Promise.all(cluster.nodes.map((node) => node.kill()));
      const startedAtMs = performance.now();
      const errors = await Promise.all(
        [search, sameDocument, newDocument].map((request) =>
          failureOf(pool.request({ ...request, timeoutMs: 60_000 })),
        ),
      );
      const elapsedMs = performance.now() - startedAtMs;
      for (const error of errors) {
        assert.deepEqual([error.code, error.sent], ["NO_NODE", "no"]);
        assert.deepEqual(new Set(error.attempts.map(({ node }) => node)), new Set(cluster.nodes.map(addressOf)));
      }
      // Five seconds, of which the last rest before a try is not waited for.
      assert.ok(elapsedMs > 4_000 && elapsedMs < 30_000, `${elapsedMs} ms`);
      assert.equal((await cluster.stats()).commits, 0);
      assert.equal((await failureOf(pool.request({ ...search, timeoutMs: 500 }))).sent, "no");

      await Promise.all(cluster.nodes.map((node) => node.restart()));
      for (const request of [search, sameDocument, newDocument]) assert.ok((await pool.request(request)).ok);
      await waitUntil("all are used again", () => pool.nodes().every(({ state }) => isUsed(state)));
    });
  });

  it("a request that waits for the only node is answered once it is back", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
      const node = nodeAt(cluster, 0);
      await node.kill();
      const call = pool.request(newDocument);
      await waitUntil("it has been refused", () => statusOf(pool, node).failures > 0);
      await node.restart();
      const answer = await call;
      assert.equal(answer.status, 201);
      assert.ok(answer.attempts.length > 1);
      assert.equal((await cluster.stats()).commits, 1);
    });
  });
});
