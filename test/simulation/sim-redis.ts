import { RedisData } from "./redis-data.js";
import { redisScripts, type Script } from "./redis-scripts.js";
import type { World } from "./world.js";

/** One connection, as the server has it. */
export interface RedisPeer {
  readonly process: string;
  /** Hands a message of a channel to the other side. */
  push(channel: string, message: string): void;
  /** The server has ended the connection. */
  ended(): void;
}

/** Sees what becomes visible. */
export interface RedisWatch {
  ran(script: string, process: string, args: readonly string[], reply: string | number | null): void;
  /** There is another primary, or an empty one: what was visible before counts for nothing. */
  reset(): void;
}

export type RedisCommand =
  | { readonly name: "ping" | "time" }
  | { readonly name: "getrange"; readonly key: string; readonly end: number }
  | { readonly name: "subscribe" | "unsubscribe"; readonly channels: readonly string[] }
  | { readonly name: "publish"; readonly channel: string; readonly message: string }
  | {
      readonly name: "script";
      readonly script: string;
      readonly keys: readonly string[];
      readonly args: readonly string[];
    };

/** What a replica may lack of its primary, in writes. */
const keptCopies = 64;
/** A day far from any that a process could take for its own. */
const firstDayMs = 1_800_000_000_000;

/**
 * A Redis with one primary at a time.
 *
 *   up      answers
 *   down    refuses, and has closed every connection
 *   frozen  answers nothing, and does everything once it is thawed: also for clients that have given up meanwhile
 */
export class SimRedis {
  state: "up" | "down" | "frozen" = "up";
  readonly scripts: Record<string, Script> = { ...redisScripts };
  private readonly subscribers = new Map<string, Set<RedisPeer>>();
  private readonly peers = new Set<RedisPeer>();
  private readonly backlog: (() => void)[] = [];
  private clockAheadMs = 0;
  /** Of which process it is by now: each start and each failover is another. */
  private starts = 0;
  private data: RedisData;
  private copies: { readonly atMs: number; readonly values: ReturnType<RedisData["copied"]> }[] = [];

  constructor(
    private readonly world: World,
    private readonly watch: RedisWatch,
  ) {
    this.data = this.dataOf(new Map());
  }

  /** Its own clock, in milliseconds since 1970. */
  nowMs(): number {
    return Math.floor(firstDayMs + this.world.nowMs() + this.clockAheadMs);
  }

  /** As `INFO` has it. */
  get ids(): { readonly run_id: string; readonly master_replid: string } {
    const id = this.starts.toString(16).padStart(40, "0");
    return { run_id: id, master_replid: id };
  }

  connect(peer: RedisPeer): boolean {
    if (this.state === "down") return false;
    this.peers.add(peer);
    return true;
  }

  leave(peer: RedisPeer): void {
    this.peers.delete(peer);
    for (const subscribers of this.subscribers.values()) subscribers.delete(peer);
  }

  /** A command has arrived. `reply` is called once it has been carried out. */
  take(peer: RedisPeer, command: RedisCommand, reply: (value: unknown) => void): void {
    if (this.state === "down") return;
    if (this.state === "frozen") this.backlog.push(() => reply(this.run(peer, command)));
    else reply(this.run(peer, command));
  }

  // What may happen to it.

  freeze(): void {
    if (this.state === "up") this.state = "frozen";
  }

  thaw(): void {
    if (this.state !== "frozen") return;
    this.state = "up";
    for (const run of this.backlog.splice(0)) run();
  }

  /** Its process dies; its data stay, as with an append-only file. */
  die(): void {
    this.state = "down";
    this.endAll();
  }

  /** Comes back, at first without a client. */
  revive(): void {
    this.state = "up";
    this.starts++;
    this.watch.reset();
  }

  flush(): void {
    this.data.flush();
    this.keepCopy();
    this.watch.reset();
  }

  /** Another server takes over, which lacks the writes of the last while and whose clock is its own. */
  failOver(lostMs: number, clockAheadMs: number): void {
    const untilMs = this.world.nowMs() - lostMs;
    const copy = this.copies.findLast(({ atMs }) => atMs <= untilMs);
    this.clockAheadMs = clockAheadMs;
    this.starts++;
    this.data = this.dataOf(copy?.values ?? new Map());
    this.copies = copy === undefined ? [] : [copy];
    this.backlog.length = 0;
    this.state = "up";
    this.endAll();
    this.watch.reset();
  }

  /** Its clock is set while it runs: what expires does so by the new one. */
  setClock(clockAheadMs: number): void {
    this.clockAheadMs = clockAheadMs;
    this.watch.reset();
  }

  /** Another client changes what a key holds, and publishes what it makes of it. */
  forge(key: string, channel: string, forged: (text: string) => string | undefined): void {
    const text = this.data.text(key);
    const message = text === undefined || this.state !== "up" ? undefined : forged(text);
    if (message !== undefined) this.publish(channel, message);
  }

  private endAll(): void {
    this.backlog.length = 0;
    this.subscribers.clear();
    const peers = [...this.peers];
    this.peers.clear();
    for (const peer of peers) peer.ended();
  }

  private dataOf(values: ReturnType<RedisData["copied"]>): RedisData {
    return new RedisData(
      () => this.nowMs(),
      (channel, message) => this.publish(channel, message),
      values,
    );
  }

  private run(peer: RedisPeer, command: RedisCommand): unknown {
    switch (command.name) {
      case "ping":
        return "PONG";
      case "time": {
        const nowMs = this.nowMs();
        return [`${Math.floor(nowMs / 1_000)}`, `${(nowMs % 1_000) * 1_000}`];
      }
      case "getrange":
        return Buffer.from((this.data.text(command.key) ?? "").slice(0, command.end + 1), "latin1");
      case "subscribe":
        if (!this.peers.has(peer)) return 0;
        for (const channel of command.channels) this.subscribersOf(channel).add(peer);
        return command.channels.length;
      case "unsubscribe":
        for (const channel of command.channels) this.subscribersOf(channel).delete(peer);
        return 0;
      case "publish":
        return this.publish(command.channel, command.message);
      case "script": {
        const { script, keys, args } = command;
        const reply = this.scripts[script]?.(this.data, keys, args) ?? null;
        this.keepCopy();
        this.watch.ran(script, peer.process, args, reply);
        return reply;
      }
    }
  }

  private publish(channel: string, message: string): number {
    const subscribers = this.subscribersOf(channel);
    for (const peer of subscribers) peer.push(channel, message);
    return subscribers.size;
  }

  private subscribersOf(channel: string): Set<RedisPeer> {
    const known = this.subscribers.get(channel) ?? new Set<RedisPeer>();
    this.subscribers.set(channel, known);
    return known;
  }

  private keepCopy(): void {
    this.copies = [...this.copies.slice(1 - keptCopies), { atMs: this.world.nowMs(), values: this.data.copied() }];
  }
}
