import { type Pool, RollcallError } from "@rollcall/worker";
import { ClientVersion } from "../adapter/client-version.js";
import { NodeUrls } from "../adapter/node-urls.js";
import type { ClassicClient, Emit } from "./client-module.js";
import { ClassicConnection, type ClassicConnections } from "./connection.js";

export interface ClassicPoolOptions {
  readonly emit?: Emit;
}

/** An entry point, and the versions of its client that it is tested with. */
export interface ClassicEntry {
  readonly entry: string;
  readonly tested: readonly number[];
}

/**
 * The connection pool of a client with callbacks: it hands out one connection for each call, all of them on one
 * Rollcall pool. It marks nothing dead and has no list of nodes, because the Rollcall pool does. A client and its children
 * have one together.
 */
export class ClassicConnectionPool {
  readonly size = 1;
  readonly connections: readonly ClassicConnection[] = [];
  readonly #shared: ClassicConnections;
  #isEmptied = false;

  constructor(pool: Pool, { entry, tested }: ClassicEntry, client: ClassicClient, { emit }: ClassicPoolOptions) {
    if (emit === undefined) {
      const place = "versions 8 and 9 have rollcall/elasticsearch";
      throw new RollcallError("CONFIG", `${entry} is for version ${tested.join(" and ")} of the client: ${place}`);
    }
    const { maxResponseBytes = 0 } = pool.config();
    const version = new ClientVersion(entry, tested);
    this.#shared = { pool, urls: new NodeUrls(pool), maxResponseBytes, version, errors: client.errors };
  }

  getConnection(): ClassicConnection | null {
    return this.#isEmptied ? null : new ClassicConnection(this.#shared);
  }

  /** `client.close()`: ends this client and its children. The Rollcall pool stays its owner's. */
  empty(callback: () => void = () => {}): void {
    this.#isEmptied = true;
    process.nextTick(callback);
  }

  markAlive(): this {
    return this;
  }

  markDead(): this {
    return this;
  }

  addConnection(): void {}

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
}
