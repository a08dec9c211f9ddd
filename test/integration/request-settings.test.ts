import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import { nodeAt, type RequestFault, setAll, startFixtureCluster } from "@rollcall/testing/fixture";
import type { PoolOptions } from "@rollcall/worker";
import { createPool } from "../support/create-pool.js";
import { failureOf, patience, requestsSeen, search, withPool } from "./support-requests.js";
import type work from "./tasks/work.js";

const workModule = new URL("./tasks/work.js", import.meta.url);

const on = { kind: "other" } as const;
const busy: RequestFault = { kind: "reply", status: 429, on };
const codesOf = ({ attempts }: { attempts: readonly { code: string }[] }) => attempts.map(({ code }) => code);

describe("what one request says otherwise than its pool", patience, () => {
  it("a request with `retry: false` is one attempt, and another beside it is retried", async () => {
    await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
      await setAll(cluster, { requests: [busy] });
      const [once, often] = await Promise.all([pool.request({ ...search, retry: false }), pool.request(search)]);
      assert.deepEqual([once.status, codesOf(once)], [429, ["429"]]);
      assert.deepEqual(codesOf(often), ["429", "429", "429", "429"]);
      await setAll(cluster, { requests: [{ kind: "reset", on }] });
      const error = await failureOf(pool.request({ ...search, retry: false }));
      assert.deepEqual([error.code, error.attempts.length], ["DISCONNECTED", 1]);
    });
  });

  it("`retry.max` of a request counts, also where the pool does not retry", async () => {
    for (const retry of [false, { max: 5 }] as const satisfies readonly PoolOptions["retry"][]) {
      await withPool({ cluster: { nodes: 1 }, pool: { retry } }, async ({ cluster, pool }) => {
        await setAll(cluster, { requests: [busy] });
        const response = await pool.request({ ...search, retry: { max: 1 } });
        assert.deepEqual([response.status, codesOf(response)], [429, ["429", "429"]]);
      });
    }
  });

  it("a status in `retry.statuses` is the answer, and other refusals are retried", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
      const request = { ...search, retry: { statuses: [429] } };
      await setAll(cluster, { requests: [busy] });
      assert.deepEqual(codesOf(await pool.request(request)), ["429"]);
      await setAll(cluster, { requests: [{ kind: "reply", status: 503, times: 1, on }, busy] });
      assert.deepEqual(codesOf(await pool.request(request)), ["503", "429"]);
    });
  });

  it("an answer beyond a request's `maxResponseBytes` ends it with BAD_RESPONSE, and no other request", async () => {
    await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
      await setAll(cluster, { requests: [{ kind: "reply", padToBytes: 200_000, on }] });
      const seen = await requestsSeen(cluster);
      const [error, whole, within] = await Promise.all([
        failureOf(pool.request({ ...search, maxResponseBytes: 100_000 })),
        pool.request(search),
        pool.request({ ...search, maxResponseBytes: 200_000 }),
      ]);
      assert.deepEqual([error.code, error.sent, error.attempts.length], ["BAD_RESPONSE", "maybe", 1]);
      assert.deepEqual([whole.bytes().length, within.bytes().length], [200_000, 200_000]);
      assert.equal(await requestsSeen(cluster), seen + 3);
    });
  });

  const tenant = { username: "tenant", password: "p" };
  const own = { ...search, auth: tenant };

  it("a request's credential goes out in place of the pool's, on every attempt, and on no other request", async () => {
    const pool = { auth: { username: "pool", password: "p" } };
    await withPool({ cluster: { nodes: 2 }, pool }, async ({ cluster, pool }) => {
      await setAll(cluster, { requests: [{ kind: "reset", times: 1, on }] });
      const before = (await cluster.stats()).users;
      assert.deepEqual([...before], ["pool"]);
      const [mine, others] = await Promise.all([pool.request(own), pool.request(search)]);
      assert.deepEqual(
        [mine.status, others.status, mine.attempts.length > 1 || others.attempts.length > 1],
        [200, 200, true],
      );
      assert.deepEqual([...(await cluster.stats()).users].sort(), ["pool", "tenant"]);
      assert.ok(!JSON.stringify([pool.stats(), pool.config(), mine]).includes("tenant"));
    });
  });

  it("a 401 to a request's own credential is its answer, and does not renew the pool's; another one does", async () => {
    let calls = 0;
    const auth = () => {
      calls++;
      return { bearer: "t" };
    };
    await withPool({ cluster: { nodes: 1 }, pool: { auth } }, async ({ cluster, pool }) => {
      await setAll(cluster, { requests: [{ kind: "reply", status: 401, on }] });
      // A function is called once a second at most.
      await sleep(1_100);
      const before = calls;
      const response = await pool.request(own);
      assert.deepEqual([response.status, pool.nodes()[0]?.state], [401, "healthy"]);
      assert.equal(calls, before);
      await pool.request(search);
      await waitUntil("the function was called", () => calls > before);
    });
  });

  it("a request may bring the first credential of its pool, also from a task", async () => {
    await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
      assert.deepEqual([...(await cluster.stats()).users], ["none"]);
      const value = { auth: { username: "of a task", password: "p" } };
      const results = await Promise.all([
        pool.request(own),
        pool.run<typeof work>(workModule, { kind: "search", value }),
      ]);
      assert.deepEqual(
        results.map((result) => (result as { status: number }).status),
        [200, 200],
      );
      assert.deepEqual([...(await cluster.stats()).users].sort(), ["none", "of a task", "tenant"]);
    });
  });

  it("the node that answered is shown by its whole URL, without a user or a password", async () => {
    const users = [{ username: "u", password: "hunter2" }];
    await using cluster = await startFixtureCluster({ nodes: 1, pathPrefix: "/es", users });
    const url = nodeAt(cluster, 0).url;
    const pool = createPool({ nodes: [url.replace("://", "://u:hunter2@")], discovery: false, logger: false });
    try {
      const { node, nodeUrl } = await pool.request(search);
      assert.deepEqual([nodeUrl, node, pool.nodes()[0]?.url], [url, new URL(url).host, url]);
      assert.match(url, /\/es$/);
    } finally {
      await pool.close({ timeoutMs: 0 });
    }
  });

  it("a pool is closed from the first call of close() on", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ pool }) => {
      assert.equal(pool.isClosed, false);
      const closing = pool.close();
      assert.equal(pool.isClosed, true);
      await closing;
      assert.equal(pool.isClosed, true);
    });
  });

  it("a body that is given away is not copied in the calling thread, and arrives whole, also when it is sent again", async () => {
    const megabytes = 20;
    let asked = 0;
    const received: string[] = [];
    const node = createServer(async (request, response) => {
      if (request.method === "GET") return void response.end("{}");
      const hash = createHash("sha1");
      for await (const chunk of request) hash.update(chunk as Buffer);
      received.push(hash.digest("hex"));
      response.writeHead(asked++ === 0 ? 503 : 200).end("{}");
    });
    await once(node.listen(0, "127.0.0.1"), "listening");
    const pool = createPool({
      ...{ nodes: [`http://127.0.0.1:${(node.address() as AddressInfo).port}`], discovery: false, logger: false },
    });
    try {
      await pool.request({ method: "GET", path: "/" });
      const body = randomBytes(megabytes * 1_000_000);
      const sha1 = createHash("sha1").update(body).digest("hex");
      const before = process.memoryUsage().arrayBuffers;
      const answer = pool.request({ ...search, class: "read", body, transfer: true });
      const copied = process.memoryUsage().arrayBuffers - before;
      assert.equal(body.length, 0, "the caller has no bytes any more");
      assert.ok(copied < 1_000_000, `${copied} bytes copied`);
      assert.deepEqual(codesOf(await answer), ["503", "200"]);
      assert.deepEqual(received, [sha1, sha1]);
    } finally {
      await pool.close({ timeoutMs: 0 });
      node.closeAllConnections();
      await new Promise((closed) => node.close(closed));
    }
  });
});
