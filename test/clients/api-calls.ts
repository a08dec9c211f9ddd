import type { Call } from "./call.js";

const index = "clients-a";
const other = "clients-b";
const refresh = { refresh: "true" } as const;
const settings = { number_of_shards: 1, number_of_replicas: 0 };
const mappings = { properties: { title: { type: "text" }, n: { type: "integer" }, tag: { type: "keyword" } } };
const operations = [
  { index: { _index: index, _id: "b1" } },
  { title: "bulk one", n: 11 },
  { create: { _index: index, _id: "b2" } },
  { title: "bulk two", n: 12 },
  { delete: { _index: index, _id: "b1" } },
];

/** What programs do with an index, from its creation to its end, in an order that makes sense to a real engine. */
export const apiCalls: readonly Call[] = [
  {
    ...{ name: "indices that are deleted, there or not", api: "indices.delete" },
    parameters: { index: [index, other], ignore_unavailable: true },
  },
  { name: "info", api: "info" },
  { name: "ping", api: "ping" },
  { name: "create an index", api: "indices.create", parameters: { index }, body: { settings, mappings } },
  { name: "create it again", api: "indices.create", parameters: { index }, body: { settings } },
  { name: "create another with an alias", api: "indices.create", parameters: { index: other }, body: { settings } },
  { name: "exists, yes", api: "indices.exists", parameters: { index } },
  { name: "exists, no", api: "indices.exists", parameters: { index: "clients-none" } },
  { name: "exists, several", api: "indices.exists", parameters: { index: [index, other] } },
  { name: "get an index", api: "indices.get", parameters: { index, flat_settings: true, filter_path: "*.mappings" } },
  { name: "get its mapping", api: "indices.getMapping", parameters: { index } },
  { name: "get its settings", api: "indices.getSettings", parameters: { index, filter_path: "**.number_of_shards" } },
  {
    ...{ name: "put a mapping", api: "indices.putMapping", parameters: { index } },
    body: { properties: { extra: { type: "keyword" } } },
  },
  {
    ...{ name: "put settings", api: "indices.putSettings", parameters: { index } },
    body: { index: { refresh_interval: "-1" } },
  },
  { name: "put an alias", api: "indices.putAlias", parameters: { index, name: "clients-alias" } },
  { name: "get the alias", api: "indices.getAlias", parameters: { index } },
  {
    ...{ name: "move the alias", api: "indices.updateAliases" },
    body: { actions: [{ add: { index: other, alias: "clients-alias" } }] },
  },
  { name: "alias exists", api: "indices.existsAlias", parameters: { name: "clients-alias" } },
  { name: "index a document", api: "index", parameters: { index, id: "1", ...refresh }, body: { title: "one", n: 1 } },
  { name: "index it again", api: "index", parameters: { index, id: "1", ...refresh }, body: { title: "one", n: 2 } },
  {
    ...{ name: "an id that needs escapes", api: "index" },
    ...{ parameters: { index, id: "ä/b c?d#e%f", ...refresh }, body: { title: "zwei ä €😀", n: 3 } },
  },
  { name: "get the id that needs escapes", api: "get", parameters: { index, id: "ä/b c?d#e%f" } },
  { name: "create a document", api: "create", parameters: { index, id: "3", ...refresh }, body: { title: "three" } },
  { name: "create it again", api: "create", parameters: { index, id: "3" }, body: { title: "three" } },
  { name: "get", api: "get", parameters: { index, id: "1" } },
  { name: "get what is not there", api: "get", parameters: { index, id: "none" } },
  { name: "get and ignore that", api: "get", parameters: { index, id: "none" }, options: { ignore: [404] } },
  { name: "get from no index", api: "get", parameters: { index: "clients-none", id: "1" } },
  { name: "get some fields", api: "get", parameters: { index, id: "1", _source_includes: ["title"] } },
  { name: "get the source", api: "getSource", parameters: { index, id: "1" } },
  { name: "a document exists", api: "exists", parameters: { index, id: "1" } },
  { name: "a document does not exist", api: "exists", parameters: { index, id: "none" } },
  { name: "mget", api: "mget", parameters: { index }, body: { ids: ["1", "none"] } },
  { name: "update", api: "update", parameters: { index, id: "1", ...refresh }, body: { doc: { n: 4 } } },
  { name: "update what is not there", api: "update", parameters: { index, id: "none" }, body: { doc: { n: 4 } } },
  {
    ...{ name: "upsert", api: "update", parameters: { index, id: "5", ...refresh } },
    body: { doc: { n: 5 }, doc_as_upsert: true },
  },
  { name: "bulk", api: "bulk", parameters: { ...refresh }, body: operations },
  { name: "bulk into an index", api: "bulk", parameters: { index, ...refresh }, body: [{ index: {} }, { n: 6 }] },
  {
    ...{ name: "bulk with an item that fails", api: "bulk", parameters: { ...refresh } },
    body: [{ create: { _index: index, _id: "1" } }, { n: 1 }, { delete: { _index: index, _id: "none" } }],
  },
  { name: "bulk that is no bulk", api: "bulk", body: [{ nothing: {} }] },
  { name: "refresh", api: "indices.refresh", parameters: { index } },
  { name: "search", api: "search", parameters: { index }, body: { size: 1, sort: [{ n: "desc" }] } },
  { name: "search without a body", api: "search", parameters: { index, q: "title:one", size: 1 } },
  {
    name: "search several indices",
    api: "search",
    parameters: { index: [index, other], ignore_unavailable: true, size: 0 },
  },
  { name: "search a pattern", api: "search", parameters: { index: "clients-*", size: 0 } },
  { name: "search all", api: "search", body: { size: 0, query: { term: { tag: "none" } } } },
  { name: "search no index", api: "search", parameters: { index: "clients-none" } },
  { name: "search wrongly", api: "search", parameters: { index }, body: { query: { no_such_query: {} } } },
  {
    ...{ name: "search with parameters of all types", api: "search" },
    parameters: { index, size: 0, track_total_hits: true, _source: ["title", "n"], preference: "a b&c=d", from: 0 },
  },
  {
    ...{ name: "aggregate", api: "search", parameters: { index, size: 0 } },
    body: { aggs: { sum: { sum: { field: "n" } } } },
  },
  { name: "count", api: "count", parameters: { index }, body: { query: { match_all: {} } } },
  { name: "explain", api: "explain", parameters: { index, id: "1" }, body: { query: { match_all: {} } } },
  {
    ...{ name: "msearch", api: "msearch" },
    body: [{ index }, { size: 0 }, { index: "clients-none" }, { size: 0 }],
  },
  { name: "analyze", api: "indices.analyze", body: { analyzer: "standard", text: "One Two" } },
  { name: "validate a query", api: "indices.validateQuery", parameters: { index, q: "title:one" } },
  { name: "field caps", api: "fieldCaps", parameters: { index, fields: ["title", "n"] } },
  { name: "term vectors", api: "termvectors", parameters: { index, id: "1", fields: ["title"] } },
  {
    ...{ name: "update by query", api: "updateByQuery", parameters: { index, ...refresh, conflicts: "proceed" } },
    body: { query: { term: { n: 999 } } },
  },
  {
    ...{ name: "delete by query", api: "deleteByQuery", parameters: { index, ...refresh } },
    body: { query: { term: { n: 999 } } },
  },
  { name: "a page of a scroll that is not there", api: "scroll", body: { scroll_id: "bm9uZQ==" } },
  { name: "clear a scroll that is not there", api: "clearScroll", body: { scroll_id: ["bm9uZQ=="] } },
  { name: "delete a document", api: "delete", parameters: { index, id: "3", ...refresh } },
  { name: "delete it again", api: "delete", parameters: { index, id: "3" } },
  {
    ...{ name: "put a template", api: "indices.putIndexTemplate", parameters: { name: "clients-template" } },
    body: { index_patterns: ["clients-t*"], template: { settings } },
  },
  { name: "get the template", api: "indices.getIndexTemplate", parameters: { name: "clients-template" } },
  { name: "delete the template", api: "indices.deleteIndexTemplate", parameters: { name: "clients-template" } },
  { name: "cluster health", api: "cluster.health", parameters: { index, filter_path: "status,timed_out" } },
  { name: "cluster settings", api: "cluster.getSettings" },
  { name: "cat as text", api: "cat.indices", parameters: { index: "clients-*", h: "index", s: "index" } },
  {
    name: "cat as JSON",
    api: "cat.indices",
    parameters: { index: "clients-*", h: "index", s: "index", format: "json" },
  },
  { name: "cat help", api: "cat.help" },
  { name: "tasks", api: "tasks.get", parameters: { task_id: "none:1" } },
  { name: "close an index", api: "indices.close", parameters: { index: other } },
  { name: "open it", api: "indices.open", parameters: { index: other } },
  { name: "flush", api: "indices.flush", parameters: { index } },
  { name: "force a merge", api: "indices.forcemerge", parameters: { index, max_num_segments: 1 } },
  {
    name: "stats of an index",
    api: "indices.stats",
    parameters: { index, metric: "docs", filter_path: "_all.primaries" },
  },
  { name: "delete the other index", api: "indices.delete", parameters: { index: other } },
];
