import type { Readable } from "node:stream";
import type { Attempt } from "@rollcall/core";
import type { StreamingAnswer } from "../dispatch/sender.js";
import { answerHeaders, type ResponseHeaders } from "./response.js";

/** An answer whose headers have come. A status that the server chose is never an error by itself. */
export interface StreamResponse {
  readonly status: number;
  /** Whether the status is 2xx. */
  readonly ok: boolean;
  readonly headers: ResponseHeaders;
  /** `host:port` of the node that answers. */
  readonly node: string;
  /** That node's whole URL, such as `https://es1:9200/es`, without user and password. */
  readonly nodeUrl: string;
  /** Every try, the one that answers included. */
  readonly attempts: readonly Attempt[];
  /**
   * The body's bytes as they come. No more than a bounded part of them is held: a slow reader slows the node down. Must
   * be read to its end or destroyed: until then it occupies a connection, unless no code refers to it any more.
   *
   * Its error is a {@link RollcallError} with `receivedBytes`: `DISCONNECTED`, `BAD_RESPONSE`, `THREAD`, `TIMEOUT` for no
   * byte within `timeoutMs` while more was wanted, `ABORTED`, `CLOSED`. What had come is read before it, but for
   * `TIMEOUT` and `ABORTED`. An error that no code listens to has no effect.
   */
  readonly body: Readable;
}

/** The headers are read on demand. */
export class ReceivedStreamResponse implements StreamResponse {
  readonly status: number;
  readonly node: string;
  readonly nodeUrl: string;
  readonly attempts: readonly Attempt[];
  readonly #rawHeaders: readonly Buffer[] | string;
  #headers: ResponseHeaders | undefined;

  constructor(
    { status, rawHeaders, node, nodeUrl, attempts }: StreamingAnswer,
    readonly body: Readable,
  ) {
    this.status = status;
    this.node = node;
    this.nodeUrl = nodeUrl;
    this.attempts = attempts;
    this.#rawHeaders = rawHeaders;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): ResponseHeaders {
    this.#headers ??= answerHeaders(this.#rawHeaders);
    return this.#headers;
  }
}
