import type { Pool } from "@rollcall/worker";
import type { RefusedOption } from "./adapter/refused-options.js";
import type { ClientModule } from "./classic/client-module.js";
import { classicOptions } from "./classic/on-rollcall.js";

/**
 * The options with which `new Client(onRollcall(pool, options))` of `@opensearch-project/opensearch`, version 2 or 3, sends
 * through the pool. Nodes, retries, timeouts and connections are the pool's; all else stays the client's own.
 *
 * `options`: those of the client, less those that belong to `createPool`. `requestTimeout` without a value is the
 * pool's `timeoutMs`. `client.close()` leaves the pool open. `module`: what the client's package exports, where it is
 * installed under another name, or the program is bundled.
 *
 * @throws {RollcallError} `CONFIG` for options that belong to the pool, one a line, each with its place; and where the
 *   client is not there, or is of another version
 */
export function onRollcall<Options extends object>(
  pool: Pool,
  options?: Omit<Options, RefusedOption>,
  module?: ClientModule,
): Options {
  return classicOptions(client, pool, options, module);
}

const client = { entry: "rollcall/opensearch", name: "@opensearch-project/opensearch", tested: [2, 3] } as const;
