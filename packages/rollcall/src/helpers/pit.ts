import { RollcallError } from "@rollcall/worker";
import type { HelperPool } from "./bulk-types.js";
import { closeContext } from "./close-context.js";
import type { Hits, HitsPage, PitOptions } from "./hits-types.js";
import { acceptPage, hitsOf } from "./page-hits.js";
import { type PitEngine, pitEngine } from "./pit-engine.js";
import { searchAfterJson, uniqueSort } from "./search-after.js";
import { type CheckedSearch, checkSearchOptions } from "./search-options.js";
import { nameOf, type PageName, pageOf, throwIfRefused } from "./search-page.js";

/**
 * Every hit of a search, by a point in time and `search_after`: as the index was when it was opened, in the order of
 * `body.sort`. Elasticsearch from 7.12 on, OpenSearch from 2.4 on.
 *
 * Any node may serve any page, and a page that is lost is asked for again, as every read of the pool. Aggregations are
 * those of the first page: later ones do not ask for them.
 *
 * @throws {RollcallError} `CONFIG` at once, with a line for each option that cannot be used; `CLOSED`
 */
export function pit<Document = unknown>(pool: HelperPool, options: PitOptions<Document>): Hits<Document> {
  const checked = checkSearchOptions("pit", pool, options);
  return hitsOf(() => pitPages(pool, checked));
}

type CheckedPit<Document> = CheckedSearch<PitOptions<Document>>;

async function* pitPages<Document>(
  pool: HelperPool,
  options: CheckedPit<Document>,
): AsyncGenerator<HitsPage<Document>, void, undefined> {
  const { keepAliveMs, size, timeoutMs, signal } = options;
  const engine = await pitEngine(pool, options);
  let id = await openPit(pool, options, engine);
  try {
    let body: Readonly<Record<string, unknown>> = { ...options.body, size, sort: sortOf(options, engine) };
    let after = "";
    for (let number = 1; ; number++) {
      const what: PageName = { helper: "pit", number, keepAliveMs };
      const asked = JSON.stringify({ ...body, pit: { id, keep_alive: `${keepAliveMs}ms` } });
      const json = after === "" ? asked : `${asked.slice(0, -1)},"search_after":${after}}`;
      const page = pageOf<Document>(
        await pool.request({ method: "POST", path: "/_search", body: json, timeoutMs, signal }),
        what,
      );
      const { pit_id: newest } = page.answer;
      if (typeof newest === "string") id = newest;
      const isWhole = await acceptPage(page, what, options);
      const last = page.hits.at(-1);
      if (last === undefined) return;
      yield page;
      if (isWhole && page.hits.length < size) return;
      after = searchAfterJson(last.sort) ?? unusableSort(what);
      const { aggs: _, aggregations: __, ...further } = body;
      body = further;
    }
  } finally {
    await closeContext(pool, engine.closePath, engine.closeBody(id));
  }
}

/** One that is opened twice, because its first answer was lost, costs the cluster no more than its time. */
async function openPit<Document>(pool: HelperPool, options: CheckedPit<Document>, engine: PitEngine): Promise<string> {
  const { index, keepAliveMs, query, timeoutMs, signal, onPartial } = options;
  const partial = engine.allowPartial === undefined ? {} : { [engine.allowPartial]: onPartial !== undefined };
  const response = await pool.request({
    method: "POST",
    path: `/${encodeURIComponent(index)}/${engine.openPath}`,
    query: { ...partial, ...query, keep_alive: `${keepAliveMs}ms` },
    class: "repeatable",
    timeoutMs,
    signal,
  });
  throwIfRefused(response, { helper: "pit", number: 1, keepAliveMs });
  const id = (response.json() as Readonly<Record<string, unknown>> | null)?.[engine.idField];
  if (typeof id === "string") return id;
  throw new RollcallError("BAD_RESPONSE", `pit: ${response.node} has opened none, or is of another engine`, {
    sent: "maybe",
  });
}

function sortOf({ body, tiebreaker }: Pick<PitOptions, "body" | "tiebreaker">, engine: PitEngine): readonly unknown[] {
  const { sort } = (body ?? {}) as { readonly sort?: unknown };
  if (tiebreaker === false) return uniqueSort(sort, undefined);
  if (tiebreaker !== undefined) return uniqueSort(sort, tiebreaker);
  return uniqueSort(sort, sort === undefined ? engine.initialSort : engine.tiebreaker);
}

function unusableSort(what: PageName): never {
  const why = "the last hit's `sort` is missing, or has a number of more than 53 bits, which JavaScript rounds";
  const advice = "sort such a field with `format`, or by another field";
  throw new RollcallError("BAD_RESPONSE", `${nameOf(what)} has no end to go on from: ${why}; ${advice}`, {
    sent: "maybe",
  });
}
