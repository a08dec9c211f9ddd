import type { Pool } from "@rollcall/worker";
import { clientOptions } from "../adapter/client-options.js";
import type { RefusedOption } from "../adapter/refused-options.js";
import { type ClientModule, loadClient } from "./client-module.js";
import { ClassicConnectionPool, type ClassicEntry, type ClassicPoolOptions } from "./connection-pool.js";
import { observedTransport } from "./transport.js";

export interface ClassicPackage extends ClassicEntry {
  /** The name under which its users install it. */
  readonly name: string;
}

/** The options of a client with callbacks on a pool. A `Transport` of the user's own is kept. */
export function classicOptions<Options extends object>(
  of: ClassicPackage,
  pool: Pool,
  options: Omit<Options, RefusedOption> = {} as Omit<Options, RefusedOption>,
  module: ClientModule | undefined,
): Options {
  const given = clientOptions(pool, options);
  const client = loadClient(of.entry, of.name, module);
  class ConnectionPool extends ClassicConnectionPool {
    constructor(opened: ClassicPoolOptions) {
      super(pool, of, client, opened);
    }
  }
  const Transport = observedTransport((given.Transport ?? client.Transport) as typeof client.Transport);
  return { ...given, ConnectionPool, Transport } as unknown as Options;
}
