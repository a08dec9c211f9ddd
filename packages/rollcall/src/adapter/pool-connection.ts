import type { Pool, PoolRequest, ResponseHead, RollcallError } from "@rollcall/worker";
import { pathError } from "./client-error.js";
import type { ClientVersion } from "./client-version.js";
import { type DiagnosticResult, endRetries } from "./diagnostic-result.js";
import type { NodeUrls } from "./node-urls.js";
import { type CallTerms, type ClientRequest, poolRequestOf } from "./pool-request.js";
import { boundOf, type SizeLimits } from "./size-limits.js";

/** What the connections of one client share. */
export interface ConnectionParts {
  readonly pool: Pool;
  readonly urls: NodeUrls;
  /** The pool's own bound of an answer. */
  readonly maxResponseBytes: number;
  readonly version: ClientVersion;
}

/**
 * What a client's transport takes for a connection: made for one call, it sends the call through the pool.
 *
 * The fields are what users see of `meta.connection`. The others are private at run time too, because on each error some
 * clients clone all that they find in `meta`.
 */
export class PoolConnection {
  /** Of the node that answered, or was tried last; before, of the first configured one. */
  url: URL;
  id: string;
  readonly headers: Readonly<Record<string, string>> = {};
  readonly status = "alive";
  readonly #parts: ConnectionParts;
  #result: DiagnosticResult | undefined;
  #retries = 0;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.url = parts.urls.first;
    this.id = this.url.href;
  }

  /** The call is about to be sent; `result` is what the client will show of it. */
  begin(result: DiagnosticResult): void {
    this.#result = result;
  }

  /** How often the pool has sent the call again. */
  protected get retries(): number {
    return this.#retries;
  }

  /** Makes true what the client shows of the call. */
  protected showRetries(): void {
    if (this.#result !== undefined) this.#result.meta.attempts = this.#retries;
  }

  /** Keeps the client from sending the call again. */
  protected endClientRetries(): void {
    endRetries(this.#result);
  }

  /** The call as the pool takes it. Throws what the pool's own checks would throw. */
  protected prepared(request: ClientRequest, terms: CallTerms, limits: SizeLimits | undefined): PoolRequest {
    const { version, maxResponseBytes: poolMaxBytes } = this.#parts;
    version.read(request.headers);
    const maxResponseBytes = limits === undefined ? undefined : boundOf(request.headers, limits, poolMaxBytes);
    return poolRequestOf(request, terms, maxResponseBytes, this.#result);
  }

  /** Records the attempts of a call that has been answered. */
  protected answered({ attempts, nodeUrl }: ResponseHead): void {
    this.#tried(attempts.length, this.#parts.urls.of(nodeUrl));
  }

  /** Records the attempts of a call that has failed. Returns the error that the clients hand out as it is, if any. */
  protected failed({ path }: ClientRequest, error: RollcallError): TypeError | undefined {
    const last = error.attempts.at(-1);
    this.#tried(error.attempts.length, last === undefined ? undefined : this.#parts.urls.at(last.node));
    return error.code === "CONFIG" ? pathError(path) : undefined;
  }

  #tried(attempts: number, url: URL | undefined): void {
    this.#retries = Math.max(0, attempts - 1);
    if (url !== undefined) {
      this.url = url;
      this.id = url.href;
    }
    endRetries(this.#result);
  }
}
