import type { Pool, QueryFields, RequestClass, RollcallError, SignalLike } from "@rollcall/worker";

/** What a helper sends through: a pool, a child of one, or what a task is given. */
export type HelperPool = Pick<Pool, "request">;

export type BulkAction = "index" | "create" | "update" | "delete";

/** What is to be done, as the first line of an operation says it: `{ index: { _id: "7" } }`. One action, no more. */
export type BulkOperation = Readonly<Partial<Record<BulkAction, object>>>;

/**
 * An operation, or an operation and the line that follows it. Alone, `index` and `create` write the source's own item,
 * `update` merges it into the document (`{ doc: item }`), and `delete` has no second line.
 */
export type BulkOperationOf = BulkOperation | readonly [operation: BulkOperation, body?: unknown];

/**
 * Objects; or text: a string is one line, and bytes are pieces of a text in UTF-8, cut anywhere, as a file's stream has
 * them. A string or bytes in place of a source are a whole text.
 */
export type BulkSource<Item> = Iterable<Item> | AsyncIterable<Item>;

/** What `operation` gets: bytes come as lines. */
export type BulkItem<Item> = Item extends Uint8Array ? string : Item;

export interface BulkOptions<Item = unknown> {
  /** Where an operation names no index. Default: each operation names its own. */
  readonly index?: string | undefined;
  /**
   * What is to be done with an item, called once for each in the order of the source. `position` counts from 0.
   * Default: the source holds operations itself, each followed by its document, or `[operation, document]`.
   */
  readonly operation?: ((item: BulkItem<Item>, position: number) => BulkOperationOf) | undefined;
  /** Parameters of the bulk requests, such as `pipeline` or `refresh`; not `filter_path`, which is the helper's. */
  readonly query?: QueryFields | undefined;
  /** The most bytes of one request; a larger operation is sent alone. Default 5,000,000. Range 1 to 100,000,000. */
  readonly chunkBytes?: number | undefined;
  /** The most operations of one request. Default 5,000. Range 1 to 100,000. */
  readonly chunkItems?: number | undefined;
  /** Requests at once. 1 keeps the order of the source. Default 4. Range 1 to 64. */
  readonly concurrency?: number | undefined;
  /** The longest time that an operation waits for others to fill its request. Default 1,000. Range 1 to 3,600,000. */
  readonly flushAfterMs?: number | undefined;
  /** How often an operation that was refused (429), or not sent, is sent again. Default 8. Range 0 to 100. */
  readonly retries?: number | undefined;
  /** Of each request. Default: the pool's. */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether a request without an answer is sent again. Default: "repeatable" for a request whose operations all write a
   * whole document by its id without a condition, as the pool treats `PUT /{index}/_doc/{id}`; else "never".
   */
  readonly class?: Exclude<RequestClass, "read"> | undefined;
  /** Ends it: requests in flight are cancelled. */
  readonly signal?: SignalLike | undefined;
  /** Called for each operation that failed for good. A promise is awaited before its request gives its place to others. */
  readonly onFailed?: ((failure: BulkFailure) => unknown) | undefined;
  /** Called after each request with the counts so far, and at the end. A promise is awaited as that of `onFailed`. */
  readonly onProgress?: ((progress: BulkResult) => unknown) | undefined;
}

/** An operation that failed for good. */
export interface BulkFailure {
  /** In the source, from 0; where the source holds operations and documents in turn, of the operation. */
  readonly position: number;
  /** Absent where the item could not be read. */
  readonly action?: BulkAction | undefined;
  /** Where the operation, or `index`, names one. */
  readonly index?: string | undefined;
  readonly id?: string | undefined;
  /** Of the operation, or of the whole request; absent where there was no answer. */
  readonly status?: number | undefined;
  /** `STATUS` with the cluster's `type` and reason; `CONFIG` for an item without JSON; or why there was no answer. */
  readonly error: RollcallError;
  /** False is a promise: the operation has changed nothing. */
  readonly mayBeApplied: boolean;
  /** The operation as it was sent, each line with its line break: a bulk of it sends it again. "" if it has no JSON. */
  readonly ndjson: string;
}

/** Counts so far. At the end `items` is `succeeded` and `failed` together. */
export interface BulkResult {
  /** Operations read from the source. */
  readonly items: number;
  /** A `delete` of a document that is not there is one of them. */
  readonly succeeded: number;
  readonly failed: number;
  /** How often an operation was sent again. */
  readonly retried: number;
  /** Of the operations that were read, as they are sent; an operation that was sent again counts once. */
  readonly byteLength: number;
  readonly durationMs: number;
}
