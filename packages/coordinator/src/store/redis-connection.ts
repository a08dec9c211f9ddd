import { type Timers, withDeadline } from "@rollcall/core";
import { commandTimeoutMs, disconnectTimeoutMs, type RedisClient } from "./redis-clients.js";
import { redisError, redisProblem } from "./redis-problem.js";

export interface ConnectionListener {
  /** There is a new connection. Called before any command may use it. */
  readonly onReady: () => void;
  /** The connection was lost, or an attempt to connect failed. `problem` says why, for people. */
  readonly onLost: (problem: string) => void;
}

/** The Redis Cluster client may hold a command back before its own timeout begins. */
const graceMs = 250;
const closeWaitMs = 2_000;

/**
 * A connection to Redis that is made again whenever it is lost.
 *
 *   away ── ready ──▶ ready ── close ──▶ away        close() ──▶ closed, from every state
 *
 * Commands run while it is ready; in the other states they fail at once. An error reaches the caller alone.
 */
export class RedisConnection {
  private state: "away" | "ready" | "closed" = "away";
  private lastProblem = "not connected";

  constructor(
    private readonly client: RedisClient,
    private readonly timers: Timers,
    listener: ConnectionListener,
  ) {
    // Without a listener, an error of a connection would be written to the console, or end the process.
    client.on("error", (error: unknown) => {
      this.lastProblem = redisProblem(error);
    });
    client.on("ready", () => {
      if (this.state === "closed") return;
      this.state = "ready";
      listener.onReady();
    });
    client.on("close", () => {
      if (this.state === "closed") return;
      const problem = this.lastProblem;
      this.state = "away";
      this.lastProblem = "connection lost";
      listener.onLost(problem);
    });
  }

  get isReady(): boolean {
    return this.state === "ready";
  }

  /**
   * Sends a command and waits for the reply, for at most `commandTimeoutMs` and a little.
   *
   * @throws RollcallError `REDIS`. The command may have been carried out.
   */
  async ask<Reply>(send: () => Promise<Reply>): Promise<Reply> {
    if (this.state !== "ready") throw redisError(new Error("Stream isn't writeable"));
    try {
      return await withDeadline(send(), commandTimeoutMs + graceMs, this.timers, () => {
        throw new Error("Command timed out");
      });
    } catch (error) {
      throw redisError(error);
    }
  }

  /** Sends a command and ignores the reply and every error. Does nothing unless the connection is ready. */
  send(send: () => Promise<unknown>): void {
    if (this.state === "ready") send().catch(() => {});
  }

  /** Resolves when the connection is gone, or after 2 s at the latest. */
  async close(): Promise<void> {
    if (this.state === "closed") return;
    this.state = "closed";
    const { status } = this.client;
    // Between two attempts there is no socket and no timer to keep the process alive until this promise resolves. A
    // real timer, whatever clock was given; it ends, so that it does not keep the process for ever.
    const hold = setTimeout(() => {}, closeWaitMs + graceMs);
    const waits: Promise<void>[] = [];
    if (status !== "end" && status !== "reconnecting") waits.push(this.ended());
    this.client.disconnect();
    // Without a connection, ioredis still waits for `disconnectTimeout` before it lets go.
    if (status !== "ready" && status !== "connect") waits.push(this.passed(disconnectTimeoutMs));
    await Promise.all(waits);
    clearTimeout(hold);
  }

  private ended(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.client.once("end", () => resolve());
    });
    return withDeadline(ended, closeWaitMs, this.timers, () => {});
  }

  private passed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.timers.after(ms, resolve);
    });
  }
}
