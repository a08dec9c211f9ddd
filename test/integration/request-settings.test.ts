import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RequestFault, setAll } from "@rollcall/testing/fixture";
import type { PoolOptions } from "@rollcall/worker";
import { failureOf, patience, requestsSeen, search, withPool } from "./support-requests.js";

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

  it("a pool is closed from the first call of close() on", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ pool }) => {
      assert.equal(pool.isClosed, false);
      const closing = pool.close();
      assert.equal(pool.isClosed, true);
      await closing;
      assert.equal(pool.isClosed, true);
    });
  });
});
