import type { RequestClass } from "@rollcall/core/request";
import type { SentBody } from "../dispatch/body-source.js";
import type { SettledRequest } from "./settled-request.js";

/** A request as it begins. */
export interface BegunRequest {
  readonly method: string;
  /** With its query, without any node's prefix. */
  readonly path: string;
  readonly class: RequestClass;
  readonly body: SentBody;
}

/** Follows each request of a pool from its beginning to its end, such as for a span. */
export interface RequestTracer {
  /**
   * Called as a request begins, in the asynchronous context of the code that makes it; not for one that is refused as
   * `CONFIG`. Undefined: this request is not followed. Must not throw.
   */
  begin(request: BegunRequest): RequestTrace | undefined;
}

export interface RequestTrace {
  /** Sent with the request, but for names that it gives itself: name, value, name, value; names in lower case. */
  readonly headers: readonly string[];
  /** Shown by the request's errors. */
  readonly traceId: string | undefined;
  /** Calls `send` once, before it returns, in the context that a library which sends the request is to see. */
  run(send: () => void): void;
  /** The request has ended, and a stream's body with it. Called once. `nodeUrl`: of the node that answered. Must not throw. */
  ended(request: SettledRequest, nodeUrl: string | undefined): void;
}

/** The same in every copy of this code: an application may have loaded more than one. */
export const traceRequests: unique symbol = Symbol.for("rollcall.traceRequests");

/** A pool whose requests can be followed. */
export interface TraceablePool {
  /**
   * Has the tracer follow each request that begins from now on, until what it returns is called. Those of tasks in
   * worker threads are not followed.
   *
   * @throws {RollcallError} `CONFIG` while another tracer does
   */
  [traceRequests](tracer: RequestTracer): () => void;
}
