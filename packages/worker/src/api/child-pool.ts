import { present, RollcallError } from "@rollcall/core";
import { authorizationHeader, isPlainHeader } from "@rollcall/core/access";
import { type ChildConfig, type ChildOptions, parseChildConfig } from "@rollcall/core/config";
import type { ChildPool, Pool, WaitOptions } from "./api.js";
import type { NodeStatus } from "./node-status.js";
import type { PoolRequest } from "./pool-request.js";
import type { RequestDefaults } from "./prepare-request.js";
import { refusedAuth } from "./request-settings.js";
import type { PoolResponse } from "./response.js";
import type { PoolStats } from "./stats.js";
import type { StreamResponse } from "./stream-response.js";

/** A pool whose requests may have other defaults than its own. */
export interface ChildParent extends Pick<Pool, "ready" | "nodes" | "stats" | "isClosed"> {
  readonly defaults: RequestDefaults;
  request<T>(request: PoolRequest, defaults: RequestDefaults): Promise<PoolResponse<T>>;
  stream(request: PoolRequest, defaults: RequestDefaults): Promise<StreamResponse>;
}

/**
 * @param of what the child of a child has in addition to its parent's
 * @throws {RollcallError} `CONFIG`, listing every problem of the options
 */
export function createChild(parent: ChildParent, options: ChildOptions, of: ChildConfig = { headers: {} }): ChildPool {
  const given = parseChildConfig(options);
  if (given.auth !== undefined && parent.defaults.sign !== undefined) {
    throw new RollcallError("CONFIG", `auth: ${refusedAuth}`);
  }
  return new RequestingChild(parent, { ...of, ...given, headers: { ...of.headers, ...given.headers } });
}

// Fields are private at run time too: a child that is logged or serialised must not show a password.
class RequestingChild implements ChildPool {
  readonly #parent: ChildParent;
  readonly #config: ChildConfig;
  readonly #defaults: RequestDefaults;

  constructor(parent: ChildParent, config: ChildConfig) {
    const { auth, headers, timeoutMs = parent.defaults.timeoutMs, opaqueId } = config;
    const { retry, hedge, maxResponseBytes, sign } = parent.defaults;
    const accept = headers.accept ?? parent.defaults.accept;
    const authorization = auth === undefined ? undefined : authorizationHeader(auth);
    const hasSecrets = auth !== undefined || !Object.keys(headers).every(isPlainHeader);
    this.#parent = parent;
    this.#config = config;
    const own = { headers: Object.entries(headers), opaqueId, authorization, hasSecrets };
    this.#defaults = { timeoutMs, retry, hedge, maxResponseBytes, ...present({ sign, accept }), own };
  }

  request<T = unknown>(request: PoolRequest): Promise<PoolResponse<T>> {
    return this.#parent.request<T>(request, this.#defaults);
  }

  stream(request: PoolRequest): Promise<StreamResponse> {
    return this.#parent.stream(request, this.#defaults);
  }

  child(options: ChildOptions): ChildPool {
    return createChild(this.#parent, options, this.#config);
  }

  ready(options?: WaitOptions): Promise<void> {
    return this.#parent.ready(options);
  }

  nodes(): NodeStatus[] {
    return this.#parent.nodes();
  }

  stats(): PoolStats {
    return this.#parent.stats();
  }

  get isClosed(): boolean {
    return this.#parent.isClosed;
  }
}
