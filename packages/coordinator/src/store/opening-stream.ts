import { Socket } from "node:net";
import type { RedisDialler, RedisTarget } from "./redis-dialler.js";

/** The connection that a connector of ioredis is opening now; one at a time. */
export class OpeningStream {
  private running: AbortController | undefined;

  constructor(private readonly dialler: RedisDialler) {}

  /**
   * Never rejects, because ioredis would not connect again: where no connection is opened, the socket is one that is
   * closed, and `failed` gets the reason.
   */
  async open(target: () => Promise<RedisTarget>, failed: (error: Error) => void): Promise<Socket> {
    const running = new AbortController();
    this.running = running;
    try {
      return await this.openUntil(running.signal, target);
    } catch (error) {
      failed(error instanceof Error ? error : new Error("no connection was opened"));
      return new Socket().destroy();
    } finally {
      if (this.running === running) this.running = undefined;
    }
  }

  /** Without effect once the connection is open. */
  giveUp(): void {
    this.running?.abort();
  }

  private openUntil(signal: AbortSignal, target: () => Promise<RedisTarget>): Promise<Socket> {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("Connection is closed.")), { once: true });
      target()
        .then((found) => this.dialler.dial(found, signal))
        .then((socket) => {
          if (signal.aborted) socket.destroy();
          else resolve(socket);
        })
        .catch(reject);
    });
  }
}
