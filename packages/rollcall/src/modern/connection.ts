import type { Readable } from "node:stream";
import { type Pool, type PoolRequest, type PoolResponse, RollcallError, type StreamResponse } from "@rollcall/worker";
import { clientErrorOf, pathError, setCause } from "../adapter/client-error.js";
import type { ClientVersion } from "../adapter/client-version.js";
import { bodyInMemory, bufferOf } from "../adapter/collect-body.js";
import { type DiagnosticResult, endRetries } from "../adapter/diagnostic-result.js";
import type { NodeUrls } from "../adapter/node-urls.js";
import { type ClientRequest, poolRequestOf } from "../adapter/pool-request.js";
import { isBinary, requireSize, type SizeLimits } from "./response-size.js";

/** What the connections of one client share. */
export interface ModernClient {
  readonly pool: Pool;
  readonly urls: NodeUrls;
  readonly version: ClientVersion;
  /** Emits the event `deserialization`, which in these clients is a connection's. */
  readonly onAnswer: (options: object) => void;
}

/** What the transport passes of a call. */
export interface ModernCall extends SizeLimits {
  readonly signal?: AbortSignal | undefined;
  readonly timeout?: number | undefined;
  readonly asStream?: boolean | undefined;
}

export interface ModernAnswer {
  readonly statusCode: number;
  readonly headers: Record<string, string | readonly string[]>;
  readonly body: string | Buffer | Readable;
}

/**
 * What the client's transport takes for a connection: made for one call, it sends the call through the pool.
 *
 * The fields are what users see of `meta.connection`. The others are private at run time too, because on each error the
 * client clones all that it finds in `meta`.
 */
export class ModernConnection {
  /** Of the node that answered, or was tried last; before, of the first configured one. */
  url: URL;
  id: string;
  readonly headers: Readonly<Record<string, string>> = {};
  readonly status = "alive";
  readonly #client: ModernClient;
  #result: DiagnosticResult | undefined;
  #retries = 0;
  #failure: Error | undefined;

  constructor(client: ModernClient) {
    this.#client = client;
    this.url = client.urls.first;
    this.id = this.url.href;
  }

  /** The call is about to be sent; `result` is what the client will show of it. */
  begin(result: DiagnosticResult): void {
    this.#result = result;
  }

  /** The call has ended, before any listener of the user's is called: what it shows becomes true. */
  end(error: ErrorWithMeta | null): void {
    if (this.#result !== undefined) this.#result.meta.attempts = this.#retries;
    // Of an error, the client has cloned `meta` before.
    if (error?.meta?.meta !== undefined) error.meta.meta.attempts = this.#retries;
    if (error !== null && this.#failure !== undefined) setCause(error, this.#failure);
  }

  async request(request: ClientRequest, call: ModernCall): Promise<ModernAnswer> {
    const { pool } = this.#client;
    if (call.asStream === true) {
      const { status, headers, body } = await this.#send(request, call, (prepared) => pool.stream(prepared));
      return { statusCode: status, headers: { ...headers }, body };
    }
    const answer = await this.#send(request, call, (prepared) => pool.request(prepared));
    // The caller's own object: theirs to change, with the methods that objects have.
    const headers = { ...answer.headers };
    const isBytes = isBinary(headers);
    const problem = requireSize(answer, isBytes, call);
    if (problem !== undefined) throw failure("RequestAbortedError", problem);
    this.#client.onAnswer(call);
    return { statusCode: answer.status, headers, body: isBytes ? bufferOf(answer.bytes()) : answer.text() };
  }

  async close(): Promise<void> {}

  async #send<Answer extends PoolResponse | StreamResponse>(
    request: ClientRequest,
    { timeout, signal }: ModernCall,
    send: (prepared: PoolRequest) => Promise<Answer>,
  ): Promise<Answer> {
    const { urls, version } = this.#client;
    version.read(request.headers);
    try {
      const given = bodyInMemory(request.body);
      const body = given instanceof Promise ? await given : given;
      const terms = { timeoutMs: timeout, signal: signal ?? undefined, result: this.#result };
      const answer = await send(poolRequestOf(request, body, terms));
      this.#tried(answer.attempts.length, urls.of(answer.nodeUrl));
      return answer;
    } catch (error) {
      throw this.#failed(request, error);
    }
  }

  #tried(attempts: number, url: URL | undefined): void {
    this.#retries = Math.max(0, attempts - 1);
    if (url !== undefined) {
      this.url = url;
      this.id = url.href;
    }
    endRetries(this.#result);
  }

  /** The transport makes an error of the client's own from the name of what is thrown here. */
  #failed({ path }: ClientRequest, error: unknown): Error {
    if (!(error instanceof RollcallError)) {
      // The source of a streamed body has failed.
      this.#tried(0, undefined);
      this.#failure = error instanceof Error ? error : undefined;
      return failure("ConnectionError", error instanceof Error ? error.message : String(error));
    }
    const last = error.attempts.at(-1);
    this.#tried(error.attempts.length, last === undefined ? undefined : this.#client.urls.at(last.node));
    const refused = error.code === "CONFIG" ? pathError(path) : undefined;
    if (refused !== undefined) return refused;
    this.#failure = error;
    const { name, message } = clientErrorOf(error);
    // The transport hands an error with one of these two names out as it is, and it would not be of the client's class.
    const isForeign = name === "ConfigurationError" || name === "NoLivingConnectionsError";
    return failure(isForeign ? "ConnectionError" : name, message);
  }
}

export interface ErrorWithMeta extends Error {
  readonly meta?: Partial<Pick<DiagnosticResult, "meta">>;
}

function failure(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
