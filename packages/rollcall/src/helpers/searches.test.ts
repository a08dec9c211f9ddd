import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PoolRequest, RollcallError } from "@rollcall/worker";
import type { Hits, PitOptions } from "./hits-types.js";
import { pit } from "./pit.js";
import { engineOf } from "./pit-engine.js";
import { type Reply, type ScriptedPool, scriptedPool } from "./scripted-pool.test.support.js";
import { scroll } from "./scroll.js";

const hit = (at: number) => ({ _index: "i", _id: `${at}`, sort: [at] });
const openSearch = { version: { distribution: "opensearch", number: "2.19.1" } };

/** A cluster of so many documents that serves both helpers; `change` may answer a page, from 1, in another way. */
function cluster(documents: number, change: (page: number, body: object) => Reply | undefined = () => undefined) {
  let served = 0;
  let page = 0;
  return scriptedPool(({ method, path, body }) => {
    if (path === "/") return { body: openSearch };
    if (method === "DELETE") return { body: {} };
    if (path.endsWith("/point_in_time")) return { body: { pit_id: "pit-0" } };
    if (path.endsWith("/_pit")) return { body: { id: "pit-0" } };
    page++;
    const asked = (typeof body === "string" ? JSON.parse(body) : body) as { size?: number; search_after?: [number] };
    const from = typeof body === "string" ? (asked.search_after?.[0] ?? -1) + 1 : served;
    const hits = Array.from({ length: Math.min(asked.size ?? 2, documents - from) }, (_, at) => hit(from + at));
    served = from + hits.length;
    const ids = { _scroll_id: `scroll-${page}`, pit_id: `pit-${page}` };
    return change(page, asked) ?? { body: { ...ids, _shards: { total: 1, failed: 0 }, hits: { hits } } };
  });
}

async function idsOf(hits: Hits): Promise<string[]> {
  const ids: string[] = [];
  for await (const { _id } of hits) ids.push(_id);
  return ids;
}

const ids = (count: number) => Array.from({ length: count }, (_, at) => `${at}`);
const shown = ({ requests }: ScriptedPool) => requests.map(({ method, path }) => `${method} ${path}`);
const bodyOf = (request: PoolRequest | undefined) =>
  (typeof request?.body === "string" ? JSON.parse(request.body) : request?.body) as Record<string, unknown>;
const both = [
  ["scroll", (pool: ScriptedPool, options: object) => scroll(pool, { index: "i", size: 2, ...options })],
  ["pit", (pool: ScriptedPool, options: object) => pit(pool, { index: "i", size: 2, ...options })],
] as const;
const failureOf = async (work: Promise<unknown>) => {
  const outcome = await work.catch((error: unknown) => error);
  assert.ok(outcome instanceof RollcallError, String(outcome));
  return outcome;
};
const closed = ({ requests }: ScriptedPool) => requests.at(-1)?.method === "DELETE";

describe("scroll", () => {
  it("a scroll gives every hit in order, asks by the newest id, and closes its context", async () => {
    const pool = cluster(5);
    const hits = scroll(pool, { index: "a,b", size: 2, body: { query: { match_all: {} } }, query: { routing: "r" } });
    assert.equal(pool.requests.length, 0);
    assert.deepEqual(await idsOf(hits), ids(5));
    const [first, second, , , last] = pool.requests;
    assert.deepEqual([first?.path, first?.query], ["/a%2Cb/_search", { routing: "r", scroll: "60000ms" }]);
    assert.deepEqual(first?.body, { query: { match_all: {} }, size: 2 });
    assert.deepEqual([second?.path, second?.class], ["/_search/scroll", "never"]);
    assert.deepEqual(second?.body, { scroll: "60000ms", scroll_id: "scroll-1" });
    assert.deepEqual([last?.method, last?.body], ["DELETE", { scroll_id: "scroll-4" }]);
  });

  it("a page of a scroll that is refused to its user says that it goes on for that user alone", async () => {
    const refused = cluster(9, (page) => (page === 2 ? { status: 401, body: {} } : undefined));
    const { code, message } = await failureOf(idsOf(scroll(refused, { index: "i", size: 2 })));
    assert.equal(code, "STATUS");
    assert.match(
      message,
      /^page 2 of a scroll: .* 401; a scroll goes on for the user who opened it alone, so begin again$/,
    );
    const first = cluster(9, () => ({ status: 401, body: {} }));
    assert.match((await failureOf(idsOf(scroll(first, { index: "i" })))).message, / 401$/);
  });

  it("a page of a scroll that is lost is not asked for again: its hits would be missing", async () => {
    const pool = cluster(9, (page) => {
      if (page === 2) throw new RollcallError("TIMEOUT", "late", { sent: "maybe" });
      return undefined;
    });
    const error = await failureOf(idsOf(scroll(pool, { size: 2 })));
    assert.deepEqual([error.code, error.sent], ["TIMEOUT", "maybe"]);
    assert.match(error.message, /^page 2 of a scroll was lost: .* leave out its hits: late$/);
    assert.deepEqual(shown(pool), ["POST /_search", "POST /_search/scroll", "DELETE /_search/scroll"]);
  });
});

