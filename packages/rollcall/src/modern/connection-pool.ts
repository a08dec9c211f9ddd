import type { EventEmitter } from "node:events";
import { type Pool, RollcallError } from "@rollcall/worker";
import { setCause } from "../adapter/client-error.js";
import { ClientVersion } from "../adapter/client-version.js";
import type { DiagnosticResult } from "../adapter/diagnostic-result.js";
import { NodeUrls } from "../adapter/node-urls.js";
import { type ErrorWithMeta, type ModernClient, ModernConnection } from "./connection.js";

export interface ModernPoolOptions {
  readonly diagnostic?: EventEmitter;
}

/**
 * The connection pool of a client of version 8 or 9: it hands out one connection for each call, all of them on one
 * Rollcall pool. It marks nothing dead and has no list of nodes, because the Rollcall pool does. A client and its children
 * have one together.
 */
export class ModernConnectionPool {
  /** What the transport divides its waits by. */
  readonly size = 1;
  readonly connections: readonly ModernConnection[] = [];
  readonly diagnostic: EventEmitter;
  readonly #client: ModernClient;
  /** By what the client shows of a call, from which it may remove the connection. */
  readonly #calls = new WeakMap<object, ModernConnection>();
  #isEmptied = false;

  constructor(pool: Pool, { diagnostic }: ModernPoolOptions) {
    if (diagnostic === undefined) {
      const places = "7 has rollcall/elasticsearch7, OpenSearch rollcall/opensearch";
      throw new RollcallError("CONFIG", `rollcall/elasticsearch is for versions 8 and 9 of the client: ${places}`);
    }
    this.diagnostic = diagnostic;
    const onAnswer = (options: object) => diagnostic.emit("deserialization", null, options);
    const { maxResponseBytes = 0 } = pool.config();
    const version = new ClientVersion("rollcall/elasticsearch", [8, 9]);
    this.#client = { pool, urls: new NodeUrls(pool), maxResponseBytes, version, onAnswer };
    // The client has no listener of the user's yet: these are called first.
    diagnostic.on("request", this.#onRequest);
    diagnostic.on("response", this.#onResponse);
  }

  getConnection(): ModernConnection | null {
    return this.#isEmptied || this.#client.pool.isClosed ? null : new ModernConnection(this.#client);
  }

  /** `client.close()`: ends this client and its children. The Rollcall pool stays its owner's. */
  async empty(): Promise<void> {
    this.#isEmptied = true;
  }

  markAlive(): this {
    return this;
  }

  markDead(): this {
    return this;
  }

  addConnection(): this {
    return this;
  }

  removeConnection(): this {
    return this;
  }

  update(): this {
    return this;
  }

  /** What a sniff of the client's own would find: nothing to take over. */
  nodesToHost(): readonly object[] {
    return [];
  }

  readonly #onRequest = (error: Error | null, result: DiagnosticResult): void => {
    const { connection } = result.meta;
    if (error !== null || !(connection instanceof ModernConnection)) return;
    connection.begin(result);
    this.#calls.set(result, connection);
  };

  readonly #onResponse = (error: ErrorWithMeta | null, result: DiagnosticResult): void => {
    const connection = this.#calls.get(result);
    if (connection !== undefined) connection.end(error);
    else if (error?.name === "NoLivingConnectionsError") {
      setCause(error, new RollcallError("CLOSED", this.#isEmptied ? "the client is closed" : "the pool is closed"));
    }
  };
}
