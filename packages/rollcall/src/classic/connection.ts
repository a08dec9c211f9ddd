import { RollcallError } from "@rollcall/worker";
import { clientErrorOf, setCause } from "../adapter/client-error.js";
import { type ConnectionParts, PoolConnection } from "../adapter/pool-connection.js";
import type { ClientRequest } from "../adapter/pool-request.js";
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

  constructor(shared: ClassicConnections) {
    super(shared);
    this.#shared = shared;
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
    const message: Promise<object> =
      request.asStream === true
        ? this.send(request, terms, (prepared) => pool.stream(prepared)).then(streamedMessage)
        : this.send(request, terms, (prepared) => pool.request(prepared)).then((answer) => new WholeMessage(answer));
    message.then(
      // Not within the promise: an error that a user's callback throws is an exception, not a rejection.
      (answered) => process.nextTick(callback, null, answered),
      (error: unknown) => process.nextTick(callback, this.#errorOf(request, error), null),
    );
    return signal;
  }

  close(callback: () => void = () => {}): void {
    callback();
  }

  #errorOf(request: ClassicRequest, error: unknown): Error {
    const refused = this.failed(request, error);
    if (refused !== undefined) return refused;
    // The error of a streamed body's source; the clients hand it out.
    if (!(error instanceof RollcallError)) return error instanceof Error ? error : new Error(String(error));
    const { name, message } = clientErrorOf(error);
    const ClientError = this.#shared.errors[name] ?? Error;
    const failure = new ClientError(message);
    setCause(failure, error);
    return failure;
  }
}
