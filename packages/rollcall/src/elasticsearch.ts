import type { Pool } from "@rollcall/worker";
import { clientOptions } from "./adapter/client-options.js";
import type { RefusedOption } from "./adapter/refused-options.js";
import { ModernConnectionPool, type ModernPoolOptions } from "./modern/connection-pool.js";

/**
 * The options with which `new Client(onRollcall(pool, options))` of `@elastic/elasticsearch`, version 8 or 9, sends
 * through the pool. Nodes, retries, timeouts and connections are the pool's; all else stays the client's own.
 *
 * `options`: those of the client, less those that belong to `createPool`. `requestTimeout` without a value is the
 * pool's `timeoutMs`. `client.close()` leaves the pool open.
 *
 * @throws {RollcallError} `CONFIG` for options that belong to the pool, one a line, each with its place
 */
export function onRollcall<Options extends object>(pool: Pool, options?: Omit<Options, RefusedOption>): Options {
  class ConnectionPool extends ModernConnectionPool {
    constructor(given: ModernPoolOptions) {
      super(pool, given);
    }
  }
  // The client's own type of a pool demands parts of its HTTP library, which no other pool can have.
  return { ...clientOptions(pool, options ?? {}), ConnectionPool } as unknown as Options;
}
