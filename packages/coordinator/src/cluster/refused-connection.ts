import type { handshakeEnded, onlyTls } from "@rollcall/core";
import type { ChainProblem } from "./pinned-certificate.js";

/** The code of a connection that the host policy forbids, because of the address that the node's name leads to. */
export const hostRefused = "ERR_HOST_REFUSED";

type RefusalCode = typeof hostRefused | "ERR_CLOSED" | typeof handshakeEnded | typeof onlyTls | ChainProblem["code"];

/** A connection that is not made. `code` is stable. */
export class RefusedConnection extends Error {
  override readonly name = "RefusedConnection";
  constructor(
    readonly code: RefusalCode,
    message: string,
  ) {
    super(message);
  }
}

export function closed(): RefusedConnection {
  return new RefusedConnection("ERR_CLOSED", "closed before the connection was made");
}
