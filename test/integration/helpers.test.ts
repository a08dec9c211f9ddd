import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { type FixtureCluster, nodeAt, type RequestFault, setAll } from "@rollcall/testing/fixture";
import { type BulkFailure, type BulkOptions, bulk } from "rollcall/helpers";
import { failureOf, patience, withPool } from "./support-requests.js";

const path = "/loaded/_bulk";
const writes = { index: "loaded", operation: (id: string) => [{ index: { _id: id } }, { id }] as const };
const names = (count: number) => Array.from({ length: count }, (_, at) => `d${at}`);

/** Every document of the index, and how often it was written. */
async function written(cluster: FixtureCluster): Promise<Map<string, number>> {
  const { documents } = await cluster.stats();
  return new Map([...documents].map(([name, times]) => [name.replace("loaded/", ""), times]));
}

describe("a bulk on a cluster", patience, () => {
  it("a bulk writes each line of a file once, and sends again what a node refused", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
      const folder = await mkdtemp(join(tmpdir(), "rollcall-"));
      try {
        const file = join(folder, "lines.ndjson");
        await writeFile(
          file,
          names(1_000)
            .map((id) => `{"index":{"_id":"${id}"}}\n{"text":"größe ${id}"}\n`)
            .join(""),
        );
        const items = names(100).map((_, at) => ({ index: { status: at < 30 ? 429 : 201 } }));
        const body = JSON.stringify({ errors: true, items });
        const full: RequestFault = { kind: "reply", body, on: { path }, times: 1 };
        const busy: RequestFault = { kind: "reply", status: 429, body: "{}", on: { path }, times: 1 };
        await nodeAt(cluster, 0).set({ requests: [full, busy] });

        const result = await bulk(pool, createReadStream(file, { highWaterMark: 1_000 }), {
          index: "loaded",
          chunkItems: 100,
          concurrency: 2,
        });
        const { items: read, succeeded, failed, retried } = result;
        assert.deepEqual([read, succeeded, failed, retried], [1_000, 1_000, 0, 130]);
        const documents = await written(cluster);
        assert.deepEqual([...documents.keys()].sort(), names(1_000).sort());
        // The fixture counts what it refuses by an item, too.
        assert.equal([...documents.values()].filter((times) => times === 2).length, 30);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });

  it("a bulk whose connection breaks sends whole documents again, and says of others that they may be written", async () => {
    await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
      const fault: RequestFault = { kind: "reset", when: "after-commit", on: { path, connection: "kept" }, times: 1 };
      const load = async (options: BulkOptions<string>) => {
        await setAll(cluster, { requests: [fault] });
        const failures: BulkFailure[] = [];
        const onFailed = (one: BulkFailure) => failures.push(one);
        const given = { chunkItems: 10, concurrency: 1, onFailed, ...options };
        return { result: await bulk(pool, names(200), given), failures };
      };
      const whole = await load(writes);
      assert.deepEqual([whole.result.succeeded, whole.failures], [200, []]);
      assert.equal((await written(cluster)).size, 200);

      const created = await load({ ...writes, operation: (id) => [{ create: { _id: `c${id}` } }, { id }] });
      assert.deepEqual([created.result.items, created.result.succeeded], [200, 200 - created.failures.length]);
      assert.ok(created.failures.length > 0);
      const documents = await written(cluster);
      for (const { position, id, mayBeApplied, error } of created.failures) {
        assert.deepEqual([id, mayBeApplied, error.code], [`cd${position}`, true, "DISCONNECTED"]);
        assert.equal(documents.get(id ?? ""), 1);
      }
    });
  });

  it("a bulk loses nothing when a node dies in the middle of it", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const dying = nodeAt(cluster, 2);
      async function* source() {
        for (const [at, id] of names(2_000).entries()) {
          if (at === 1_000) await dying.kill();
          yield id;
        }
      }
      const { succeeded, failed } = await bulk(pool, source(), { ...writes, chunkItems: 20 });
      assert.deepEqual([succeeded, failed], [2_000, 0]);
      assert.equal((await written(cluster)).size, 2_000);
    });
  });

  it("an aborted bulk leaves no request behind", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
      await nodeAt(cluster, 0).set({ requests: [{ kind: "silence", on: { path } }] });
      const abort = new AbortController();
      const loading = bulk(pool, names(100), { ...writes, chunkItems: 10, signal: abort.signal });
      await waitUntil("its requests are pending", () => pool.stats().pending === 4);
      abort.abort();
      assert.equal((await failureOf(loading)).code, "ABORTED");
      assert.equal(pool.stats().pending, 0);
    });
  });
});
