import type { LookupAddress } from "node:dns";
import { isIP, type OnReadOpts, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { present, type Timers } from "@rollcall/core";
import { isUnverified } from "@rollcall/core/access";
import type { buildConnector } from "undici";
import type { ConnectorOptions } from "./connector.js";
import { type Dialled, dialFirst, inTurn } from "./dial-first.js";
import type { Endpoint } from "./endpoint.js";
import { reportFirstError, watchHandshake, whenAccepted } from "./handshake-failure.js";
import { type ChainProblem, judgePinnedChain } from "./pinned-certificate.js";
import { buildUndiciConnector } from "./undici-parts.cjs";

export interface NodeDiallerOptions extends Pick<ConnectorOptions, "reads"> {
  /** Time for TCP and TLS together, at each address. */
  readonly connectTimeoutMs: number;
  readonly timers: Timers;
  /** The wall clock: certificates have dates. */
  readonly wallNowMs: () => number;
}

/** A node that accepts a client certificate says so at once, if it says so. */
const acceptsWithinMs = 1_000;

/** Dials the addresses of one node with its TLS settings, and compares the chain that it sends with its pin. */
export class NodeDialler {
  private readonly connect: buildConnector.connector;
  /** Read by the next socket, when it is made: undici's connector has the same options for all. */
  private readonly onread: Partial<OnReadOpts> = {};
  /** The node has accepted a certificate and sent no ticket. */
  private isSilent = false;
  /** That of the address which was connected last: it is tried first. */
  private lastFamily: number | undefined;

  constructor(
    private readonly tls: Endpoint["tls"],
    private readonly options: NodeDiallerOptions,
  ) {
    this.connect = buildUndiciConnector({
      timeout: options.connectTimeoutMs,
      ...(options.reads === undefined ? {} : { onread: this.onread as OnReadOpts }),
      ...present({ ca: tls.ca && [...tls.ca], cert: tls.cert, key: tls.key }),
      // Always said: otherwise NODE_TLS_REJECT_UNAUTHORIZED in the environment decides.
      // With a pin and no `ca`, the pin alone decides, in `judgePinnedChain`.
      // A resumed session shows no chain to judge.
      ...(tls.caFingerprint === undefined
        ? { rejectUnauthorized: !isUnverified(tls) }
        : { rejectUnauthorized: tls.ca !== undefined, maxCachedSessions: 0 }),
    });
  }

  /**
   * Dials these addresses until a connection is open.
   *
   * @param host the node's name or address, without a final dot
   * @param addresses at least one
   * @param done is called once, perhaps before this returns
   * @returns ends all attempts, with that reason; without effect once `done` was called
   */
  dial(
    target: buildConnector.Options,
    host: string,
    addresses: readonly LookupAddress[],
    done: Dialled,
  ): (reason: Error) => void {
    return dialFirst(
      inTurn(addresses, this.lastFamily),
      ({ address }, dialled) => this.dialOne(target, host, address, dialled),
      this.options.timers,
      (error, socket, address) => {
        if (address !== undefined) this.lastFamily = address.family;
        done(error, socket);
      },
    );
  }

  /** What is wrong with the certificates of this connection by the node's pin; undefined where all is well. */
  pinProblem(target: buildConnector.Options, host: string, socket: Socket): ChainProblem | undefined {
    const { caFingerprint, serverName } = this.tls;
    if (caFingerprint === undefined || target.protocol !== "https:") return undefined;
    return judgePinnedChain(socket as TLSSocket, serverName ?? host, caFingerprint, this.options.wallNowMs());
  }

  /** TLS with the node over a connection that leads to it: `done` gets its socket, or the error. */
  secure(tunnel: Socket, target: buildConnector.Options, host: string, done: Dialled): Socket {
    return this.dialOne({ ...target, httpSocket: tunnel }, host, host, done);
  }

  private dialOne(target: buildConnector.Options, host: string, address: string, done: Dialled): Socket {
    const { serverName } = this.tls;
    // No server is called by its number: there the certificate is compared with the address.
    const servername = serverName ?? (isIP(host) === 0 ? host : "");
    const reads = this.options.reads?.();
    Object.assign(this.onread, reads?.onread);
    const beganMs = this.options.timers.nowMs();
    let failure = (error: Error) => error;
    // The connector returns its socket; its type does not say so.
    const socket: unknown = this.connect(
      { ...target, hostname: address, host: serverName ?? host, servername },
      (error, connected) => {
        if (error !== null) done(failure(error), null);
        else this.accepted(connected as Socket, beganMs, done);
      },
    );
    if (!(socket instanceof Socket)) throw new TypeError("undici's connector has not returned its socket");
    reads?.attach(socket);
    if (this.tls.cert !== undefined && socket instanceof TLSSocket) failure = watchHandshake(socket);
    return socket;
  }

  /** The handshake is over here. The node may still refuse our certificate. */
  private accepted(socket: Socket, beganMs: number, done: Dialled): void {
    if (socket instanceof TLSSocket) reportFirstError(socket);
    if (this.tls.cert === undefined || !isNewTls13(socket)) return done(null, socket);
    const { timers } = this.options;
    const atMostMs = this.isSilent ? timers.nowMs() - beganMs : acceptsWithinMs;
    whenAccepted(socket, atMostMs, timers, (error, isSilent) => {
      if (error !== null) return done(error, null);
      this.isSilent = isSilent;
      done(null, socket);
    });
  }
}

/** A resumed session was accepted before. */
function isNewTls13(socket: Socket): socket is TLSSocket {
  return socket instanceof TLSSocket && socket.getProtocol() === "TLSv1.3" && !socket.isSessionReused();
}
