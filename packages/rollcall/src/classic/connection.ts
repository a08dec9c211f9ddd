import { type Pool, RollcallError } from "@rollcall/worker";
import { clientErrorOf, setCause } from "../adapter/client-error.js";
import type { DiagnosticResult } from "../adapter/diagnostic-result.js";
import { type ConnectionParts, PoolConnection } from "../adapter/pool-connection.js";
import type { CallTerms, ClientRequest } from "../adapter/pool-request.js";
import type { SizeLimits } from "../adapter/size-limits.js";
import { streamedMessage, WholeMessage } from "./answer-message.js";
import { CallAbort } from "./call-abort.js";
import type { ClassicClient } from "./client-module.js";

export interface ClassicConnections extends ConnectionParts {
  readonly errors: ClassicClient["errors"];
}

export interface ClassicRequest extends ClientRequest {
  readonly timeout?: number | undefined;
  readonly asStream?: boolean | undefined;
}

type Callback = (error: Error | null, message: object | null) => void;

/** A {@link PoolConnection} of a client that works with callbacks. */
export class ClassicConnection extends PoolConnection {
  readonly #shared: ClassicConnections;
  #limits: SizeLimits = {};

  constructor(shared: ClassicConnections) {
    super(shared);
    this.#shared = shared;
  }

  /** The call is about to be sent by a transport with these limits; the call's own come first. */
  beginWith(result: DiagnosticResult, limits: SizeLimits): void {
    this.begin(result);
    const { maxResponseSize, maxCompressedResponseSize } = result.meta.request.options;
    this.#limits = {
      maxResponseSize: maxResponseSize || limits.maxResponseSize,
      maxCompressedResponseSize: maxCompressedResponseSize || limits.maxCompressedResponseSize,
    };
  }

  /** A listener of the user's is called next: what the client reports of the call is made true. */
  show(): void {
    this.showRetries();
  }

  /** The call goes on. */
  hide(): void {
    this.endClientRetries();
  }

  /** Calls back once, in a later turn. */
  request(request: ClassicRequest, callback: Callback): { readonly abort: () => void } {
    const signal = new CallAbort();
    const { pool } = this.#shared;
    const terms = { timeoutMs: request.timeout, signal };
    const message =
      request.asStream === true ? this.#streamed(pool, request, terms) : this.#whole(pool, request, terms);
    message.then(
      // Not within the promise: an error that a user's callback throws is an exception, not a rejection.
      (answered) => process.nextTick(callback, null, answered),
      (error: unknown) => process.nextTick(callback, this.#errorOf(request, error), null),
    );
    return signal;
  }

  async #streamed(pool: Pool, request: ClassicRequest, terms: CallTerms): Promise<object> {
    const answer = await pool.stream(this.prepared(request, terms, undefined));
    this.answered(answer);
    return streamedMessage(answer);
  }

  async #whole(pool: Pool, request: ClassicRequest, terms: CallTerms): Promise<object> {
    const answer = await pool.request(this.prepared(request, terms, this.#limits));
    this.answered(answer);
    return new WholeMessage(answer);
  }

  close(callback: () => void = () => {}): void {
    callback();
  }

  #errorOf(request: ClassicRequest, error: unknown): Error {
    // Of a pool that is none of ours, such as a test's.
    if (!(error instanceof RollcallError)) return error instanceof Error ? error : new Error(String(error));
    const refused = this.failed(request, error);
    if (refused !== undefined) return refused;
    // The error of a streamed body's source is handed out as it is.
    if (error.sentBytes !== undefined && error.code === "CONFIG" && error.cause instanceof Error) return error.cause;
    const { name, message } = clientErrorOf(error);
    const ClientError = this.#shared.errors[name] ?? Error;
    const failure = new ClientError(message);
    setCause(failure, error);
    return failure;
  }
}
