import {
  answerHeadersMaxBytes,
  createConnector,
  type Endpoint,
  type NameCache,
  PlainToTls,
  UndiciClient,
} from "@rollcall/coordinator/cluster";
import { type Link, LinkedList, type Random, type Timers } from "@rollcall/core";
import type { Client, Dispatcher } from "undici";
import { Connection, type Opening } from "./connection.js";
import { acceptedCodings } from "./content-codings.js";
import { withMissing } from "./header-list.js";
import { SocketReads } from "./socket-reads.js";
import { joinWrites } from "./socket-writes.js";
import type { Target } from "./target.js";

/** One thread's settings for the connections to each node. */
export interface ConnectionSettings {
  /**
   * How many requests may be in flight to one node, and so how many connections there may be. The dispatch enforces it.
   */
  readonly perNode: number;
  readonly opening: number;
  readonly idleMs: number;
  /** A connection that has got so old is closed instead of being used again; a tenth less or more, by chance. */
  readonly maxAgeMs: number;
  readonly connectTimeoutMs: number;
  /** A larger answer ends the request with `BAD_RESPONSE`. */
  readonly maxResponseBytes: number;
  /** Answers are asked for in the codings that this Node can undo, and are unpacked. */
  readonly unpacksAnswers: boolean;
  /** Bodies of more bytes are sent packed; undefined: none is. */
  readonly packsAboveBytes: number | undefined;
}

/** Receives what happens to a pool's connections. */
export interface ConnectionObserver {
  /** A socket of the slot has opened (1) or closed (-1). */
  counted(slot: number, change: 1 | -1): void;
  /** A connection to the slot's node took so many milliseconds to open. */
  opened(slot: number, tookMs: number): void;
  /** A clock for that; it stands still while this thread does not run. */
  ranMs(): number;
  /** The wall clock: certificates have dates. */
  wallNowMs(): number;
}

/** undici's handler for one request, and the connection that it runs on. */
export interface NodeHandler extends Dispatcher.DispatchHandler {
  connection: Connection | undefined;
  readonly startedAtMs: number;
}

/**
 * One thread's connections to one node: undici's clients, one request at a time each.
 *
 * The connection that was used last is used next: so a few stay warm, and those left over from a peak close unused.
 * undici's own `Pool` checks every connection at each request, and closes the old ones all at once; here neither costs
 * a request anything.
 */
export class NodePool<Handler extends NodeHandler & Link<Handler>> {
  readonly slot: number;
  generation: number;
  /** False once another pool has its slot, or none. */
  isCurrent = true;
  /** Attempts at the node that have not ended. The dispatch adds and removes them. */
  readonly inFlight = new LinkedList<Handler>();
  endpoint: Endpoint;
  /** The endpoint's headers in the form that undici reads fastest: name, value, name, value. Names in lower case. */
  headers: readonly string[];
  /** What the newest request gave and what was sent for it: most requests of an application share their headers. */
  private given: readonly string[] | undefined;
  private whole: readonly string[] = [];
  /** Open and free, the one used last at the end. */
  private readonly idle: Connection[] = [];
  private readonly all = new Set<Connection>();
  /** How many there may be; more than that are closed as they become idle. */
  private most: number;
  private readonly options: Client.Options;
  private readonly dial: ReturnType<typeof createConnector>;
  /** Ends connections that are still being opened. */
  private readonly stop = new AbortController();
  private readonly plainToTls: PlainToTls;
  /** The node has answered a request: so its port speaks HTTP, with TLS or without, as it is called. */
  hasAnswered = false;

