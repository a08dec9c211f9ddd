import { type Pool, RollcallError } from "@rollcall/worker";
import { refuseOptions } from "./refused-options.js";

/**
 * What a client on a pool is constructed with, less its parts: the caller's own options; a node, which every client
 * demands; and the pool's timeout, which a call without one gets, where some clients would give it their own.
 *
 * @throws {RollcallError} `CONFIG` for what is no pool, and for options that belong to the pool, all at once
 */
export function clientOptions(pool: Pool, options: object): Record<string, unknown> {
  const given: unknown = pool;
  if (typeof given !== "object" || given === null || !("request" in given) || !("config" in given)) {
    throw new RollcallError("CONFIG", "onRollcall(pool, options): pool must be what createPool returns");
  }
  refuseOptions(options);
  const { seeds, timeoutMs } = pool.config();
  const { requestTimeout = timeoutMs } = options as { readonly requestTimeout?: unknown };
  return { ...options, requestTimeout, node: seeds[0]?.url };
}
