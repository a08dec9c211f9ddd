import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, it } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gunzipSync, gzipSync } from "node:zlib";
import { createPool, type Pool, type PoolOptions, RollcallError } from "@rollcall/worker";
import { patience } from "./support-requests.js";

const documents = JSON.stringify({
  hits: Array.from({ length: 9_000 }, (_, at) => ({ id: at, text: "a word of it" })),
});

/** By path, a body and its coding. */
const answers: Readonly<Record<string, readonly [coding: string, body: Buffer]>> = {
  "/gzip": ["gzip", gzipSync(documents)],
  "/members": ["x-gzip", Buffer.concat([gzipSync(documents.slice(0, 99)), gzipSync(documents.slice(99))])],
  "/deflate": ["deflate", deflateSync(documents)],
  "/raw": ["deflate", deflateRawSync(documents)],
  "/br": ["br", brotliCompressSync(documents)],
  "/both": ["gzip, identity, br", brotliCompressSync(gzipSync(documents))],
  "/identity": ["identity", Buffer.from(documents)],
  "/small": ["gzip", gzipSync("{}")],
  "/unknown": ["compress", Buffer.from("?")],
  "/cut": ["gzip", gzipSync(documents).subarray(0, -20)],
  "/bomb": ["gzip", gzipSync(Buffer.alloc(40_000_000))],
};

interface Seen {
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** A node that answers by path, and refuses each first request with 503 if `refuses`. */
async function withNode(
  options: Partial<PoolOptions>,
  work: (pool: Pool, seen: Seen[]) => Promise<void>,
  refuses = false,
): Promise<void> {
  const seen: Seen[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request);
    const found = answers[request.url ?? ""];
    if (request.method !== "POST") return void response.end("{}");
    seen.push({ headers: request.headers, body });
    if (refuses && seen.length === 1) response.writeHead(503, { "retry-after": "0" });
    else if (found !== undefined)
      response.writeHead(200, { "content-encoding": found[0], "content-length": found[1].length });
    response.end(found?.[1] ?? "{}");
  };
  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const pool = createPool({ nodes: [`http://127.0.0.1:${port}`], discovery: false, logger: false, ...options });
  try {
    await work(pool, seen);
  } finally {
    await pool.close({ timeoutMs: 0 });
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

const post = (path: string) => ({ method: "POST", path, class: "read" }) as const;

async function failureOf(promise: Promise<unknown>): Promise<RollcallError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof RollcallError, String(error));
  return error;
}

for (const threads of [0, 2]) {
  describe(`compression, with ${threads} threads`, patience, () => {
    it("answers in every coding, whole or as a stream, are the same as plain ones", async () => {
      await withNode({ threads, compression: { responses: true } }, async (pool, seen) => {
        for (const path of ["/gzip", "/members", "/deflate", "/raw", "/br", "/both", "/identity"]) {
          const whole = await pool.request(post(path));
          assert.equal(whole.text(), documents, path);
          assert.equal(whole.headers["content-encoding"], path === "/identity" ? "identity" : undefined);
          const streamed = await pool.stream(post(path));
          assert.equal((await buffer(streamed.body)).toString(), documents, path);
          assert.equal(streamed.headers["content-length"], path === "/identity" ? `${documents.length}` : undefined);
        }
        assert.deepEqual((await pool.child({}).request(post("/small"))).json(), {});
        for (const { headers } of seen) assert.match(String(headers["accept-encoding"]), /^gzip, deflate, br/);
      });
    });

    it("answers stay packed for requests, children and pools that ask for a coding themselves, and without the option", async () => {
      const own = { headers: { "accept-encoding": "gzip" } };
      const isPacked = async (pool: Pick<Pool, "request">, request = {}) => {
        const answer = await pool.request({ ...post("/gzip"), ...request });
        assert.equal(answer.headers["content-encoding"], "gzip");
        assert.equal(gunzipSync(answer.bytes()).toString(), documents);
      };
      await withNode({ threads, compression: { responses: true } }, async (pool) => {
        await isPacked(pool, own);
        await isPacked(pool.child(own));
      });
      await withNode({ threads, compression: true, ...own }, (pool) => isPacked(pool));
      await withNode({ threads, compression: false }, async (pool, seen) => {
        await isPacked(pool);
        assert.equal(seen[0]?.headers["accept-encoding"], "identity");
      });
    });

    it("an answer that cannot be unpacked, is cut short or too large is one error, also of a stream", async () => {
      await withNode({ threads, compression: true, maxResponseBytes: 1_000_000, retry: false }, async (pool) => {
        const errors = {
          "/unknown": /the content coding compress, which cannot be undone \(127/,
          "/cut": /cut short: its gzip has no end/,
          "/bomb": /larger than the pool reads/,
        };
        for (const [path, message] of Object.entries(errors)) {
          const { code, message: said } = await failureOf(pool.request(post(path)));
          assert.equal(code, "BAD_RESPONSE");
          assert.match(said, message);
        }
        assert.match((await failureOf(pool.stream(post("/unknown")))).message, errors["/unknown"]);
        const { body } = await pool.stream(post("/cut"));
        assert.match((await failureOf(buffer(body))).message, /cut short: its gzip has no end, after \d+ bytes/);
        const bomb = await pool.stream({ ...post("/bomb"), maxResponseBytes: 100_000 });
        assert.equal((await failureOf(buffer(bomb.body))).code, "BAD_RESPONSE");
      });
    });

    it("bodies above the size are sent as gzip, once packed for all attempts; others, and those with a coding, as given", async () => {
      const compression = { requests: true, aboveBytes: 1_000 };
      const large = "a line of the body\n".repeat(9_000);
      const bodies = [large, Buffer.from(large), "a line of the body\n".repeat(200)];
      for (const body of bodies) {
        await withNode(
          { threads, compression },
          async (pool, seen) => {
            assert.equal((await pool.request({ ...post("/small"), body })).status, 200);
            assert.equal(seen.length, 2);
            for (const { headers, body: sent } of seen) {
              assert.deepEqual([headers["content-encoding"], headers["content-length"]], ["gzip", `${sent.length}`]);
              assert.equal(gunzipSync(sent).toString(), body.toString());
            }
          },
          true,
        );
      }
      await withNode({ threads, compression }, async (pool, seen) => {
        await pool.request({ ...post("/small"), body: "small" });
        const packed = gzipSync(large, { level: 0 });
        await pool.request({ ...post("/small"), body: packed, headers: { "content-encoding": "gzip" } });
        await pool.request({ ...post("/small"), body: Readable.from(Array(5).fill(large)) });
        const [small, own, streamed] = seen;
        assert.equal(small?.headers["content-encoding"], undefined);
        assert.ok(own?.body.equals(packed));
        assert.deepEqual(
          [streamed?.headers["content-encoding"], streamed?.headers["content-length"]],
          ["gzip", undefined],
        );
        assert.equal(gunzipSync(streamed?.body ?? "").toString(), large.repeat(5));
      });
    });
  });
}
