import type { QueryFields, SignalLike } from "@rollcall/worker";

export interface SearchHit<Document = unknown> {
  readonly _index: string;
  readonly _id: string;
  readonly _score?: number | null;
  readonly _source?: Document;
  readonly sort?: readonly unknown[];
  /** What else the search asked for, such as `fields` or `highlight`. */
  readonly [field: string]: unknown;
}

/** One answer of the cluster. */
export interface HitsPage<Document = unknown> {
  readonly hits: readonly SearchHit<Document>[];
  /** The whole answer: `hits.total`, aggregations, `_shards`. */
  readonly answer: Readonly<Record<string, unknown>>;
  /** `host:port` of the node that answered. */
  readonly node: string;
}

/**
 * The hits of one search, in order. Each iteration is a search of its own, which begins with the first hit that is asked
 * for. It holds a context in the cluster, which is closed when the iteration ends, in whatever way.
 *
 * Its errors are a {@link RollcallError}: of the pool; `STATUS` where the cluster refuses, 404 where the context is gone;
 * `BAD_RESPONSE` for an answer that lacks hits.
 */
export interface Hits<Document = unknown> extends AsyncIterable<SearchHit<Document>> {
  /** The same, one page at a time; a page without hits is left out. */
  pages(): AsyncIterable<HitsPage<Document>>;
}

export interface ScrollOptions<Document = unknown> {
  /** One, or several with commas between them. Default: all. */
  readonly index?: string | undefined;
  /** What is searched for, as for `_search`: `query`, `sort`, `_source`, `aggs` …. Default: everything. */
  readonly body?: object | undefined;
  /** Hits of a page. Default 1,000. Range 1 to 10,000, which is the largest that the engines allow by default. */
  readonly size?: number | undefined;
  /**
   * How long the cluster keeps the search open between two pages: as long as the slowest page takes to be used. Default
   * 60,000. Range 1,000 to 86,400,000.
   */
  readonly keepAliveMs?: number | undefined;
  /** Parameters of the request that opens the search, such as `routing` or `ignore_unavailable`. */
  readonly query?: QueryFields | undefined;
  /** Of each request. Default: the pool's. */
  readonly timeoutMs?: number | undefined;
  /** Ends the iteration with `ABORTED`. */
  readonly signal?: SignalLike | undefined;
  /**
   * Called with a page that lacks hits, because shards have failed or ran out of time, before its hits are given; a
   * promise is awaited, and what it throws ends the iteration. Default: such a page ends it with `BAD_RESPONSE`.
   */
  readonly onPartial?: ((page: HitsPage<Document>) => unknown) | undefined;
}

export interface PitOptions<Document = unknown> extends ScrollOptions<Document> {
  readonly index: string;
  /** Default: what `GET /` says. Give it where the pool's user may not read that. */
  readonly engine?: "elasticsearch" | "opensearch" | undefined;
  /**
   * The field that comes last in the sort, so that no two hits have the same place: one with another value in each
   * document. `false`: the sort of `body` is unique by itself. Default: `_shard_doc`, or `_id` on OpenSearch before 3.3.
   */
  readonly tiebreaker?: string | false | undefined;
}
