/** The code of a connection that the host policy forbids, because of the address that the node's name leads to. */
export const hostRefused = "ERR_HOST_REFUSED";

/** A connection that is not made. `code` is stable. */
export class RefusedConnection extends Error {
  override readonly name = "RefusedConnection";
  constructor(
    readonly code: typeof hostRefused | "ERR_TLS_CA_FINGERPRINT" | "ERR_CLOSED",
    message: string,
  ) {
    super(message);
  }
}

export function closed(): RefusedConnection {
  return new RefusedConnection("ERR_CLOSED", "closed before the connection was made");
}
