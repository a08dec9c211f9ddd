import { type LogEventName, type Logger, logEvent } from "@rollcall/core";
import type { ChannelName, RedisKeys } from "@rollcall/core/view";
import { WarnOnce } from "../warn-once.js";

type Document = "head" | "marks" | "topology" | "history";

/**
 * What a reader logs about the contents of Redis: each problem once, until its topic is over, and where it concerns more
 * than one message, its end. Nothing after `close`.
 */
export class RedisWarnings {
  private readonly once: WarnOnce;
  private closed = false;

  constructor(
    private readonly logger: Logger,
    private readonly keys: RedisKeys,
  ) {
    this.once = new WarnOnce(logger);
  }

  /** A document or a message was refused. */
  refused(what: Document | ChannelName, problem: string): void {
    this.warn(
      what,
      "redis.refused",
      problem,
      `what Redis holds for ${this.keys[what]} is not used: ${problem}; the last view stays in use`,
    );
  }

  /** The leader of the view has another secret than this process, or only one of them has any. */
  otherSecret(problem: string): void {
    this.warn(
      "secret",
      "redis.other-secret",
      problem,
      `the view in Redis is not followed: ${problem}; without it, a process monitors the cluster for itself`,
    );
  }

  /** The heads of the leader are sealed at another time than this process has from Redis. */
  headsLate(ageMs: number): void {
    const [apart, reason] = [Math.round(Math.abs(ageMs) / 1_000), ageMs > 0 ? "late" : "early"];
    const problem = `its heads come ${apart} s ${reason} by the time that Redis gives this process`;
    const message = `the view in Redis is not followed: ${problem}; a process without it monitors the cluster for itself`;
    if (!this.closed) this.once.warn("heads", "redis.heads-late", { problem, apartS: apart }, message, reason);
  }

  unreadable(problem: string): void {
    this.warn("read", "redis.unreadable", problem, `the view cannot be read from Redis: ${problem}`);
  }

  unsubscribed(problem: string): void {
    this.warn(
      "subscribe",
      "redis.unsubscribed",
      problem,
      `cannot subscribe to the view's channels in Redis, only read: ${problem}`,
    );
  }

  /** Redis refuses this process sharded channels. */
  unsharded(problem: string): void {
    this.warn(
      "sharded",
      "redis.unsharded",
      problem,
      `the view uses the classic channels of the Redis Cluster, which reach all of its nodes; sharded ones are refused: ${problem}`,
    );
  }

  sharded(): void {
    this.end("sharded", "redis.sharded", "the Redis Cluster allows sharded channels to this process");
  }

  readable(): void {
    this.end("read", "redis.readable", "the view can be read from Redis again");
  }

  subscribed(): void {
    this.end("subscribe", "redis.subscribed", "subscribed to the view's channels in Redis again");
  }

  /** The leader of the view and this process have the same secret, or both none. */
  sameSecret(): void {
    this.end(
      "secret",
      "redis.same-secret",
      "the view in Redis is followed: its leader and this process agree on the secret",
    );
  }

  headsInTime(): void {
    this.end("heads", "redis.heads-in-time", "the heads of the view in Redis come in time again");
  }

  /** A listener has a defect; others are called all the same. */
  listenerThrew(error: unknown): void {
    const problem = error instanceof Error ? (error.stack ?? error.message) : "unknown failure";
    logEvent(this.logger, "store.listener-threw", { problem }, "a listener of the view store threw");
  }

  /** A document, or the messages of a channel, can be used. */
  clear(what: Document | ChannelName): void {
    this.once.clear(what);
  }

  close(): void {
    this.closed = true;
  }

  private end(topic: string, event: LogEventName, message: string): void {
    if (!this.closed) this.once.end(topic, event, message);
  }

  private warn(topic: string, event: LogEventName, problem: string, message: string): void {
    if (!this.closed) this.once.warn(topic, event, { problem }, message, problem);
  }
}