describe("pit", () => {
  it("a point in time gives every hit in order, asks behind the last one by the newest id, and is closed", async () => {
    const pool = cluster(5);
    const options = { index: "i", size: 2, body: { aggs: { a: {} }, sort: "n" }, keepAliveMs: 5_000 };
    assert.deepEqual(await idsOf(pit(pool, options)), ids(5));
    const [, open, first, second, third, last] = pool.requests;
    assert.deepEqual([open?.path, open?.class], ["/i/_search/point_in_time", "repeatable"]);
    assert.deepEqual(open?.query, { allow_partial_pit_creation: false, keep_alive: "5000ms" });
    const asked = { size: 2, sort: ["n", { _id: "asc" }], pit: { id: "pit-0", keep_alive: "5000ms" } };
    assert.deepEqual(bodyOf(first), { ...asked, aggs: { a: {} } });
    assert.deepEqual(bodyOf(second), { ...asked, pit: { ...asked.pit, id: "pit-1" }, search_after: [1] });
    assert.deepEqual(bodyOf(third).search_after, [3]);
    assert.deepEqual(
      [last?.method, last?.path, last?.body],
      ["DELETE", "/_search/point_in_time", { pit_id: ["pit-3"] }],
    );
    assert.equal(pool.requests.length, 6);
  });

  it("a point in time is opened and closed as its engine wants it, and its sort is unique there", async () => {
    const sortsOf = async (options: Partial<PitOptions>) => {
      const pool = cluster(1);
      await idsOf(pit(pool, { index: "i", ...options }));
      const search = pool.requests.find(({ path }) => path === "/_search");
      return [pool.requests.length, pool.requests.at(-1)?.path, bodyOf(search).sort];
    };
    const elastic = { engine: "elasticsearch" } as const;
    const body = { sort: ["n"] };
    assert.deepEqual(await sortsOf(elastic), [3, "/_pit", [{ _shard_doc: "asc" }]]);
    assert.deepEqual(await sortsOf({ ...elastic, body }), [3, "/_pit", ["n"]]);
    assert.deepEqual(await sortsOf({ ...elastic, body, tiebreaker: "u" }), [3, "/_pit", ["n", { u: "asc" }]]);
    const path = "/_search/point_in_time";
    assert.deepEqual(await sortsOf({}), [4, path, [{ _id: "asc" }]]);
    assert.deepEqual(await sortsOf({ engine: "opensearch", body, tiebreaker: false }), [3, path, ["n"]]);

    const tiebreakerOf = (number: string) => engineOf({ version: { distribution: "opensearch", number } }).tiebreaker;
    assert.deepEqual(["2.19.1", "3.2.0", "3.3.0", "4.0.0"].map(tiebreakerOf), [
      "_id",
      "_id",
      "_shard_doc",
      "_shard_doc",
    ]);
    for (const other of [null, {}, { version: { number: "8.0.0" } }]) assert.equal(engineOf(other).closePath, "/_pit");
  });

  it("a point in time whose user may not read GET / says that `engine` helps", async () => {
    const pool = scriptedPool(() => ({ status: 403, body: {} }));
    const error = await failureOf(idsOf(pit(pool, { index: "i" })));
    assert.deepEqual([error.code, error.status, pool.requests.length], ["STATUS", 403, 1]);
    assert.match(error.message, /`engine`/);
  });

  it("a sort whose values JavaScript rounds ends a point in time, after the hits that it has", async () => {
    const hits = [{ _id: "0" }, { _id: "1", sort: [2 ** 60 + 1] }];
    const pool = cluster(9, () => ({ body: { hits: { hits } } }));
    const seen: string[] = [];
    const work = (async () => {
      for await (const { _id } of pit(pool, { index: "i", size: 2 })) seen.push(_id);
    })();
    const error = await failureOf(work);
    assert.deepEqual([error.code, seen, closed(pool)], ["BAD_RESPONSE", ["0", "1"], true]);
    assert.match(error.message, /53 bits/);
  });
});

