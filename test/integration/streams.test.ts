import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { waitUntil } from "@rollcall/testing";
import { nodeAt, type RequestFault, setAll } from "@rollcall/testing/fixture";
import { type Pool, type PoolOptions, RollcallError, type StreamResponse } from "@rollcall/worker";
import { createPool, testedThreads } from "../support/create-pool.js";
import { failureOf, patience, requestsSeen, search, withPool } from "./support-requests.js";

const users = { kind: "other" } as const;
const mebibyte = 1_048_576;
const oneNode = { cluster: { nodes: 1 } };

/** Reads the body until it ends or fails. */
async function readAll({ body }: StreamResponse): Promise<{ bytes: number; error?: RollcallError }> {
  let bytes = 0;
  try {
    for await (const piece of body) bytes += (piece as Buffer).length;
    return { bytes };
  } catch (error) {
    assert.ok(error instanceof RollcallError, String(error));
    return { bytes, error };
  }
}

const allReleased = (pool: Pool) =>
  waitUntil("nothing is pending or in flight", () => pool.stats().pending + pool.stats().inFlight === 0);

/** The first request of a thread may wait for its start. */
const allUp = (pool: Pool) =>
  waitUntil("every thread sends", () => pool.stats().threads.length === (testedThreads as number));

/** A node whose one answer is so long; `sent` counts what its sockets have taken. */
async function withLongAnswer(
  byteLength: number,
  work: (scene: { pool: Pool; sent: () => number; closed: () => boolean }) => Promise<void>,
  options: Partial<PoolOptions> = {},
): Promise<void> {
  let sent = 0;
  let closed = false;
  const piece = Buffer.alloc(65_536, "x");
  const send = async (response: ServerResponse) => {
    response.setMaxListeners(0).on("close", () => {
      closed = true;
    });
    for (let left = byteLength; left > 0 && !closed; left -= piece.length) {
      const part = piece.subarray(0, left);
      sent += part.length;
      if (!response.write(part)) await new Promise<void>((go) => response.once("drain", go).once("close", go));
    }
    response.end();
  };
  const server = createServer(({ method }, response) => {
    // Probes get a short answer.
    if (method === "POST") void send(response);
    else response.end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const pool = createPool({ nodes: [`http://127.0.0.1:${port}`], discovery: false, logger: false, ...options });
  try {
    await work({ pool, sent: () => sent, closed: () => closed });
  } finally {
    await pool.close({ timeoutMs: 0 });
    server.closeAllConnections();
    await new Promise((ended) => server.close(ended));
  }
}

/** Waits until the count has stayed the same for many turns. */
async function settledCount(count: () => number): Promise<number> {
  let last = -1;
  let same = 0;
  await waitUntil("the count stays the same", () => {
    same = count() === last ? same + 1 : 0;
    last = count();
    return last > 0 && same > 20;
  });
  return last;
}

describe("streamed answers", patience, () => {
  it("a streamed answer has its status, headers, node and attempts, and the bytes that a collected one has", async () => {
    await withPool(oneNode, async ({ cluster, pool }) => {
      await nodeAt(cluster, 0).set({ requests: [{ kind: "drip", bytes: 64, everyMs: 1, on: users }] });
      const collected = await pool.request(search);
      const streamed = await pool.stream(search);
      assert.deepEqual([streamed.status, streamed.ok], [200, true]);
      assert.deepEqual([streamed.node, streamed.nodeUrl], [collected.node, collected.nodeUrl]);
      assert.deepEqual(
        streamed.attempts.map(({ code }) => code),
        ["200"],
      );
      assert.equal(streamed.headers["content-length"], collected.headers["content-length"]);
      assert.deepEqual(await buffer(streamed.body), Buffer.from(collected.bytes()));
      await allReleased(pool);
      assert.equal((await pool.request(search)).status, 200);
      const { connections } = await nodeAt(cluster, 0).counts();
      assert.ok(connections <= 4, `the connection is used again: ${connections}`);
    });
  });

  it("a streamed answer is larger than maxResponseBytes, and larger than any window", async () => {
    await withLongAnswer(
      8 * mebibyte + 1,
      async ({ pool }) => {
        const streamed = await pool.stream(search);
        assert.deepEqual(await readAll(streamed), { bytes: 8 * mebibyte + 1 });
      },
      { maxResponseBytes: 1_024 },
    );
  });

  it("a reader that takes nothing holds the node: what is sent stays bounded, and all of it comes in the end", async () => {
    await withLongAnswer(64 * mebibyte, async ({ pool, sent }) => {
      const streamed = await pool.stream({ ...search, timeoutMs: 60_000 });
      const held = await settledCount(sent);
      // The window, and what the sockets of both sides hold.
      assert.ok(held < 16 * mebibyte, `${held} bytes`);
      assert.deepEqual(await readAll(streamed), { bytes: 64 * mebibyte });
    });
  });

  it("a stream that is destroyed ends the node's connection, and is no longer pending", async () => {
    await withLongAnswer(64 * mebibyte, async ({ pool, closed }) => {
      const { body } = await pool.stream(search);
      await once(body, "readable");
      body.destroy();
      await waitUntil("the connection is closed", closed);
      await allReleased(pool);
      const { answered, failed } = pool.stats();
      assert.deepEqual([answered, failed], [1, 0]);
    });
  });

  it("a stream that no code refers to is released", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    await withLongAnswer(64 * mebibyte, async ({ pool, sent, closed }) => {
      assert.equal((await pool.stream({ ...search, timeoutMs: 60_000 })).status, 200);
      await settledCount(sent);
      await waitUntil("it is collected", () => {
        collect();
        return closed();
      });
      await allReleased(pool);
    });
  });

  it("a signal that fires ends the body with ABORTED, its reason, and how many bytes had come", async () => {
    await withPool(oneNode, async ({ cluster, pool }) => {
      await nodeAt(cluster, 0).set({ requests: [{ kind: "drip", bytes: 16, everyMs: 20, on: users }] });
      const abort = new AbortController();
      const streamed = await pool.stream({ ...search, signal: abort.signal });
      await once(streamed.body, "readable");
      abort.abort("enough");
      const { error } = await readAll(streamed);
      assert.deepEqual([error?.code, error?.cause, error?.sent], ["ABORTED", "enough", "maybe"]);
      assert.ok((error?.receivedBytes ?? 0) > 0);
      await allReleased(pool);
    });
  });
});

describe("streamed answers that fail", patience, () => {
  it("headers and then silence are TIMEOUT of the body", async () => {
    const faults = { requests: [{ kind: "headers-only", on: users }] } as const;
    await withPool({ cluster: { nodes: 1, faults } }, async ({ pool }) => {
      await allUp(pool);
      const streamed = await pool.stream({ ...search, timeoutMs: 200 });
      assert.equal(streamed.status, 200);
      const { error } = await readAll(streamed);
      assert.deepEqual([error?.code, error?.receivedBytes, error?.sent], ["TIMEOUT", 0, "maybe"]);
      await allReleased(pool);
    });
  });

  it("no headers in time are TIMEOUT of the call", async () => {
    const faults = { requests: [{ kind: "silence", on: users }] } as const;
    await withPool({ cluster: { nodes: 1, faults } }, async ({ pool }) => {
      await allUp(pool);
      const error = await failureOf(pool.stream({ ...search, timeoutMs: 1_000 }));
      assert.deepEqual([error.code, error.sent], ["TIMEOUT", "maybe"]);
    });
  });

  it("a node that dies in the middle ends the body after what had come, with that count, and nothing is sent again", async () => {
    const faults = { requests: [{ kind: "cut-body", on: users }] } as const;
    await withPool({ cluster: { nodes: 2, faults } }, async ({ cluster, pool }) => {
      const streamed = await pool.stream(search);
      const { bytes, error } = await readAll(streamed);
      assert.ok(bytes > 0);
      assert.ok(error?.code === "DISCONNECTED" || error?.code === "BAD_RESPONSE", error?.code);
      assert.equal(error.receivedBytes, bytes);
      assert.match(error.message, new RegExp(`after ${bytes} bytes`));
      assert.equal(await requestsSeen(cluster), 1);
      await allReleased(pool);
    });
  });

  it("up to the headers a stream is retried as a request is: a refused one goes to another node", async () => {
    await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
      const refusal: RequestFault = { kind: "reply", status: 503, on: users };
      await nodeAt(cluster, 0).set({ requests: [refusal] });
      await waitUntil("one was refused", async () => {
        const streamed = await pool.stream(search);
        assert.equal(streamed.status, 200);
        await readAll(streamed);
        return streamed.attempts.map(({ code }) => code).join() === "503,200";
      });
      await setAll(cluster, { requests: [refusal] });
      const last = await pool.stream({ ...search, class: "never" });
      assert.equal(last.status, 503);
      assert.ok((await readAll(last)).bytes > 0);
    });
  });
});

describe("close() and streams", patience, () => {
  it("close() waits for a stream that ends within its time", async () => {
    await withPool(oneNode, async ({ cluster, pool }) => {
      await nodeAt(cluster, 0).set({ requests: [{ kind: "drip", bytes: 256, everyMs: 5, on: users }] });
      const streamed = await pool.stream(search);
      const closed = pool.close();
      assert.equal((await failureOf(pool.stream(search))).code, "CLOSED");
      const { bytes, error } = await readAll(streamed);
      assert.deepEqual([bytes, error], [Number(streamed.headers["content-length"]), undefined]);
      await closed;
    });
  });

  it("close() ends a stream with CLOSED when its time is over", async () => {
    await withLongAnswer(64 * mebibyte, async ({ pool }) => {
      const streamed = await pool.stream(search);
      await once(streamed.body, "readable");
      await pool.close({ timeoutMs: 50 });
      const { bytes, error } = await readAll(streamed);
      assert.deepEqual([error?.code, error?.receivedBytes], ["CLOSED", bytes]);
    });
  });
});
