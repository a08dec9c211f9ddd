import type { Socket } from "node:net";
import { connect } from "node:tls";
import { errorCodeOf, onlyTls, withDeadline } from "@rollcall/core";
import { type ConnectorOptions, createConnector, type Reached } from "./connector.js";
import { RefusedConnection } from "./refused-connection.js";

/** A node that is alive answers a handshake at once; one that is not must not hold up the request's next attempt. */
const checkWithinMs = 1_000;
/** What a check has shown holds for so long: many requests fail together. */
const keptMs = 1_000;

/** Failures of a connection by which a port that speaks TLS shows that it was sent something else. */
const closedCodes: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/**
 * Finds out why a node closed a new connection without TLS before it answered: it may be one with TLS, which cannot
 * have read the request. Only a handshake shows that; it carries no request and no credential, and so the certificate
 * does not matter.
 */
export class PlainToTls {
  private last: { readonly atMs: number; readonly speaksTls: Promise<boolean> } | undefined;

  constructor(
    private readonly node: Reached,
    private readonly options: Omit<ConnectorOptions, "reads" | "timed">,
  ) {}

  /** The error to report instead, or that error itself. Undefined: TLS has nothing to do with it. Never rejects. */
  explained(error: Error): Promise<Error> | undefined {
    if (this.node.endpoint.scheme !== "http") return undefined;
    if (answeredAlert(error)) return Promise.resolve(isTls());
    if (!closedCodes.has(errorCodeOf(error) ?? "")) return undefined;
    return this.speaksTls().then((speaksTls) => (speaksTls ? isTls() : error));
  }

  private speaksTls(): Promise<boolean> {
    const nowMs = this.options.timers.nowMs();
    if (this.last === undefined || nowMs - this.last.atMs > keptMs)
      this.last = { atMs: nowMs, speaksTls: this.check() };
    return this.last.speaksTls;
  }

  private check(): Promise<boolean> {
    const ended = new AbortController();
    const { signal, timers } = this.options;
    const both = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
    const dial = createConnector(this.node, { ...this.options, opening: 1, signal: both });
    const { host, port } = this.node.endpoint;
    const shaken = new Promise<boolean>((resolve) => {
      dial({ hostname: host, host, protocol: "http:", port: `${port}` }, (_error, socket) => {
        if (socket === null) return resolve(false);
        both.addEventListener("abort", () => socket.destroy());
        shakeHands(socket, resolve);
      });
    });
    return withDeadline(shaken, checkWithinMs, timers, () => false).finally(() => ended.abort());
  }
}

function shakeHands(socket: Socket, done: (speaksTls: boolean) => void): void {
  const secured = connect({ socket, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
  secured
    .once("secureConnect", () => done(true))
    // It answers with an alert where it requires more than this handshake offers.
    .on("error", (error) => done(/_ALERT_/.test(errorCodeOf(error) ?? "")))
    .once("close", () => done(false));
}

/** A record of the kind "alert", in every version of TLS. */
const alertRecord = "\u0015\u0003";

/** What undici cannot read as HTTP is a fatal alert of TLS. */
function answeredAlert(error: Error): boolean {
  return "data" in error && typeof error.data === "string" && error.data.startsWith(alertRecord);
}

function isTls(): RefusedConnection {
  return new RefusedConnection(onlyTls, "the port speaks TLS, and the request was sent without");
}
