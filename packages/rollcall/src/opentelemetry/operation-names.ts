/** The name of an operation, or one for each method; `other` stands for all methods that are not named. */
export type ByMethod = string | Readonly<Record<string, string>>;

/** Of `/`. */
export const root: ByMethod = { HEAD: "ping", other: "info" };

/** Of `/{index}`. */
export const indexItself: ByMethod = {
  GET: "indices.get",
  HEAD: "indices.exists",
  PUT: "indices.create",
  DELETE: "indices.delete",
};

/**
 * Of the API at the beginning of a path or after its index: by its first word, or by its first two, which win. The names
 * are those of the specifications of Elasticsearch and OpenSearch.
 */
export const apis: ReadonlyMap<string, ByMethod> = new Map<string, ByMethod>([
  // Documents
  ["_doc", { GET: "get", HEAD: "exists", DELETE: "delete", other: "index" }],
  ["_create", "create"],
  ["_update", "update"],
  ["_source", { HEAD: "exists_source", other: "get_source" }],
  ["_bulk", "bulk"],
  ["_mget", "mget"],
  ["_reindex", "reindex"],
  ["_delete_by_query", "delete_by_query"],
  ["_update_by_query", "update_by_query"],
  ["_termvectors", "termvectors"],
  ["_mtermvectors", "mtermvectors"],

  // Search
  ["_search", "search"],
  ["_search/template", "search_template"],
  ["_search/scroll", { DELETE: "clear_scroll", other: "scroll" }],
  ["_search/point_in_time", { POST: "create_pit", DELETE: "delete_pit", other: "get_all_pits" }],
  ["_pit", { DELETE: "close_point_in_time", other: "open_point_in_time" }],
  ["_msearch", "msearch"],
  ["_msearch/template", "msearch_template"],
  ["_async_search", { POST: "async_search.submit", DELETE: "async_search.delete", other: "async_search.get" }],
  ["_async_search/status", "async_search.status"],
  ["_eql/search", { DELETE: "eql.delete", other: "eql.search" }],
  ["_sql", "sql.query"],
  ["_query", "esql.query"],
  ["_count", "count"],
  ["_explain", "explain"],
  ["_field_caps", "field_caps"],
  ["_rank_eval", "rank_eval"],
  ["_search_shards", "search_shards"],
  ["_terms_enum", "terms_enum"],
  ["_validate", "indices.validate_query"],
  ["_render", "render_search_template"],
  ["_scripts", { GET: "get_script", DELETE: "delete_script", other: "put_script" }],

  // Indices
  ["_analyze", "indices.analyze"],
  ["_refresh", "indices.refresh"],
  ["_flush", "indices.flush"],
  ["_forcemerge", "indices.forcemerge"],
  ["_cache", "indices.clear_cache"],
  ["_stats", "indices.stats"],
  ["_segments", "indices.segments"],
  ["_recovery", "indices.recovery"],
  ["_open", "indices.open"],
  ["_close", "indices.close"],
  ["_rollover", "indices.rollover"],
  ["_shrink", "indices.shrink"],
  ["_split", "indices.split"],
  ["_clone", "indices.clone"],
  ["_mapping", { GET: "indices.get_mapping", other: "indices.put_mapping" }],
  ["_settings", { GET: "indices.get_settings", other: "indices.put_settings" }],
  ["_alias", methods("indices", "alias")],
  ["_aliases", { GET: "indices.get_alias", other: "indices.update_aliases" }],
  ["_template", methods("indices", "template")],
  ["_index_template", methods("indices", "index_template")],
  ["_component_template", methods("cluster", "component_template")],
  [
    "_data_stream",
    { GET: "indices.get_data_stream", DELETE: "indices.delete_data_stream", other: "indices.create_data_stream" },
  ],
  ["_resolve", "indices.resolve_index"],
  ["_ingest/pipeline", { ...methods("ingest", "pipeline"), POST: "ingest.simulate" }],

  // The cluster
  ["_cluster/health", "cluster.health"],
  ["_cluster/state", "cluster.state"],
  ["_cluster/stats", "cluster.stats"],
  ["_cluster/settings", { GET: "cluster.get_settings", other: "cluster.put_settings" }],
  ["_cluster/pending_tasks", "cluster.pending_tasks"],
  ["_cluster/reroute", "cluster.reroute"],
  ["_cluster/allocation", "cluster.allocation_explain"],
  ["_nodes", "nodes.info"],
  ["_nodes/stats", "nodes.stats"],
  ["_nodes/hot_threads", "nodes.hot_threads"],
  ["_tasks", "tasks.list"],
  ["_tasks/_cancel", "tasks.cancel"],
]);

/** After `/_cat/`. */
export const cats: ReadonlySet<string> = new Set(
  `aliases allocation cluster_manager component_templates count fielddata health indices master nodeattrs nodes
  pending_tasks plugins recovery repositories segments shards snapshots tasks templates thread_pool transforms`.split(
    /\s+/,
  ),
);

/** Groups of APIs whose operations are not told apart. */
export const namespaces: ReadonlySet<string> = new Set(
  `application autoscaling ccr cluster connector dangling enrich features fleet graph ilm inference ingest license list
  logstash migration ml monitoring opendistro plugins query_rules remote rollup security slm snapshot synonyms transform
  watcher xpack`.split(/\s+/),
);

function methods(namespace: string, what: string): ByMethod & object {
  return {
    GET: `${namespace}.get_${what}`,
    HEAD: `${namespace}.exists_${what}`,
    DELETE: `${namespace}.delete_${what}`,
    other: `${namespace}.put_${what}`,
  };
}
