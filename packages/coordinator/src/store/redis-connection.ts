import { type Timers, withDeadline } from "@rollcall/core";
import { Redis } from "ioredis";
import { otherSubscriber } from "./cluster-subscriber.js";
import { commandTimeoutMs, disconnectTimeoutMs, type RedisClient } from "./redis-clients.js";
import {
  isReplica,
  noNodeOfCluster,
  noReplyInTime,
  noResp3,
  problemError,
  reasonOf,
  redisError,
  redisProblem,
} from "./redis-problem.js";

export interface ConnectionListener {
  /** There is a new connection, or another one for messages. Called before any command may use it. */
  readonly onReady: () => void;
  /** The connection was lost, or an attempt to connect failed. `problem` says why, for people. */
  readonly onLost: (problem: string) => void;
}

/** The Redis Cluster client may hold a command back before its own timeout begins. */
const graceMs = 250;
const notConnected = "not connected";
const lost = "connection lost";
const closeWaitMs = 2_000;
/** A connection is given up if commands have had no reply for this time, even if it brings other things. */
const unansweredMaxMs = 4_000;

/**
 * A connection to Redis that is made again whenever it is lost.
 *
 *   away ── ready, and as configured ──▶ ready ── close ──▶ away        close() ──▶ closed, from every state
 *
 * Commands run while it is ready; in the other states they fail at once. An error reaches the caller alone.
 *
 * ioredis calls a connection ready although its database was refused, or although it does not speak RESP3. The first
 * would use another database in silence, the second cannot read while it is subscribed. Both are given up.
 */
export class RedisConnection {
  private state: "away" | "ready" | "closed" = "away";
  private lastProblem = notConnected;
  /** Why commands fail while there is no connection. */
  private away = notConnected;
  /** The first thing that went wrong between connecting and being ready: what follows is its consequence. */
  private refusal: string | undefined;
  private isConnecting = false;
  /** Since when commands have had no reply. */
  private unansweredSinceMs: number | undefined;

  constructor(
    private readonly client: RedisClient,
    private readonly timers: Timers,
    listener: ConnectionListener,
  ) {
    // Without a listener, an error of a connection would be written to the console, or end the process.
    client.on("error", (error: unknown) => {
      const problem = redisProblem(error);
      // The client of a cluster says at last that all nodes are lost, whatever it said of them before.
      const isVague = reasonOf(problem) === noNodeOfCluster;
      if (!isVague || !this.lastProblem.startsWith(noNodeOfCluster)) this.lastProblem = problem;
      if (this.isConnecting) this.refusal ??= problem;
    });
    client.on("connect", () => {
      this.isConnecting = client instanceof Redis;
      this.refusal = undefined;
    });
    client.on("ready", () => {
      if (this.state === "closed") return;
      if (client instanceof Redis && client.condition?.protocol === 2) this.refusal ??= noResp3;
      if (this.refusal !== undefined) return client.disconnect(true);
      this.isConnecting = false;
      this.unansweredSinceMs = undefined;
      this.lastProblem = lost;
      this.state = "ready";
      listener.onReady();
    });
    client.on(otherSubscriber, () => {
      if (this.state === "ready") listener.onReady();
    });
    client.on("close", () => {
      if (this.state === "closed") return;
      const problem = this.refusal ?? this.lastProblem;
      this.refusal = undefined;
      this.isConnecting = false;
      this.state = "away";
      this.lastProblem = lost;
      this.away = reasonOf(problem) === reasonOf(lost) ? notConnected : problem;
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
    if (this.state !== "ready") throw problemError(this.away);
    this.unansweredSinceMs ??= this.timers.nowMs();
    try {
      const reply = await withDeadline(send(), commandTimeoutMs + graceMs, this.timers, () => {
        throw new Error("Command timed out");
      });
      this.unansweredSinceMs = undefined;
      return reply;
    } catch (error) {
      const problem = redisProblem(error);
      // What follows a refusal that closes the connection is its consequence.
      const isConsequence = this.lastProblem === isReplica && reasonOf(problem) === reasonOf(lost);
      const failure = isConsequence ? problemError(isReplica) : redisError(error);
      this.failed(problem);
      throw failure;
    }
  }

  /** A refusal is a reply, too. */
  private failed(problem: string): void {
    if (problem !== noReplyInTime) {
      // The client closes a connection for that, but not those of a Redis Cluster.
      if (problem === isReplica && !this.client.isCluster) this.lastProblem = problem;
      this.unansweredSinceMs = undefined;
      return;
    }
    const { unansweredSinceMs: sinceMs, client } = this;
    if (sinceMs === undefined || this.state !== "ready" || client.isCluster) return;
    if (this.timers.nowMs() - sinceMs < unansweredMaxMs) return;
    this.lastProblem = problem;
    this.unansweredSinceMs = undefined;
    client.disconnect(true);
  }

  /** Sends a command and ignores the reply and every error. Does nothing unless the connection is ready. */
  send(send: () => Promise<unknown>): void {
    if (this.state === "ready") send().catch(() => {});
  }

  /** Resolves when the connection is gone, or after 2 s at the latest. */
  async close(): Promise<void> {
    if (this.state === "closed") return;
    this.state = "closed";
    this.away = notConnected;
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
