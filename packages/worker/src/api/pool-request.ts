import type { Auth } from "@rollcall/core/config";
import type { Priority } from "@rollcall/core/overload";
import type { RequestClass } from "@rollcall/core/request";
import type { SignalLike } from "./abort-listeners.js";

/** One request. A field that is not listed here is `CONFIG`. */
export interface PoolRequest {
  /** In upper case. */
  readonly method: string;
  /**
   * Begins with a slash; percent-encoded; may hold a query of its own. Never with a node's path prefix.
   */
  readonly path: string;
  /**
   * Encoded and added to the path's own query. An array becomes a comma-separated list, as the cluster's API expects;
   * what is undefined is left out. A `URLSearchParams`, a `Map` or another iterable of pairs is read in its order.
   */
  readonly query?: QueryFields | Iterable<readonly [string, QueryValue]> | undefined;
  /** Replace the pool's headers of the same name; case makes no difference. A `Headers` or a `Map` is read too. */
  readonly headers?: Readonly<Record<string, string>> | Iterable<readonly [string, string]> | undefined;
  /**
   * An object is sent as JSON, a string or bytes as they are. Bytes are copied: what they are now is what is sent. Not
   * together with `ndjson`.
   *
   * Not promised: an error for what is nested in an object and has no JSON of its own. `JSON.stringify` makes `{}` of a
   * `Map`, a `Set` or a promise there.
   *
   * A `Readable` or an async iterable of strings or bytes is sent piece by piece, as fast as the node takes it, and once:
   * the request is sent again only if nothing was read of it.
   */
  readonly body?: AsyncIterable<string | Uint8Array> | object | string | Uint8Array | undefined;
  /**
   * The body's bytes are given away: they are moved to where the request is sent instead of being copied, and the
   * caller's `Uint8Array` is empty from the call on, unless the call is `CONFIG`. Where it is only a part of its buffer,
   * such as a small `Buffer` mostly is, the bytes are copied, once. Such a request stays with its thread: it fails with
   * `THREAD` if that dies. Default: false. `CONFIG` without a body of bytes.
   */
  readonly transfer?: boolean | undefined;
  /**
   * Each item becomes one line: an object as JSON; a string, or bytes of UTF-8, as they are, which must be JSON without
   * a line break. Anything else, such as a `Map` or a promise, is `CONFIG` with its position; nested in an item
   * it is `{}`, as in `body`.
   */
  readonly ndjson?: Iterable<unknown> | undefined;
  /** Over everything: queue, connect, headers, body and every retry. Default: the pool's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** What may be done when no answer comes. Default: decided by method, path and headers. */
  readonly class?: RequestClass | undefined;
  /**
   * In place of the pool's `retry`. `false`: one attempt, whatever becomes of it. A status in `statuses`, such as 429,
   * is an answer for this request: it is returned, never retried.
   */
  readonly retry?: false | RequestRetry | undefined;
  /**
   * Whether this Read may be sent to a second node as well while it waits too long. `true` only says so: it is `CONFIG`
   * where the pool has no `hedge`, and for what is not hedged, such as a write. Default: the pool's.
   */
  readonly hedge?: boolean | undefined;
  /**
   * Tells Reads of one path apart that take different times, such as searches and aggregations: a hedge is due by the
   * times of those with the same key. 1 to 64 visible ASCII characters, few different ones: there are 256 kinds at most.
   * Default: none.
   */
  readonly hedgeKey?: string | undefined;
  /**
   * The most bytes of this answer's body; a larger one ends the request with `BAD_RESPONSE`. Default: the pool's
   * `maxResponseBytes`. Range: 1,024 to that.
   */
  readonly maxResponseBytes?: number | undefined;
  /** Cancels the request. An `AbortSignal`, also of another realm, or a polyfill's. */
  readonly signal?: SignalLike | undefined;
  /**
   * The credential of this request, in place of the pool's and the node's. Only nodes that may be sent credentials get
   * it. A 401 is an answer like any other. Default: the node's, else the pool's.
   */
  readonly auth?: Auth | undefined;
  /**
   * The only node that the request is sent to, also where it is down, drained or ejected: an address, as `node` of an
   * answer has it, or a name, an id, or a host with one node. A retry goes there too. Default: the pool chooses.
   *
   * A node that has come back at another address is found by the one it had, if the cluster gives its id. `NO_NODE` at
   * once, with the nodes there are, for one that the pool does not have.
   */
  readonly node?: string | undefined;
  /**
   * Which requests go first where requests wait: all "high" ones before all "normal" ones, these before all "low" ones. It
   * ends no request, and changes nothing where none waits. Default: "normal".
   */
  readonly priority?: Priority | undefined;
  /** Sent as `x-opaque-id`: names the request in the cluster's own logs and task list. */
  readonly opaqueId?: string | undefined;
}

export interface RequestRetry {
  /** The most retries; failed connection attempts do not count. Default: the pool's. Range: 1 to 20. */
  readonly max?: number | undefined;
  /** Statuses from 400 to 599 that are returned as they come; at most 64. Default: none. */
  readonly statuses?: readonly number[] | undefined;
}

export type QueryValue = string | number | boolean;

export type QueryFields = Readonly<Record<string, QueryValue | readonly QueryValue[] | undefined>>;
