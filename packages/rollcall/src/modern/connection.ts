import type { Readable } from "node:stream";
import { type PoolResponse, RollcallError } from "@rollcall/worker";
import { bufferOf } from "../adapter/answer-bytes.js";
import { clientErrorOf, setCause } from "../adapter/client-error.js";
import type { DiagnosticResult } from "../adapter/diagnostic-result.js";
import { type ConnectionParts, PoolConnection } from "../adapter/pool-connection.js";
import type { ClientRequest } from "../adapter/pool-request.js";
import type { SizeLimits } from "../adapter/size-limits.js";
import { isBinary, sizeProblem } from "./answer-size.js";

export interface ModernClient extends ConnectionParts {
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

/** A {@link PoolConnection} of a client that works with promises. */
export class ModernConnection extends PoolConnection {
  readonly #client: ModernClient;
  #failure: Error | undefined;

  constructor(client: ModernClient) {
    super(client);
    this.#client = client;
  }

  /** The call has ended, before any listener of the user's is called: what it shows becomes true. */
  end(error: ErrorWithMeta | null): void {
    this.showRetries();
    // Of an error, the client has cloned `meta` before.
    if (error?.meta?.meta !== undefined) error.meta.meta.attempts = this.retries;
    if (error !== null && this.#failure !== undefined) setCause(error, this.#failure);
  }

  async request(request: ClientRequest, call: ModernCall): Promise<ModernAnswer> {
    const { pool } = this.#client;
    const { asStream, timeout, signal } = call;
    const terms = { timeoutMs: timeout, signal: signal ?? undefined };
    // One `await` for each way and no function between: each turn of a promise costs a small search as much as a check.
    let answer: PoolResponse;
    try {
      if (asStream === true) {
        const stream = await pool.stream(this.prepared(request, terms, undefined));
        this.answered(stream);
        return { statusCode: stream.status, headers: { ...stream.headers }, body: stream.body };
      }
      answer = await pool.request(this.prepared(request, terms, call));
      this.answered(answer);
    } catch (error) {
      throw this.#errorOf(request, error);
    }
    // The caller's own object: theirs to change, with the methods that objects have.
    const headers = { ...answer.headers };
    const isBytes = isBinary(headers);
    const problem = sizeProblem(answer, isBytes, call);
    if (problem !== undefined) throw failure("RequestAbortedError", problem);
    this.#client.onAnswer(call);
    return { statusCode: answer.status, headers, body: isBytes ? bufferOf(answer.bytes()) : answer.text() };
  }

  async close(): Promise<void> {}

  /** The transport makes an error of the client's own from the name of what is thrown here. */
  #errorOf(request: ClientRequest, error: unknown): Error {
    // Of a pool that is none of ours, such as a test's.
    if (!(error instanceof RollcallError)) return error instanceof Error ? error : new Error(String(error));
    const refused = this.failed(request, error);
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
