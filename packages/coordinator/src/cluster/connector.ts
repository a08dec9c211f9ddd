import type { LookupAddress } from "node:dns";
import { isIP, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { present, Semaphore, type Timers } from "@rollcall/core";
import { judgeAddress, plainName } from "@rollcall/core/access";
import { buildConnector } from "undici";
import { skipContinue } from "./answer-limits.js";
import { type Dialled, dialFirst, inTurn } from "./dial-first.js";
import type { Endpoint } from "./endpoint.js";
import type { NameCache } from "./name-cache.js";
import { judgePinnedChain } from "./pinned-certificate.js";

export interface ConnectorOptions {
  /** Time for TCP and TLS together, at each address; lookups have their own. */
  readonly connectTimeoutMs: number;
  /** How many connections may be opening at once; further ones wait in order. */
  readonly opening: number;
  readonly names: NameCache;
  readonly timers: Timers;
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
 * Names are resolved for every connection. `node.endpoint` is read at every connection too: a policy may change while
 * the node stays; its TLS settings may not.
 */
export function createConnector(
  node: Reached,
  { connectTimeoutMs, opening, names, timers, signal, wallNowMs, timed }: ConnectorOptions,
): CancellableConnector {
  const { tls } = node.endpoint;
  const pin = tls.caFingerprint;
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    ...present({ ca: tls.ca && [...tls.ca], cert: tls.cert, key: tls.key }),
    // Always said: otherwise NODE_TLS_REJECT_UNAUTHORIZED in the environment decides.
    // With a pin and no `ca`, the pin alone decides, in `judgePinnedChain`. A resumed session shows no chain to judge.
    ...(pin === undefined
      ? { rejectUnauthorized: true }
      : { rejectUnauthorized: tls.ca !== undefined, maxCachedSessions: 0 }),
  });
  const places = new Semaphore(opening);
  let lastFamily: number | undefined;

  // The client gets a socket when it is connected: until then only the connector can close it.
  const attempts = new Set<(reason: Error) => void>();
  signal?.addEventListener("abort", () => {
    for (const giveUp of attempts) giveUp(closed());
  });

  const pinProblem = (target: buildConnector.Options, expected: string, socket: Socket) => {
    if (pin === undefined || target.protocol !== "https:") return undefined;
    return judgePinnedChain(socket as TLSSocket, expected, pin, wallNowMs());
  };

  const open = (target: buildConnector.Options, callback: buildConnector.Callback, ended: () => void) => {
    const host = plainName(node.endpoint.host);
    const expected = tls.serverName ?? host;
    let giveUpDialling = (_reason: Error) => {};
    let isOver = false;
    let beganMs = 0;
    const opened = (error: Error | null, socket: Socket | null) => {
      if (isOver) return;
      isOver = true;
      attempts.delete(giveUp);
      ended();
      if (socket === null) return callback(error ?? closed(), null);
      const problem = pinProblem(target, expected, socket);
      if (problem === undefined) {
        timed?.took(timed.nowMs() - beganMs);
        // Only after this callback does undici attach its parser.
        setImmediate(skipContinue, socket);
        return callback(null, socket);
      }
      socket.on("error", () => {}).destroy();
      return callback(new RefusedConnection("ERR_TLS_CA_FINGERPRINT", problem), null);
    };
    const giveUp = (reason: Error) => {
      opened(reason, null);
      giveUpDialling(reason);
    };
    if (signal?.aborted === true) {
      opened(closed(), null);
      return giveUp;
    }
    attempts.add(giveUp);

    // No server is called by its number: there the certificate is compared with the address.
    const servername = tls.serverName ?? (isIP(host) === 0 ? host : "");
    const dial = ({ address }: LookupAddress, done: Dialled): Socket => {
      // The connector returns its socket; its type does not say so.
      const socket: unknown = connect(
        { ...target, hostname: address, host: expected, servername },
        (error, connected) => done(error, error === null ? (connected as Socket) : null),
      );
      if (!(socket instanceof Socket)) throw new TypeError("undici's connector has not returned its socket");
      return socket;
    };
    resolveAllowed(node.endpoint, names, (error, addresses) => {
      if (isOver) return;
      if (error !== null) return opened(error, null);
      beganMs = timed?.nowMs() ?? 0;
      giveUpDialling = dialFirst(inTurn(addresses, lastFamily), dial, timers, (failure, socket, address) => {
        if (address !== undefined) lastFamily = address.family;
        opened(failure, socket);
      });
    });
    return giveUp;
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

/** The addresses of a host that the host policy allows. */
function resolveAllowed(
  endpoint: Endpoint,
  names: NameCache,
  done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
): void {
  const { host, port, scheme, policy, fallbackAddress, lastAddresses } = endpoint;
  if (isIP(host) !== 0) return done(null, [addressed(host)]);

  const listed = fallbackAddress === undefined ? [] : [addressed(fallbackAddress)];
  const known = lastAddresses === undefined || lastAddresses.length === 0 ? listed : lastAddresses.map(addressed);
  names.resolve(host, known, (error, resolved) => {
    const addresses = error === null ? resolved : listed;
    if (error !== null && addresses.length === 0) return done(error, []);

    let reason = `${host} has no address`;
    const allowed = addresses.filter(({ address }) => {
      const verdict = judgeAddress(policy, { host, port, scheme, address });
      if (verdict.verdict === "refused") reason = verdict.reason;
      return verdict.verdict === "allowed";
    });
    if (allowed.length === 0) return done(new RefusedConnection(hostRefused, reason), []);
    done(null, allowed);
  });
}

function addressed(address: string): LookupAddress {
  return { address, family: isIP(address) };
}
