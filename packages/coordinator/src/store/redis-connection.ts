import type { Timers } from "@rollcall/core";
import { commandTimeoutMs, disconnectTimeoutMs, type RedisClient } from "./redis-clients.js";
import { redisError, redisProblem } from "./redis-problem.js";

export interface ConnectionListener {
  /** There is a new connection. Called before any command may use it. */
  readonly onReady: () => void;
  /** There is none any more, or still none, and why. */
  readonly onLost: (problem: string) => void;
}

/**
 * A connection to Redis that comes back by itself.
 *
 *   away ── ready ──▶ ready ── close ──▶ away        close() ──▶ closed, from anywhere
 *
 * Commands run while it is ready; at other times they fail at once. Whatever goes wrong reaches the one who asked, and
 * nobody else.
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
   * Sends, and waits for the answer: no longer than a command may take and a little.
   *
   * @throws RollcallError `REDIS`. The command may have been carried out.
   */
  async ask<Reply>(send: () => Promise<Reply>): Promise<Reply> {
    if (this.state !== "ready") throw redisError(new Error("Stream isn't writeable"));
    // A Redis Cluster's client may hold a command back before it has a time of its own.
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.timers.after(commandTimeoutMs + graceMs, () => reject(new Error("Command timed out")));
    });
    try {
      return await Promise.race([send(), late]);
    } catch (error) {
      throw redisError(error);
    } finally {
      cancel();
    }
  }

  /** Sends without waiting; whatever comes of it is forgotten. */
  tell(send: () => Promise<unknown>): void {
    if (this.state === "ready") send().catch(() => {});
  }

  /** Resolves when nothing of the connection is left, or soon after. */
  async close(): Promise<void> {
    if (this.state === "closed") return;
    this.state = "closed";
    const { status } = this.client;
    // Between two attempts there is neither a socket nor a timer that would hold a process until whoever waits is told.
    // A real timer, whatever clock we were given, and one that ends: what is closed must never keep a process for ever.
    const hold = setTimeout(() => {}, closeWaitMs + graceMs);
    const waits: Promise<void>[] = [];
    if (status !== "end" && status !== "reconnecting") waits.push(this.ended());
    this.client.disconnect();
    // Where there is no connection to say farewell to, ioredis waits for the farewell of the last one all the same.
    if (status !== "ready" && status !== "connect") waits.push(this.passed(disconnectTimeoutMs));
    await Promise.all(waits);
    clearTimeout(hold);
  }

  private async ended(): Promise<void> {
    let cancel = () => {};
    await new Promise<void>((resolve) => {
      this.client.once("end", resolve);
      cancel = this.timers.after(closeWaitMs, resolve);
    });
    cancel();
  }

  private passed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.timers.after(ms, resolve);
    });
  }
}

const graceMs = 250;
const closeWaitMs = 2_000;
