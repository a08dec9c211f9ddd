import type { Socket } from "node:net";

/**
 * Stops and continues what is read from a socket that undici parses: while the gate is closed the socket fills, and TCP
 * holds the peer.
 *
 * Not by undici's own pause: its parser throws where no code can catch it if the peer ends the connection meanwhile
 * (nodejs/undici#5360, not corrected in 7).
 */
export class SocketGate {
  private isClosed = false;

  constructor(private readonly socket: Socket) {}

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.socket.read = nothing;
  }

  /** `readNow`: false from within the parser, which goes on reading by itself. */
  open(readNow: boolean): void {
    if (!this.isClosed) return;
    this.isClosed = false;
    // The prototype's own again.
    delete (this.socket as Partial<Socket>).read;
    if (readNow && !this.socket.destroyed) this.socket.emit("readable");
  }
}

function nothing(): null {
  return null;
}
