import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { freePort, waitUntil } from "@rollcall/testing";
import { nodeAt } from "@rollcall/testing/fixture";
import type { Pool } from "@rollcall/worker";
import { createPool } from "../support/create-pool.js";
import { type Echo, failureOf, patience, requestsSeen, withEcho, withPool } from "./support-requests.js";

const bulk = { method: "POST", path: "/_bulk" } as const;
const lines = Array.from({ length: 500 }, (_, at) => `{"index":{"_index":"logs","_id":"${at}"}}\n{"at":${at}}\n`);

async function* fromLines(): AsyncGenerator<string, void> {
  yield* lines;
}

/** A stream without an end. `pulled` counts the bytes that were taken from it. */
function endless() {
  const source = { pulled: 0, isClosed: false };
  const piece = Buffer.alloc(65_536, "x");
  const stream = new Readable({
    read() {
      source.pulled += piece.length;
      this.push(piece);
    },
  }).once("close", () => {
    source.isClosed = true;
  });
  return Object.assign(source, { stream });
}

async function withNode(listener: RequestListener, work: (pool: Pool) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    if (request.method === "POST") listener(request, response);
    else response.end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const pool = createPool({ nodes: [`http://127.0.0.1:${port}`], discovery: false, logger: false });
  try {
    await work(pool);
  } finally {
    await pool.close({ timeoutMs: 0 });
    server.closeAllConnections();
    await new Promise((ended) => server.close(ended));
  }
}

describe("request bodies that stream", patience, () => {
  it("a body from a Readable or an async iterable arrives whole, by request() and by stream()", async () => {
    await withEcho(async (pool) => {
      for (const body of [fromLines(), Readable.from(lines), Readable.from([Buffer.from(lines.join(""))])]) {
        const echo = (await pool.request<Echo>({ ...bulk, body })).json();
        assert.equal(Buffer.from(echo.body, "base64").toString(), lines.join(""));
        assert.equal(echo.headers["transfer-encoding"], "chunked");
      }
      const streamed = await pool.stream({ ...bulk, body: fromLines() });
      const echo = JSON.parse((await streamed.body.toArray()).join("")) as Echo;
      assert.equal(Buffer.from(echo.body, "base64").toString(), lines.join(""));
    });
  });

  it("a node that reads nothing holds the source; a request that ends stops it, with how much was sent", async () => {
    await withNode(
      (request) => request.pause(),
      async (pool) => {
        const abort = new AbortController();
        const source = endless();
        const failed = failureOf(pool.request({ ...bulk, body: source.stream, signal: abort.signal }));
        let last = 0;
        let same = 0;
        await waitUntil("the source is held", () => {
          same = source.pulled === last && last > 0 ? same + 1 : 0;
          last = source.pulled;
          return same > 20;
        });
        assert.ok(last < 32 * 1_048_576, `${last} bytes`);
        abort.abort("enough");
        const error = await failed;
        assert.deepEqual([error.code, error.cause, error.sent], ["ABORTED", "enough", "maybe"]);
        assert.ok((error.sentBytes ?? 0) > 0 && (error.sentBytes ?? 0) <= source.pulled);
        await waitUntil("the source is closed", () => source.isClosed);
      },
    );
  });

  it("an answer that comes before the end of the body is the answer, and the source is closed", async () => {
    await withNode(
      (_, response) => response.writeHead(413).end("too large"),
      async (pool) => {
        const source = endless();
        assert.equal((await pool.request({ ...bulk, body: source.stream })).status, 413);
        await waitUntil("the source is closed", () => source.isClosed);
        assert.equal((await pool.request({ ...bulk, body: "{}" })).status, 413);
      },
    );
  });

  it("a source that fails, or has a piece that is neither text nor bytes, is CONFIG with its error, and no node applies it", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
      const cause = new Error("the file is gone");
      const broken = async function* () {
        yield lines[0] ?? "";
        // Pieces of one turn are sent together.
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
        throw cause;
      };
      const error = await failureOf(pool.request({ ...bulk, body: broken() }));
      assert.deepEqual([error.code, error.cause, error.sent], ["CONFIG", cause, "maybe"]);
      assert.equal(error.sentBytes, lines[0]?.length);
      const wrong = await failureOf(pool.request({ ...bulk, body: Readable.from([{ no: "text" }]) }));
      assert.equal(wrong.code, "CONFIG");
      assert.match(String(wrong.cause), /request\.body must be a stream of strings or bytes/);
      assert.equal((await cluster.stats()).commits, 0);
    });
  });

  it("a stream given twice, read before, or that is also an iterable is CONFIG, and nothing is sent", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
      const stream = fromLines();
      assert.equal((await pool.request({ ...bulk, body: stream })).status, 200);
      const read = Readable.from(lines).resume();
      await once(read, "end");
      const both = { *[Symbol.iterator]() {}, async *[Symbol.asyncIterator]() {} };
      for (const body of [stream, read, both]) {
        const error = await failureOf(pool.request({ ...bulk, body }));
        assert.deepEqual([error.code, error.sent], ["CONFIG", "no"]);
        assert.match(error.message, /^request\.body is /);
      }
      const withLines = await failureOf(pool.request({ ...bulk, body: fromLines(), ndjson: [{}] }));
      assert.match(withLines.message, /request\.ndjson cannot be given together with `body`/);
      assert.equal(await requestsSeen(cluster), 1);
    });
  });

  it("a body of which nothing was read goes to another node where a connection is refused; one that was read is sent once", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool: live }) => {
      const node = nodeAt(cluster, 0);
      const closed = `http://127.0.0.1:${await freePort()}`;
      const pool = createPool({ nodes: [closed, node.url], discovery: false, logger: false });
      try {
        for (let call = 0; call < 4; call++) {
          const { status } = await pool.request({ ...bulk, class: "repeatable", body: fromLines() });
          assert.equal(status, 200);
        }
      } finally {
        await pool.close({ timeoutMs: 0 });
      }
      assert.equal((await cluster.stats()).commits, 4 * lines.length);
      await node.set({ requests: [{ kind: "reply", status: 503, on: { method: "POST" } }] });
      const refused = await live.request({ ...bulk, class: "repeatable", body: fromLines() });
      assert.deepEqual([refused.status, refused.attempts.length], [503, 1]);
    });
  });
});
