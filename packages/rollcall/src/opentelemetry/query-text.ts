import type { BegunRequest } from "@rollcall/worker/tracing";

/** Whose body is a query. */
const queries: ReadonlySet<string | undefined> = new Set([
  ...["search", "msearch", "count", "search_template", "msearch_template", "async_search.submit"],
  ...["eql.search", "esql.query", "sql.query", "update_by_query", "delete_by_query"],
]);

/** A longer text is cut. */
const maxLength = 8_192;

/** The text of the query that the body is; undefined for bodies of other operations, of bytes and of streams. */
export function queryText(operation: string | undefined, body: BegunRequest["body"]): string | undefined {
  return typeof body === "string" && queries.has(operation) ? body.slice(0, maxLength) : undefined;
}
