import { createConnector, type Endpoint } from "@rollcall/coordinator/cluster";
import type { Random } from "@rollcall/core";
import { Client, type Dispatcher } from "undici";
import { InFlightList, type Link } from "./in-flight-list.js";
import type { Target } from "./target.js";

/** One thread's settings for the connections to each node. */
export interface ConnectionSettings {
  /** How many requests may be under way to one node, and so how many connections there may be. The dispatch keeps it. */
  readonly perNode: number;
  readonly opening: number;
  readonly idleMs: number;
  /** A connection that has got so old is closed instead of being used again; a tenth less or more, by chance. */
  readonly maxAgeMs: number;
  readonly connectTimeoutMs: number;
  /** A larger answer ends the request with `BAD_RESPONSE`. */
  readonly maxResponseBytes: number;
}

/** Who is told of a pool's connections. */
export interface ConnectionObserver {
  /** One more socket of the slot is open, or one less. */
  counted(slot: number, change: 1 | -1): void;
  /** The slot's node has let a connection be opened, in so many milliseconds. */
  opened(slot: number, tookMs: number): void;
  /** A clock for that; it stands still while this thread does not run. */
  ranMs(): number;
  /** The wall clock: certificates have dates. */
  wallNowMs(): number;
}

/** undici's handler for one request, told which connection it runs on. */
export interface NodeHandler extends Dispatcher.DispatchHandler {
  connection: Connection | undefined;
  readonly startedAtMs: number;
}

/**
 * One connection, which knows whether it has served before: a request lost on a kept socket is usually the ordinary
 * race with a peer that closes idle sockets, and no sign that the node is ill.
 */
export class Connection extends Client {
  isOpen = false;
  private served = 0;

  constructor(
    origin: string,
    options: Client.Options,
    readonly expiresAtMs: number,
    onTurned: (connection: Connection) => void,
  ) {
    super(origin, options);
    this.on("connect", () => {
      this.isOpen = true;
      this.served = 0;
      onTurned(this);
    });
    this.on("disconnect", () => {
      if (!this.isOpen) return;
      this.isOpen = false;
      onTurned(this);
    });
  }

  /** A request is written. Whether the socket has served one before it. */
  begin(): boolean {
    return this.served++ > 0;
  }
}

/**
 * One thread's connections to one node: undici's clients, one request at a time each.
 *
 * The connection that was used last is used next: so a few stay warm, and those that a peak has left over close for want
 * of use. undici's own `Pool` asks every connection whether it is free, at each request, and closes the old ones all at
 * once; here neither costs a request anything.
 */
export class NodePool<Handler extends NodeHandler & Link<Handler>> {
  readonly slot: number;
  generation: number;
  /** False once another pool has its slot, or none. */
  isCurrent = true;
  /** What has been begun and has not ended; its owner keeps it. */
  readonly underWay = new InFlightList<Handler>();
  endpoint: Endpoint;
  /** The endpoint's headers as undici takes them fastest: name, value, name, value. */
  headers: string[];
  /** Open and free, the one used last at the end. */
  private readonly idle: Connection[] = [];
  private readonly all = new Set<Connection>();
  private readonly options: Client.Options;
  /** Ends connections that are still being opened. */
  private readonly stop = new AbortController();

  constructor(
    target: Target,
    private readonly settings: ConnectionSettings,
    private readonly random: Random,
    private readonly observer: ConnectionObserver,
  ) {
    this.slot = target.slot;
    this.generation = target.generation;
    this.endpoint = target.endpoint;
    this.headers = Object.entries(target.endpoint.headers).flat();
    this.options = {
      connect: createConnector(this, {
        ...settings,
        signal: this.stop.signal,
        wallNowMs: () => observer.wallNowMs(),
        timed: {
          nowMs: () => observer.ranMs(),
          took: (ms) => {
            if (this.isCurrent) observer.opened(this.slot, ms);
          },
        },
      }),
      pipelining: 1,
      keepAliveTimeout: settings.idleMs,
      keepAliveMaxTimeout: settings.idleMs,
      maxResponseSize: settings.maxResponseBytes,
      // One timeout covers a whole request, and its owner keeps it: see dispatch.ts.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
  }

  /** The node has a new credential, or its slot a new generation; the connections stay. */
  update({ generation, endpoint }: Target): void {
    this.generation = generation;
    this.endpoint = endpoint;
    this.headers = Object.entries(endpoint.headers).flat();
  }

  /** Sends one request. Whoever sends owes a `release` when it has ended. */
  send(options: Dispatcher.DispatchOptions, handler: Handler): void {
    const connection = this.take(handler.startedAtMs) ?? this.open(handler.startedAtMs);
    handler.connection = connection;
    connection.dispatch(options, handler);
  }

  /** The handler's request has ended; `reusable` where its whole answer has come. */
  release({ connection }: Handler, reusable: boolean): void {
    if (connection === undefined) return;
    if (reusable && connection.isOpen && !connection.closed) {
      this.idle.push(connection);
      return;
    }
    this.all.delete(connection);
    // Not at once: undici is about to tidy up after the failure itself.
    setImmediate(() => void connection.destroy());
  }

  /** Closes the connections that are free: the next requests open new ones. */
  dropIdle(): void {
    for (const connection of this.idle.splice(0)) void connection.close();
  }

  /** Closes every connection once its request is done. Resolves when all are closed. */
  async close(): Promise<void> {
    await Promise.all([...this.all].map((connection) => connection.close()));
    this.stop.abort();
  }

  /** Closes every connection now; requests on them fail. */
  async destroy(): Promise<void> {
    const destroyed = [...this.all].map((connection) => connection.destroy());
    this.stop.abort();
    await Promise.all(destroyed);
  }

  private take(nowMs: number): Connection | undefined {
    for (let connection = this.idle.pop(); connection !== undefined; connection = this.idle.pop()) {
      if (nowMs < connection.expiresAtMs) return connection;
      void connection.close();
    }
    return undefined;
  }

  private open(nowMs: number): Connection {
    const ageMs = this.settings.maxAgeMs * (0.9 + 0.2 * this.random());
    const connection = new Connection(this.endpoint.origin, this.options, nowMs + ageMs, this.turned);
    this.all.add(connection);
    return connection;
  }

  private readonly turned = (connection: Connection): void => {
    this.observer.counted(this.slot, connection.isOpen ? 1 : -1);
    if (!connection.isOpen) this.forget(connection);
  };

  private forget(connection: Connection): void {
    const at = this.idle.lastIndexOf(connection);
    // One that is not idle has a request to end, and is let go of then.
    if (at === -1 && !connection.closed) return;
    if (at !== -1) this.idle.splice(at, 1);
    this.all.delete(connection);
    void connection.destroy();
  }
}
