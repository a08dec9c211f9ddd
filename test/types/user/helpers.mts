// Code of a user of the helpers, with the types of each client and without: compiled, never run.
import { createReadStream } from "node:fs";
import type { Client as Client7 } from "@elastic/elasticsearch";
import type { Client as OpenSearch3 } from "@opensearch-project/opensearch";
import type { Client as Client8 } from "es8";
import type { Client as Client9 } from "es9";
import type { Client as OpenSearch2 } from "os2";
import { createPool } from "rollcall";
import { type BulkResult, bulk, pit, scroll, typedRequests } from "rollcall/helpers";

interface Book {
  readonly title: string;
}

const pool = createPool({ nodes: ["http://127.0.0.1:9200"] });

export async function load(books: AsyncIterable<Book>): Promise<BulkResult> {
  await bulk(pool.child({ opaqueId: "a" }), books, {
    index: "books",
    operation: (book, position) => ({ index: { _id: `${book.title.length + position}` } }),
    onFailed: ({ error, mayBeApplied }) => console.error(error.status, mayBeApplied),
  });
  await bulk(pool, [{ delete: { _id: "1" } }, [{ update: { _id: "2" } }, { doc: {} }]], {});
  await bulk(pool, createReadStream("a"), { operation: (line: string) => [{ create: {} }, line] });
  // @ts-expect-error: an option that there is not
  await bulk(pool, [], { flushBytes: 1 });
  // @ts-expect-error: no action
  await bulk(pool, books, { operation: () => ({ insert: {} }) });
  return bulk(pool, Buffer.from("{}"), { class: "never" });
}

export async function titles(): Promise<readonly (string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for await (const { _id, _source } of pit<Book>(pool, { index: "books" })) found.push(_id, _source?.title);
  for await (const { hits } of scroll<Book>(pool).pages()) found.push(...hits.map(({ _source }) => _source?.title));
  // @ts-expect-error: a point in time needs an index
  pit(pool, {});
  return found;
}

export async function typed(): Promise<readonly (string | undefined)[]> {
  const nine = typedRequests<Client9>(pool);
  const found = (await nine.search<Book>({ index: "books", query: { match: { title: "a" } } })).json();
  const took: number = found.took;
  const several = await nine.msearch<Book>({ searches: [{ index: "books" }, { query: { match_all: {} } }] });
  const of9 = several.json().responses.flatMap((one) => ("hits" in one ? one.hits.hits.map(titleOf) : []));
  const written = (await nine.bulk({ index: "books", operations: [{ index: {} }, { title: "a" }] })).json();
  const failed: boolean = written.errors;
  // @ts-expect-error: a query that there is not
  await nine.search({ query: { matches: {} } });
  // @ts-expect-error: an answer has no such field
  found.tookMs;

  const of8 = (await typedRequests<Client8>(pool).search<Book>({ q: "a" }, { timeoutMs: took })).json();
  const of7 = (await typedRequests<Client7>(pool).search<Book>({ body: { query: {} } })).json();
  const three = typedRequests<OpenSearch3>(pool);
  const of3 = (await three.search<Book>({ index: ["a", "b"], body: { query: { match_all: {} } } })).json();
  const ofBulk: boolean = (await three.bulk({ body: [{ index: {} }, {}], refresh: failed })).json().errors;
  // @ts-expect-error: a size is a number
  await three.search({ body: { size: "a" } });
  const of2 = (await typedRequests<OpenSearch2>(pool).search<Book>({ body: {} })).json();
  return [...of9, ...[found, of8, of3].flatMap(({ hits }) => hits.hits.map(titleOf)), `${ofBulk}`].concat(
    of7.hits.hits.map(titleOf),
    of2.hits.hits.map(titleOf),
  );
}

function titleOf({ _source }: { readonly _source?: Book }): string | undefined {
  return _source?.title;
}
