import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { errorCodeOf, handshakeEnded, type Timers } from "@rollcall/core";
import { RefusedConnection } from "./refused-connection.js";

/**
 * Notes how far the handshake of a new connection comes. Returns its failure, from the error of the connection: where
 * that says no more than that the connection is gone, and the node had begun the handshake, it has refused ours.
 */
export function watchHandshake(socket: Socket): (error: Error) => Error {
  let hasBegun = false;
  // The first public sign that the node has answered the handshake. The key itself is not looked at.
  socket.once("keylog", () => {
    hasBegun = true;
  });
  return (error) => {
    if (!hasBegun || errorCodeOf(error) !== "ECONNRESET") return error;
    return new RefusedConnection(handshakeEnded, "the connection was closed during the TLS handshake");
  };
}

/**
 * A refusal that comes after the handshake fails the connection by its alert, and then ends it. undici reports the end;
 * only the alert says why.
 */
export function reportFirstError(socket: Socket): void {
  socket.once("error", () => socket.removeAllListeners("end"));
}

/**
 * Waits until the node has accepted our certificate. Under TLS 1.3 the handshake is over for us before the node has
 * read the certificate; what it sends next is a refusal or a session ticket. A request that is sent meanwhile may be
 * lost with a connection that the node closes without a word.
 *
 * @param done is called once: without an error when the node accepts, or has said nothing for so long; with one when it
 *   has refused
 */
export function whenAccepted(
  socket: TLSSocket,
  atMostMs: number,
  timers: Timers,
  done: (error: Error | null, isSilent: boolean) => void,
): void {
  let isSettled = false;
  const settle = (error: Error | null, isSilent = false) => {
    if (isSettled) return;
    isSettled = true;
    cancel();
    socket.off("session", accepted).off("error", failed).off("end", ended).off("close", ended);
    done(error, isSilent);
  };
  // Node emits it while OpenSSL reads: what is written meanwhile may never leave.
  const accepted = () => setImmediate(() => settle(null));
  const failed = (error: Error) => settle(error);
  const ended = () => settle(new RefusedConnection(handshakeEnded, "the connection was closed after the handshake"));
  const cancel = timers.after(atMostMs, () => settle(null, true));
  socket.once("session", accepted).once("error", failed).once("end", ended).once("close", ended);
}
