import type { OnReadOpts, Socket } from "node:net";
import { Semaphore, type Timers } from "@rollcall/core";
import type { buildConnector } from "undici";
import type { Endpoint } from "./endpoint.js";
import type { NameCache } from "./name-cache.js";
import { NodeDialler } from "./node-dialler.js";
import { OpeningConnection, type OpeningParts } from "./opening-connection.js";
import { closed } from "./refused-connection.js";
import { TunnelDialler } from "./tunnel-dialler.js";

export interface ConnectorOptions {
  /** Time for TCP and TLS together, at each address; lookups have their own, and so has each part of a tunnel. */
  readonly connectTimeoutMs: number;
  /** How many connections may be opening at once; further ones wait in order. */
  readonly opening: number;
  readonly names: NameCache;
  readonly timers: Timers;
  /** Ends connections that are opening or wait to be opened: their owner is closed. */
  readonly signal?: AbortSignal;
  /** The wall clock: certificates have dates. */
  readonly wallNowMs: () => number;
  /** Takes what is read from a socket that is about to be made; otherwise the socket has its own buffers. */
  readonly reads?: () => SocketReader;
  /** Gets the time that each connection took to open, on a clock of the caller's own. */
  readonly timed?: { readonly nowMs: () => number; readonly took: (ms: number) => void };
}

/** Takes what is read from one socket. */
export interface SocketReader {
  /** As `net.connect` takes it. */
  readonly onread: OnReadOpts;
  /** The socket was made with it. */
  attach(socket: Socket): void;
}

/** The owner of the connections, and where they lead now. */
export interface Reached {
  readonly endpoint: Endpoint;
}

/** undici's connector. It returns how to give a connection up before it is open: then `callback` gets the reason. */
export type CancellableConnector = (...args: Parameters<buildConnector.connector>) => (reason: Error) => void;

/**
 * Opens the sockets of one node: its TLS settings, its certificate pin, the host policy on the address that its name
 * resolves to (so that a DNS answer cannot redirect a password), and a bound on simultaneous handshakes. Behind a proxy
 * it is the proxy that resolves names: there the policy on names is all.
 *
 * Names are resolved for every connection. `node.endpoint` is read at every connection too: a policy may change while
 * the node stays; its TLS settings and its proxy may not.
 */
export function createConnector(node: Reached, options: ConnectorOptions): CancellableConnector {
  const connector = new Connector(node, options);
  return (target, callback) => connector.open(target, callback);
}

class Connector {
  private readonly places: Semaphore;
  private readonly parts: OpeningParts;
  /** The client gets a socket when it is connected: until then only the connector can close it. */
  private readonly opening = new Set<OpeningConnection>();

  constructor(
    private readonly node: Reached,
    options: ConnectorOptions,
  ) {
    const { names, signal, timed } = options;
    this.places = new Semaphore(options.opening);
    const { proxy, tls } = node.endpoint;
    const dialler =
      proxy === undefined ? new NodeDialler(tls, options) : new TunnelDialler(proxy, node.endpoint, options);
    this.parts = { dialler, names, signal, timed };
    signal?.addEventListener("abort", () => {
      for (const connection of this.opening) connection.giveUp(closed());
    });
  }

  open(target: buildConnector.Options, callback: buildConnector.Callback): (reason: Error) => void {
    const connection = new OpeningConnection(this.parts, target, callback);
    void this.places.run(() => this.atItsTurn(connection));
    return (reason) => connection.giveUp(reason);
  }

  private async atItsTurn(connection: OpeningConnection): Promise<void> {
    this.opening.add(connection);
    await connection.open(this.node.endpoint);
    this.opening.delete(connection);
  }
}
