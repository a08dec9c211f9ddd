import type { Client, Dispatcher } from "undici";
import type { SocketReads } from "./socket-reads.js";

/**
 * A connection that is being opened. `giveUp` is absent before it is dialled; without effect once it is open. `reads`
 * are those of its socket, from then on.
 */
export interface Opening {
  giveUp?: (reason: Error) => void;
  reads?: SocketReads | undefined;
}

/**
 * One connection. It counts what its socket has served: a request lost on a kept socket is usually the ordinary race
 * with a peer that closes idle sockets, and says nothing of the node.
 */
export class Connection {
  isOpen = false;
  private served = 0;

  constructor(
    // Not what it extends: undici's code is compiled for few shapes of a client, and a probe's is one.
    private readonly client: Client,
    /** When the newest request on it began. */
    public usedAtMs: number,
    readonly expiresAtMs: number,
    private readonly opening: Opening,
    onTurned: (connection: Connection) => void,
  ) {
    client.on("connect", () => {
      this.isOpen = true;
      this.served = 0;
      onTurned(this);
    });
    client.on("disconnect", () => {
      if (!this.isOpen) return;
      this.isOpen = false;
      onTurned(this);
    });
  }

  /** Ends the request that this connection is being opened for, and gives up its place among those that open. */
  giveUpOpening(reason: Error): void {
    this.opening.giveUp?.(reason);
  }

  /** Absent until it is open. */
  get reads(): SocketReads | undefined {
    return this.opening.reads;
  }

  get isClosed(): boolean {
    return this.client.closed;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.client.dispatch(options, handler);
  }

  /** Closes it once its request is done. Resolves then. */
  close(): Promise<void> {
    return this.client.close();
  }

  /** Closes it now; its request fails. */
  destroy(): Promise<void> {
    return this.client.destroy();
  }

  /** A request is about to be written. Returns whether the socket has served one before it. */
  begin(): boolean {
    return this.served++ > 0;
  }
}
