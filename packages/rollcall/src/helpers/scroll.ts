import { type PoolResponse, RollcallError } from "@rollcall/worker";
import type { HelperPool } from "./bulk-types.js";
import { closeContext } from "./close-context.js";
import type { Hits, HitsPage, ScrollOptions } from "./hits-types.js";
import { acceptPage, hitsOf } from "./page-hits.js";
import { type CheckedSearch, checkSearchOptions } from "./search-options.js";
import { nameOf, type PageName, pageOf, renamed } from "./search-page.js";

/**
 * Every hit of a search, by the scroll API: as the index was when it began, in the order of `body.sort`.
 *
 * Any node may serve any page; where nodes have different users, the pool stays with the one that opened it. No page is
 * asked for twice: the cluster moves on when it answers, so that a second answer would leave out the hits of the first. A
 * page that is lost ends the iteration.
 *
 * @throws {RollcallError} `CONFIG` at once, with a line for each option that cannot be used; `CLOSED`
 */
export function scroll<Document = unknown>(pool: HelperPool, options: ScrollOptions<Document> = {}): Hits<Document> {
  const checked = checkSearchOptions("scroll", pool, options);
  return hitsOf(() => scrollPages(pool, checked));
}

async function* scrollPages<Document>(
  pool: HelperPool,
  options: CheckedSearch<ScrollOptions<Document>>,
): AsyncGenerator<HitsPage<Document>, void, undefined> {
  const { keepAliveMs } = options;
  let scrollId: string | undefined;
  try {
    for (let number = 1; ; number++) {
      const what: PageName = { helper: "scroll", number, keepAliveMs };
      const page = pageOf<Document>(await ask(pool, options, scrollId, what), what);
      const { _scroll_id: newest } = page.answer;
      if (typeof newest === "string") scrollId = newest;
      await acceptPage(page, what, options);
      if (page.hits.length === 0) return;
      if (scrollId === undefined) throw new RollcallError("BAD_RESPONSE", `${nameOf(what)} has no _scroll_id`);
      yield page;
    }
  } finally {
    if (scrollId !== undefined) await closeContext(pool, "/_search/scroll", { scroll_id: scrollId });
  }
}

async function ask<Document>(
  pool: HelperPool,
  options: CheckedSearch<ScrollOptions<Document>>,
  scrollId: string | undefined,
  what: PageName,
): Promise<PoolResponse> {
  const { index, body, size, query, timeoutMs, signal } = options;
  const keepAlive = `${options.keepAliveMs}ms`;
  const common = { method: "POST", timeoutMs, signal };
  if (scrollId === undefined) {
    const path = index === undefined ? "/_search" : `/${encodeURIComponent(index)}/_search`;
    return pool.request({ ...common, path, query: { ...query, scroll: keepAlive }, body: { ...body, size } });
  }
  const next = { scroll: keepAlive, scroll_id: scrollId };
  try {
    return await pool.request({ ...common, path: "/_search/scroll", body: next, class: "never" });
  } catch (error) {
    if (!(error instanceof RollcallError) || error.code === "ABORTED" || error.sent === "no") throw error;
    const lost = "the cluster may have moved past it, and asking again would leave out its hits";
    throw renamed(error, `${nameOf(what)} was lost: ${lost}: ${error.message}`);
  }
}
