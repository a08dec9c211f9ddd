import type { Hits, HitsPage, ScrollOptions } from "./hits-types.js";
import { type PageName, partialError } from "./search-page.js";

/** Hits of pages. `read` begins a search. */
export function hitsOf<Document>(read: () => AsyncGenerator<HitsPage<Document>, void, undefined>): Hits<Document> {
  return {
    pages: read,
    async *[Symbol.asyncIterator]() {
      for await (const { hits } of read()) yield* hits;
    },
  };
}

/**
 * Whether the page has all of its hits.
 *
 * @throws {RollcallError} `BAD_RESPONSE` for one that has not, unless the caller takes such pages
 */
export async function acceptPage<Document>(
  page: HitsPage<Document>,
  what: PageName,
  { onPartial }: Pick<ScrollOptions<Document>, "onPartial">,
): Promise<boolean> {
  const error = partialError(page, what);
  if (error === undefined) return true;
  if (onPartial === undefined) throw error;
  await onPartial(page);
  return false;
}
