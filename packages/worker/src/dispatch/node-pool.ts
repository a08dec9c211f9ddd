import { createConnector, type Endpoint } from "@rollcall/coordinator/cluster";
import { Client, type Dispatcher, Pool } from "undici";
import type { Target } from "./target.js";

/** One thread's settings for the connections to each node. */
export interface ConnectionSettings {
  readonly perNode: number;
  readonly opening: number;
  readonly idleMs: number;
  readonly maxAgeMs: number;
  readonly connectTimeoutMs: number;
  /** A larger answer ends the request with `BAD_RESPONSE`. */
  readonly maxResponseBytes: number;
}

/** undici's handler for one request, told which connection it runs on. */
export interface NodeHandler extends Dispatcher.DispatchHandler {
  connection: Connection | undefined;
}

/**
 * One connection, which knows whether it has served before: a request lost on a kept socket is usually the ordinary
 * race with a peer that closes idle sockets, and no sign that the node is ill.
 */
export class Connection extends Client {
  private served = 0;

  constructor(origin: URL, options: Client.Options) {
    super(origin, options);
    this.on("connect", () => {
      this.served = 0;
    });
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    (handler as NodeHandler).connection = this;
    return super.dispatch(options, handler);
  }

  /** A request is written. Whether the socket has served one before it. */
  begin(): boolean {
    return this.served++ > 0;
  }
}

/** One thread's connections to one node. */
export class NodePool {
  readonly slot: number;
  generation: number;
  endpoint: Endpoint;
  /** The endpoint's headers as undici takes them fastest: name, value, name, value. */
  headers: string[];
  private readonly pool: Pool;

  constructor(target: Target, settings: ConnectionSettings) {
    this.slot = target.slot;
    this.generation = target.generation;
    this.endpoint = target.endpoint;
    this.headers = Object.entries(target.endpoint.headers).flat();
    this.pool = new Pool(target.endpoint.origin, {
      connections: settings.perNode,
      connect: createConnector(this, settings),
      factory: (origin, options) => new Connection(origin, options as Client.Options),
      pipelining: 1,
      keepAliveTimeout: settings.idleMs,
      keepAliveMaxTimeout: settings.idleMs,
      clientTtl: settings.maxAgeMs,
      maxResponseSize: settings.maxResponseBytes,
      // One timeout covers a whole request, and its owner keeps it: see dispatch.ts.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** The node has a new credential, or its slot a new generation; the connections stay. */
  update({ generation, endpoint }: Target): void {
    this.generation = generation;
    this.endpoint = endpoint;
    this.headers = Object.entries(endpoint.headers).flat();
  }

  send(options: Dispatcher.DispatchOptions, handler: NodeHandler): void {
    this.pool.dispatch(options, handler);
  }

  get openSockets(): number {
    return this.pool.stats.connected;
  }

  /** Closes every connection once its request is done. Resolves when all are closed. */
  async close(): Promise<void> {
    await this.pool.close();
  }

  /** Closes every connection now; requests on them fail. */
  async destroy(): Promise<void> {
    await this.pool.destroy();
  }
}
