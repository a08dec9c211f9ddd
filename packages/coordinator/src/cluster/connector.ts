import { type LookupAddress, lookup as lookupHost } from "node:dns";
import { type LookupFunction, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { present, Semaphore } from "@rollcall/core";
import { judgeAddress } from "@rollcall/core/access";
import { buildConnector } from "undici";
import { skipContinue } from "./answer-limits.js";
import type { Endpoint } from "./endpoint.js";
import { judgePinnedChain } from "./pinned-certificate.js";

export interface ConnectorOptions {
  /** Time for TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** How many connections may be opening at once; further ones wait in order. */
  readonly opening: number;
  /** Ends connections that are opening or wait to be opened: their owner is closed. */
  readonly signal?: AbortSignal;
  /** The wall clock: certificates have dates. */
  readonly wallNowMs: () => number;
  /** Gets the time that each connection took to open, on a clock of the caller's own. */
  readonly timed?: { readonly nowMs: () => number; readonly took: (ms: number) => void };
}

/** The owner of the connections, and where they lead now. */
export interface Reached {
  readonly endpoint: Endpoint;
}

/** The code of a connection that the host policy forbids, because of the address that the node's name leads to. */
export const hostRefused = "ERR_HOST_REFUSED";

/** A connection that is not made. `code` is stable. */
class RefusedConnection extends Error {
  override readonly name = "RefusedConnection";
  constructor(
    readonly code: typeof hostRefused | "ERR_TLS_CA_FINGERPRINT" | "ERR_CLOSED",
    message: string,
  ) {
    super(message);
  }
}

/** undici's connector. It returns how to give a connection up before it is open: then `callback` gets the reason. */
export type CancellableConnector = (...args: Parameters<buildConnector.connector>) => (reason: Error) => void;

/**
 * Opens the sockets of one node: its TLS settings, its certificate pin, the host policy on the address that its name
 * resolves to (so that a DNS answer cannot redirect a password), and a bound on simultaneous handshakes.
 *
 * Names are resolved anew for every connection. `node.endpoint` is read at every connection too: a policy may change
 * while the node stays; its TLS settings may not.
 */
export function createConnector(
  node: Reached,
  { connectTimeoutMs, opening, signal, wallNowMs, timed }: ConnectorOptions,
): CancellableConnector {
  const { tls } = node.endpoint;
  const pin = tls.caFingerprint;
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    lookup: resolveAllowed(node),
    ...present({ ca: tls.ca && [...tls.ca], cert: tls.cert, key: tls.key, servername: tls.serverName }),
    // Always said: otherwise NODE_TLS_REJECT_UNAUTHORIZED in the environment decides.
    // With a pin and no `ca`, the pin alone decides, in `judgePinnedChain`. A resumed session shows no chain to judge.
    ...(pin === undefined
      ? { rejectUnauthorized: true }
      : { rejectUnauthorized: tls.ca !== undefined, maxCachedSessions: 0 }),
  });

  const places = new Semaphore(opening);
  // The client gets a socket when it is connected: until then only the connector can close it.
  const sockets = new Set<Socket>();
  signal?.addEventListener("abort", () => {
    for (const socket of sockets) socket.destroy(closed());
  });

  const pinProblem = (target: buildConnector.Options, socket: TLSSocket | Socket) => {
    if (pin === undefined || target.protocol !== "https:") return undefined;
    return judgePinnedChain(socket as TLSSocket, tls.serverName ?? target.hostname, pin, wallNowMs());
  };

  const open = (target: buildConnector.Options, callback: buildConnector.Callback, ended: () => void) => {
    const begunMs = timed?.nowMs() ?? 0;
    let dialled: Socket | undefined;
    let isOver = false;
    const opened = (...[error, socket]: buildConnector.CallbackArgs) => {
      if (isOver) return;
      isOver = true;
      if (dialled !== undefined) sockets.delete(dialled);
      ended();
      if (error !== null) return callback(error, null);
      const problem = pinProblem(target, socket);
      if (problem === undefined) {
        timed?.took(timed.nowMs() - begunMs);
        // Only after this callback does undici attach its parser.
        setImmediate(skipContinue, socket);
        return callback(null, socket as Socket);
      }
      socket.on("error", () => {}).destroy();
      return callback(new RefusedConnection("ERR_TLS_CA_FINGERPRINT", problem), null);
    };
    try {
      if (signal?.aborted === true) throw closed();
      // The connector returns its socket; its type does not say so.
      const socket: unknown = connect(target, opened);
      if (socket instanceof Socket) {
        dialled = socket;
        sockets.add(socket);
      }
    } catch (error) {
      // Such as a `ca` or `key` that OpenSSL cannot read.
      opened(error instanceof Error ? error : new Error("the connection could not be opened"), null);
    }
    return (reason: Error) => {
      if (isOver) return;
      opened(reason, null);
      dialled?.destroy(reason);
    };
  };

  return (target, callback) => {
    let isGivenUp = false;
    let giveUpOpen: ((reason: Error) => void) | undefined;
    void places.run(async () => {
      if (isGivenUp) return;
      await new Promise<void>((ended) => {
        giveUpOpen = open(target, callback, ended);
      });
    });
    return (reason) => {
      if (giveUpOpen !== undefined) return giveUpOpen(reason);
      if (isGivenUp) return;
      isGivenUp = true;
      callback(reason, null);
    };
  };
}

function closed(): RefusedConnection {
  return new RefusedConnection("ERR_CLOSED", "closed before the connection was made");
}

function resolveAllowed(node: Reached): LookupFunction {
  return (hostname, lookupOptions, callback) => {
    const { host, port, scheme, policy, fallbackAddress } = node.endpoint;
    lookupHost(hostname, { ...lookupOptions, all: true }, (error, resolved) => {
      const addresses = error === null ? resolved : fallbackTo(fallbackAddress);
      if (addresses === undefined) return callback(error, "");

      let reason = `${hostname} has no address`;
      const allowed = addresses.filter(({ address }) => {
        const verdict = judgeAddress(policy, { host, port, scheme, address });
        if (verdict.verdict === "refused") reason = verdict.reason;
        return verdict.verdict === "allowed";
      });
      const [first] = allowed;
      if (first === undefined) return callback(new RefusedConnection(hostRefused, reason), "");
      return lookupOptions.all === true ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}

function fallbackTo(address: string | undefined): LookupAddress[] | undefined {
  return address === undefined ? undefined : [{ address, family: address.includes(":") ? 6 : 4 }];
}
