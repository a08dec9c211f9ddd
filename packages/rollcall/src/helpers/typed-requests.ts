import type { PoolRequest, PoolResponse, QueryFields } from "@rollcall/worker";
import type { HelperPool } from "./bulk-types.js";
import type { ClientCalls, TypedRequests } from "./client-types.js";

/** What a typed request may say of itself, as in `pool.request`. */
export type TypedRequestSettings = Omit<PoolRequest, "method" | "path" | "query" | "body" | "ndjson">;

/**
 * `search`, `msearch` and `bulk` of a pool, with the requests and answers of a client's types:
 * `typedRequests<Client>(pool)`, after `import type { Client } from "@elastic/elasticsearch"`. The client is not loaded.
 *
 * A request is what the client's own call takes: a part of it goes into the path and the query, and the rest, or `body`
 * where it has one, is the body. Nothing is checked at run time: a field that is none is refused by the cluster.
 */
export function typedRequests<Client extends ClientCalls>(
  pool: HelperPool,
): TypedRequests<Client, TypedRequestSettings> {
  const send = (request: unknown, made: (request: ClientRequest) => PoolRequest, settings: TypedRequestSettings = {}) =>
    pool.request<never>({ ...settings, ...made((request ?? {}) as ClientRequest) });
  return {
    search: (request, settings) => send(request, searchRequest, settings),
    msearch: (request, settings) => send(request, linesRequest("_msearch", "searches"), settings),
    bulk: (request, settings) => send(request, linesRequest("_bulk", "operations"), settings),
  } satisfies Record<
    keyof ClientCalls,
    (request: never, settings?: TypedRequestSettings) => Promise<PoolResponse<never>>
  >;
}

interface ClientRequest {
  readonly index?: string | readonly string[];
  readonly body?: unknown;
  readonly [field: string]: unknown;
}

/** What a search can say in its query alone. Clients without `body` have it beside what belongs to the body. */
const ofQuery: ReadonlySet<string> = new Set([
  ...["allow_no_indices", "allow_partial_search_results", "analyze_wildcard", "analyzer", "batched_reduce_size"],
  ...["ccs_minimize_roundtrips", "default_operator", "df", "error_trace", "expand_wildcards", "filter_path"],
  ...["force_synthetic_source", "human", "ignore_throttled", "ignore_unavailable", "include_named_queries_score"],
  ...["lenient", "max_concurrent_shard_requests", "phase_took", "pre_filter_shard_size", "preference", "pretty", "q"],
  ...["request_cache", "rest_total_hits_as_int", "routing", "scroll", "search_type", "_slice", "_source_excludes"],
  ...["_source_exclude_vectors", "_source_includes", "suggest_field", "suggest_mode", "suggest_size", "suggest_text"],
  ...["typed_keys"],
]);

export function searchRequest({ index, body, ...fields }: ClientRequest): PoolRequest {
  const common = { method: "POST", path: pathOf(index, "_search") };
  if (body !== undefined) return { ...common, query: fields as QueryFields, body: body as object };
  // As a text, a sort has its own form (`year:desc`), which only the query takes.
  const isQuery = ([name, value]: readonly [string, unknown]) =>
    ofQuery.has(name) || (name === "sort" && typeof value === "string");
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return {
    ...common,
    query: Object.fromEntries(entries.filter(isQuery)) as QueryFields,
    body: Object.fromEntries(entries.filter((entry) => !isQuery(entry))),
  };
}

/** `field`: where clients without `body` have the lines. */
export function linesRequest(api: string, field: string): (request: ClientRequest) => PoolRequest {
  return ({ index, body, [field]: own, ...fields }) => {
    const lines: unknown = own ?? body ?? [];
    const isText = typeof lines === "string" || lines instanceof Uint8Array;
    return {
      method: "POST",
      path: pathOf(index, api),
      query: fields as QueryFields,
      ndjson: isText ? linesIn(lines) : (lines as Iterable<unknown>),
    };
  };
}

function linesIn(text: string | Uint8Array): readonly string[] {
  return Buffer.from(text)
    .toString("utf8")
    .split(/\r?\n/)
    .filter((line) => line !== "");
}

function pathOf(index: ClientRequest["index"], api: string): string {
  const name = typeof index === "string" ? index : (index ?? []).join(",");
  return name === "" ? `/${api}` : `/${encodeURIComponent(name)}/${api}`;
}
