import { type Pool, type PoolRequest, type PoolResponse, RollcallError, type StreamResponse } from "@rollcall/worker";
import { clientErrorOf, pathError, setCause } from "../adapter/client-error.js";
import type { ClientVersion } from "../adapter/client-version.js";
import { bodyInMemory } from "../adapter/collect-body.js";
import { type DiagnosticResult, endRetries } from "../adapter/diagnostic-result.js";
import type { NodeUrls } from "../adapter/node-urls.js";
import { type ClientRequest, poolRequestOf } from "../adapter/pool-request.js";
import { streamedMessage, WholeMessage } from "./answer-message.js";
import { CallAbort } from "./call-abort.js";
import type { ClassicClient } from "./client-module.js";

/** What the connections of one client share. */
export interface ClassicConnections {
  readonly pool: Pool;
  readonly urls: NodeUrls;
  readonly version: ClientVersion;
  readonly errors: ClassicClient["errors"];
}

export interface ClassicRequest extends ClientRequest {
  readonly timeout?: number | undefined;
  readonly asStream?: boolean | undefined;
}

type Callback = (error: Error | null, message: object | null) => void;

/**
 * What the client's transport takes for a connection: made for one call, it sends the call through the pool. The fields
 * are what users see of `meta.connection`.
 */
export class ClassicConnection {
  /** Of the node that answered, or was tried last; before, of the first configured one. */
  url: URL;
  id: string;
  readonly headers: Readonly<Record<string, string>> = {};
  readonly status = "alive";
  readonly #shared: ClassicConnections;
  #result: DiagnosticResult | undefined;
  #retries = 0;

  constructor(shared: ClassicConnections) {
    this.#shared = shared;
    this.url = shared.urls.first;
    this.id = this.url.href;
  }

  /** The call is about to be sent; `result` is what the client will show of it. */
  begin(result: DiagnosticResult): void {
    this.#result = result;
  }

  /** A listener of the user's is called next: what the client reports of the call is made true. */
  show(): void {
    if (this.#result !== undefined) this.#result.meta.attempts = this.#retries;
  }

  /** The call goes on. */
  hide(): void {
    endRetries(this.#result);
  }

  /** Calls back once, in a later turn. */
  request(request: ClassicRequest, callback: Callback): { readonly abort: () => void } {
    const signal = new CallAbort();
    const { pool } = this.#shared;
    const message: Promise<object> =
      request.asStream === true
        ? this.#send(request, signal, (prepared) => pool.stream(prepared)).then(streamedMessage)
        : this.#send(request, signal, (prepared) => pool.request(prepared)).then((answer) => new WholeMessage(answer));
    message.then(
      // Not within the promise: an error that a user's callback throws is an exception, not a rejection.
      (answered) => process.nextTick(callback, null, answered),
      (error: unknown) => process.nextTick(callback, this.#failed(request, error), null),
    );
    return signal;
  }

  close(callback: () => void = () => {}): void {
    callback();
  }

  async #send<Answer extends PoolResponse | StreamResponse>(
    request: ClassicRequest,
    signal: CallAbort,
    send: (prepared: PoolRequest) => Promise<Answer>,
  ): Promise<Answer> {
    const { urls, version } = this.#shared;
    version.read(request.headers);
    const given = bodyInMemory(request.body);
    const body = given instanceof Promise ? await given : given;
    const answer = await send(
      poolRequestOf(request, body, { timeoutMs: request.timeout, signal, result: this.#result }),
    );
    this.#tried(answer.attempts.length, urls.of(answer.nodeUrl));
    return answer;
  }

  #tried(attempts: number, url: URL | undefined): void {
    this.#retries = Math.max(0, attempts - 1);
    if (url !== undefined) {
      this.url = url;
      this.id = url.href;
    }
    endRetries(this.#result);
  }

  #failed({ path }: ClassicRequest, error: unknown): Error {
    if (!(error instanceof RollcallError)) {
      // The source of a streamed body has failed; the clients hand its error out.
      this.#tried(0, undefined);
      return error instanceof Error ? error : new Error(String(error));
    }
    const last = error.attempts.at(-1);
    this.#tried(error.attempts.length, last === undefined ? undefined : this.#shared.urls.at(last.node));
    const refused = error.code === "CONFIG" ? pathError(path) : undefined;
    if (refused !== undefined) return refused;
    const { name, message } = clientErrorOf(error);
    const ClientError = this.#shared.errors[name] ?? Error;
    const failure = new ClientError(message);
    setCause(failure, error);
    return failure;
  }
}