  constructor(
    target: Target,
    readonly settings: ConnectionSettings,
    private readonly random: Random,
    private readonly observer: ConnectionObserver,
    lookups: { readonly names: NameCache; readonly timers: Timers },
  ) {
    this.most = settings.perNode;
    this.slot = target.slot;
    this.generation = target.generation;
    this.endpoint = target.endpoint;
    this.headers = headersOf(target.endpoint, settings);
    const { signal } = this.stop;
    const connecting = { ...settings, ...lookups, signal, wallNowMs: () => observer.wallNowMs() };
    this.plainToTls = new PlainToTls(this, connecting);
    this.dial = createConnector(this, {
      ...connecting,
      reads: () => new SocketReads(),
      timed: {
        nowMs: () => observer.ranMs(),
        took: (ms) => {
          if (this.isCurrent) observer.opened(this.slot, ms);
        },
      },
    });
    this.options = {
      pipelining: 1,
      keepAliveTimeout: settings.idleMs,
      keepAliveMaxTimeout: settings.idleMs,
      // An attempt bounds what it collects itself: an answer that streams may be larger.
      maxResponseSize: -1,
      maxHeaderSize: answerHeadersMaxBytes,
      // One timeout covers a whole request, and its owner sets it: see dispatch.ts.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
  }

  /** The node has a new credential, or its slot a new generation; the connections stay. */
  update({ generation, endpoint }: Target): void {
    this.generation = generation;
    this.endpoint = endpoint;
    this.headers = headersOf(endpoint, this.settings);
    this.given = undefined;
  }

  /** These headers of a request, and the endpoint's where the request has none of the name. */
  wholeHeaders(given: readonly string[]): readonly string[] {
    if (given !== this.given) {
      this.given = given;
      this.whole = withMissing(given, this.headers);
    }
    return this.whole;
  }

  /** Sends one request. The sender must call `release` when it has ended. */
  send(options: Dispatcher.DispatchOptions, handler: Handler): void {
    const connection = this.take(handler.startedAtMs) ?? this.open(handler.startedAtMs);
    handler.connection = connection;
    connection.usedAtMs = handler.startedAtMs;
    connection.dispatch(options, handler);
  }

  /** The handler's request has ended; `reusable` where its whole answer has come. */
  release({ connection }: Handler, reusable: boolean): void {
    if (connection === undefined) return;
    if (reusable && connection.isOpen && !connection.isClosed && this.all.size <= this.most) {
      this.idle.push(connection);
      return;
    }
    this.all.delete(connection);
    // Not at once: undici is about to clean up after the failure itself.
    setImmediate(() => void connection.destroy());
  }

  /**
   * What the failure of a new connection means, for which a check is necessary: an error in its place, or itself.
   * Undefined where none is.
   */
  explained(error: Error): Promise<Error> | undefined {
    return this.hasAnswered ? undefined : this.plainToTls.explained(error);
  }

  /** Keeps no more than so many connections: idle ones that are too many are closed, those used longest ago first. */
  keepAtMost(most: number): void {
    this.most = most;
    while (this.all.size > most && this.idle.length > 0) {
      const [connection] = this.idle.splice(0, 1);
      if (connection !== undefined) this.end(connection);
    }
  }

  /** Closes the idle connections: the next requests open new ones. */
  dropIdle(): void {
    for (const connection of this.idle.splice(0)) void connection.close();
  }

  /**
   * Closes the idle connections on which no request has begun since then: so none that has answered one meanwhile, for
   * that one is known to work.
   */
  dropUnusedSince(sinceMs: number): void {
    for (const connection of this.idle.splice(0)) {
      if (connection.usedAtMs >= sinceMs) this.idle.push(connection);
      else void connection.close();
    }
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

  private end(connection: Connection): void {
    this.all.delete(connection);
    void connection.close();
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
    const opening: Opening = {};
    const options: Client.Options = {
      ...this.options,
      connect: (target, callback) => {
        opening.giveUp = this.dial(target, (...opened) => {
          const [, socket] = opened;
          if (socket !== null) {
            opening.reads = SocketReads.of(socket);
            joinWrites(socket);
          }
          callback(...opened);
        });
      },
    };
    const client = new UndiciClient(this.endpoint.origin, options);
    const connection = new Connection(client, nowMs, nowMs + ageMs, opening, this.turned);
    this.all.add(connection);
    return connection;
  }

  private readonly turned = (connection: Connection): void => {
    this.observer.counted(this.slot, connection.isOpen ? 1 : -1);
    if (!connection.isOpen) this.forget(connection);
  };

  private forget(connection: Connection): void {
    const at = this.idle.lastIndexOf(connection);
    // One that is not idle has a request to end: `release` forgets it.
    if (at === -1 && !connection.isClosed) return;
    if (at !== -1) this.idle.splice(at, 1);
    this.all.delete(connection);
    void connection.destroy();
  }
}

function headersOf({ headers }: Endpoint, { unpacksAnswers }: ConnectionSettings): string[] {
  return Object.entries(unpacksAnswers ? { ...headers, "accept-encoding": acceptedCodings } : headers).flat();
}
