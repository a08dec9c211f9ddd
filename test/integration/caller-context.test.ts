import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "@rollcall/worker";
import { type Echo, patience, withEcho } from "./support-requests.js";

const callers = new AsyncLocalStorage<string>();
const names = Array.from({ length: 100 }, (_, at) => `caller-${at}`);

/** One call of each caller, all at once, each in a context of its own. */
function callAtOnce<T>(by: readonly string[], call: (name: string) => Promise<T>): Promise<T[]> {
  return Promise.all(by.map((name) => callers.run(name, call, name)));
}

/** Few connections: most of the requests wait, and are sent as another one's answer comes. */
const fewConnections = { connections: { perNode: 4 } };

describe("the asynchronous context of the caller", patience, () => {
  it("undici's `undici:request:create` is published in the context of the request's own caller, 100 at once", async () => {
    const seen: [caller: string | undefined, sent: string | undefined][] = [];
    const created = (message: unknown) => {
      const { headers } = (message as { readonly request: { readonly headers: readonly string[] } }).request;
      const at = headers.indexOf("x-opaque-id");
      if (at !== -1) seen.push([callers.getStore(), headers[at + 1]]);
    };
    subscribe("undici:request:create", created);
    try {
      const call = (pool: Pool) => async (opaqueId: string) => {
        await pool.request({ method: "POST", path: "/logs/_search", opaqueId });
        return callers.getStore();
      };
      await withEcho(async (pool) => assert.deepEqual(await callAtOnce(names, call(pool)), names), {
        ...{ threads: 0, ...fewConnections },
      });
    } finally {
      unsubscribe("undici:request:create", created);
    }
    assert.equal(seen.length, 100);
    assert.deepEqual(
      seen.filter(([caller, sent]) => caller !== sent),
      [],
    );
  });

  for (const threads of [0, 1]) {
    it(`callbacks, events of a stream and the source of a body run in their caller's, with ${threads} threads`, async () => {
      await withEcho(
        async (pool) => {
          const wrong: string[] = [];
          const check = (name: string, where: string) => {
            if (callers.getStore() !== name) wrong.push(`${where} of ${name} ran in ${callers.getStore()}`);
          };
          const few = names.slice(0, 20);
          const sources = await callAtOnce(few, async (name) => {
            async function* body() {
              check(name, "the source's beginning");
              yield "{";
              check(name, "the source");
              await sleep(1);
              yield "}";
              check(name, "the source's end");
            }
            const answer = pool.request({ method: "POST", path: "/logs/_doc", body: body() });
            await answer.then(() => check(name, "a callback"));
            // It is shown again: most of that comes after the reader has asked for it.
            const search = { method: "POST", path: "/logs/_search", body: Buffer.alloc(300_000), opaqueId: name };
            const { body: read } = await pool.stream(search);
            const pieces: Buffer[] = [];
            read.on("data", (piece: Buffer) => {
              check(name, "data");
              pieces.push(piece);
            });
            read.on("close", () => check(name, "close"));
            await once(read, "end");
            check(name, "the continuation");
            return (JSON.parse(Buffer.concat(pieces).toString()) as Echo).headers["x-opaque-id"];
          });
          assert.deepEqual(sources, few);
          assert.deepEqual(wrong, []);
        },
        { threads, ...fewConnections },
      );
    });
  }
});