for (const [name, open] of both) {
  describe(`every ${name}`, () => {
    it(`a ${name} is closed when its reader breaks off, throws, or aborts`, async () => {
      const broken = cluster(9);
      for await (const _ of open(broken, {})) break;
      assert.ok(closed(broken));

      const thrown = cluster(9);
      const reading = (async () => {
        for await (const _ of open(thrown, {})) throw new TypeError("mine");
      })();
      await assert.rejects(reading, TypeError);
      assert.ok(closed(thrown));

      const abort = new AbortController();
      const aborted = cluster(9, (page) => {
        if (page === 1) return undefined;
        abort.abort();
        throw new RollcallError("ABORTED", "aborted", { sent: "maybe" });
      });
      assert.equal((await failureOf(idsOf(open(aborted, { signal: abort.signal })))).code, "ABORTED");
      assert.ok(closed(aborted));
      assert.equal(aborted.requests.at(-1)?.signal, undefined);
    });

    it(`a page of a ${name} that lacks hits ends it, unless the caller takes such pages`, async () => {
      const failures = [{ reason: { type: "circuit_breaking_exception" } }];
      const partial = (page: number) =>
        page === 1
          ? { body: { _scroll_id: "s", timed_out: true, hits: { hits: [hit(0), hit(1)] } } }
          : { body: { _shards: { total: 3, failed: 1, failures }, hits: { hits: page < 4 ? [hit(page)] : [] } } };
      const error = await failureOf(idsOf(open(cluster(9, partial), {})));
      assert.equal(error.code, "BAD_RESPONSE");
      assert.match(error.message, /^page 1 of a .* lacks hits: the search timed out, says n1:9200; `onPartial`/);

      const pages: unknown[] = [];
      const pool = cluster(9, partial);
      const hits = open(pool, { onPartial: ({ answer }: { answer: unknown }) => pages.push(answer) });
      assert.deepEqual(await idsOf(hits), ["0", "1", "2", "3"]);
      assert.equal(pages.length, 4);
    });

    it(`a ${name} whose context is gone says so, and names keepAliveMs`, async () => {
      const gone = { error: { type: "search_phase_execution_exception" } };
      const missing = [{ reason: { type: "search_context_missing_exception" } }];
      const ends: readonly Reply[] = [
        { status: 404, body: gone },
        { body: { _shards: { total: 2, failed: 1, failures: missing }, hits: { hits: [] } } },
      ];
      for (const end of ends) {
        const pool = cluster(9, (page) => (page === 2 ? end : undefined));
        const { message } = await failureOf(idsOf(open(pool, { keepAliveMs: 2_000 })));
        assert.match(message, /^page 2 of a .* 2000 ms \(keepAliveMs\)/);
        assert.ok(closed(pool));
      }
    });

    it(`the wrong options of a ${name} are one error at once, with a line for each`, async () => {
      const pool = cluster(1);
      const wrong = { size: 0, keepAlive: "1m", keepAliveMs: 1, body: { from: 1 }, query: { scroll: "1m" }, index: 7 };
      assert.throws(
        () => open(pool, wrong),
        (error: RollcallError) => {
          assert.equal(error.code, "CONFIG");
          assert.deepEqual(error.message.split("\n"), [
            `${name}.keepAlive: unknown option; use \`${name}.keepAliveMs\``,
            `${name}.body.from: the helper sets it itself`,
            `${name}.query.scroll: the helper sets it itself`,
            `${name}.size = 0: must be a whole number from 1 to 10000`,
            `${name}.keepAliveMs = 1: must be a whole number from 1000 to 86400000`,
            `${name}.index = 7: must be a name that is not empty`,
          ]);
          return true;
        },
      );
      assert.throws(() => open({ ...pool, isClosed: true } as ScriptedPool, {}), { code: "CLOSED" });
      assert.equal(pool.requests.length, 0);
    });
  });
}

it("a point in time without an index, of an unknown engine, or with a wrong tiebreaker is refused", () => {
  assert.throws(() => pit(cluster(1), { engine: "solr", tiebreaker: 1 } as never), {
    message: [
      "pit.index is missing: must be a name that is not empty",
      'pit.engine = "solr": must be "elasticsearch" or "opensearch"',
      "pit.tiebreaker = 1: must be the name of a field, or false",
    ].join("\n"),
  });
});
