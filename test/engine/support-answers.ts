import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { type BulkFailure, bulk, pit, scroll } from "rollcall/helpers";
import { openPool } from "./support-engine.js";
import type { Statement } from "./support-statements.js";

/** What requests and answers are, on every engine. */
export const answerStatements: readonly Statement[] = [
  {
    says: "answers come as JSON, text and bytes, and error statuses are answers",
    check: async ({ pool }) => {
      const root = await pool.request<{ version: { number: string } }>({ method: "GET", path: "/" });
      assert.match(root.json().version.number, /^\d/);
      assert.equal(root.text().length, root.bytes().byteLength);
      const missing = await pool.request({ method: "GET", path: "/no-such-index/_doc/1" });
      assert.deepEqual([missing.status, missing.ok], [404, false]);
      assert.throws(() => missing.throwIfError(), { code: "STATUS", type: "index_not_found_exception" });
      const path = "/things/_doc/a%2Fb";
      assert.equal((await pool.request({ method: "PUT", path, body: { n: 1 } })).status, 201);
      assert.equal((await pool.request({ method: "HEAD", path })).status, 200);
    },
  },
  {
    says: "lines of a bulk body reach the engine as they were given, whether objects, texts or bytes",
    check: async ({ pool }) => {
      const items = [
        { index: { _id: "object" } },
        { text: "a line\nand another" },
        '{"index":{"_id":"text"}}',
        '{"text":"as given"}',
        Buffer.from('{"index":{"_id":"bytes"}}'),
        Buffer.from('{"text":"é"}'),
      ];
      const answer = await pool.request<{ errors: boolean; items: unknown[] }>({
        method: "POST",
        path: "/lines/_bulk",
        query: { refresh: true },
        ndjson: items,
      });
      assert.deepEqual([answer.json().errors, answer.json().items.length], [false, 3]);
      const textOf = async (id: string) =>
        (await pool.request<{ _source: { text: string } }>({ method: "GET", path: `/lines/_doc/${id}` })).json()
          ._source;
      assert.deepEqual(await textOf("object"), { text: "a line\nand another" });
      assert.deepEqual(await textOf("text"), { text: "as given" });
      assert.deepEqual(await textOf("bytes"), { text: "é" });
      const smuggled = ['{"index":{"_id":"x"}}\n{"index":{"_id":"smuggled"}}', {}];
      await assert.rejects(pool.request({ method: "POST", path: "/lines/_bulk", ndjson: smuggled }), {
        code: "CONFIG",
      });
    },
  },
  {
    says: "helpers write and read a whole index, page by page, and leave no search open",
    check: async ({ engine, pool }) => {
      const settings = { number_of_shards: 3, number_of_replicas: 0 };
      const mappings = { properties: { n: { type: "long" }, m: { type: "long" } } };
      await pool.request({ method: "PUT", path: "/many", body: { settings, mappings }, timeoutMs: 60_000 });
      const failures: BulkFailure[] = [];
      const { succeeded, failed } = await bulk(pool, Array(1_000).keys(), {
        index: "many",
        query: { refresh: true },
        chunkItems: 100,
        timeoutMs: 60_000,
        onFailed: (failure) => failures.push(failure),
        // One in ten is no number, and two in three have no `m`.
        operation: (n) => [
          { index: { _id: `${n}` } },
          { n: n % 10 === 9 ? "no number" : n % 7, ...(n % 3 === 0 ? { m: n } : {}) },
        ],
      });
      assert.deepEqual([succeeded, failed], [900, 100]);
      assert.ok(
        failures.every(({ position, status, mayBeApplied }) => position % 10 === 9 && status === 400 && !mayBeApplied),
      );
      assert.match(
        failures[0]?.error.message ?? "",
        /answered 400 \((?:mapper|document)_parsing_exception\): .*failed to parse field \[n\]/,
      );
      const conflicts: (string | undefined)[] = [];
      const create = { operation: () => [{ create: { _index: "many", _id: "1" } }, {}] as const };
      await bulk(pool, [0], { ...create, onFailed: ({ error }) => conflicts.push(error.type) });
      assert.deepEqual(conflicts, ["version_conflict_engine_exception"]);

      const search = { index: "many", size: 50, timeoutMs: 60_000 };
      for (const hits of [
        scroll(pool, search),
        pit(pool, search),
        pit(pool, { ...search, body: { sort: ["n", "m"] } }),
        pit(pool, { ...search, body: { sort: { m: { order: "desc", missing: "_first" } } } }),
      ]) {
        const ids: string[] = [];
        for await (const page of hits.pages()) {
          ids.push(...page.hits.map(({ _id }) => _id));
        }
        assert.deepEqual([ids.length, new Set(ids).size], [900, 900]);
      }
      const closeAll = { scroll: "/_search/scroll/_all", pit: "/_search/point_in_time/_all" };
      // Elasticsearch has no request that ends every PIT.
      for (const [name, hits] of [
        ["scroll", scroll(pool, search)],
        ...(engine.kind.startsWith("opensearch") ? ([["pit", pit(pool, search)]] as const) : []),
      ] as const) {
        const reading = (async () => {
          for await (const _ of hits.pages()) await pool.request({ method: "DELETE", path: closeAll[name] });
        })();
        await assert.rejects(reading, { code: "STATUS", status: 404, message: /keepAliveMs/ });
        for await (const _ of hits) break;
      }
      const stats = await pool.request<{ _all: { total: { search: { open_contexts: number } } } }>({
        method: "GET",
        path: "/_stats/search",
      });
      assert.equal(stats.json()._all.total.search.open_contexts, 0);
    },
  },
  {
    says: "the engine compresses answers and takes compressed bodies: both are the same as plain ones, also as streams",
    check: async ({ access }) => {
      const compression = { requests: true, responses: true, aboveBytes: 0 };
      await using packing = openPool({ ...access, threads: 1, compression });
      const ndjson = Array.from({ length: 3_000 }, (_, n) => [{ index: { _id: `${n}` } }, { n, text: "a line of it" }]);
      const load = { method: "POST", path: "/packed/_bulk", query: { refresh: true }, timeoutMs: 60_000 } as const;
      const written = await packing.request<{ errors: boolean; items: unknown[] }>({ ...load, ndjson: ndjson.flat() });
      assert.deepEqual([written.json().errors, written.json().items.length], [false, 3_000]);
      const found = { method: "POST", path: "/packed/_search", body: { size: 3_000, sort: ["n"] } } as const;
      const hitsOf = (text: string) => (JSON.parse(text) as { hits: unknown }).hits;
      const asked = (coding: string) => packing.request({ ...found, headers: { "accept-encoding": coding } });
      const plain = hitsOf((await asked("identity")).text());
      assert.deepEqual(hitsOf((await packing.request(found)).text()), plain);
      assert.deepEqual(hitsOf(await text((await packing.stream(found)).body)), plain);
      assert.equal((await asked("gzip")).headers["content-encoding"], "gzip");
    },
  },
  {
    says: "a name that the engine resolves by the date is written to once, under its concrete name",
    check: async ({ pool }) => {
      const path = `/${encodeURIComponent("<logs-{now/d}>")}/_doc/1`;
      const answer = await pool.request<{ _index: string }>({ method: "PUT", path, body: { n: 1 } });
      assert.equal(answer.status, 201);
      assert.match(answer.json()._index, /^logs-\d{4}\.\d{2}\.\d{2}$/);
    },
  },
  {
    says: "an answer with 40 KB of warnings in its headers is an answer",
    // The security plugin loses the warnings of a request.
    on: ({ kind, isSecured }) => kind.startsWith("opensearch") && !isSecured,
    check: async ({ pool }) => {
      const patterns = Array.from({ length: 1_500 }, (_, at) => `a-pattern-of-an-old-template-${at}-*`);
      const old = { index_patterns: patterns, order: 1 };
      assert.equal((await pool.request({ method: "PUT", path: "/_template/old", body: old })).status, 200);
      // The warning names every pattern of the old template.
      const body = { index_patterns: patterns.slice(0, 1) };
      const { status, headers } = await pool.request({ method: "PUT", path: "/_index_template/new", body });
      assert.equal(status, 200);
      const { length } = [headers.warning ?? ""].flat().join();
      assert.ok(length > 40_000, `${length} characters`);
    },
  },
];
