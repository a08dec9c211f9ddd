import type { Timers } from "@rollcall/core";
import { type Cluster, Command, type Redis } from "ioredis";
import { noResp3, redisProblem } from "./redis-problem.js";
import { nextShardPlace, type ShardEffect, type ShardEvent, type ShardPlace } from "./shard-place.js";

export interface ShardSubscriberParts {
  readonly timers: Timers;
  /** Any channel of the view. */
  readonly channel: string;
  readonly receive: (channel: string, bytes: Uint8Array) => void;
  /** Subscribed to all channels, perhaps again: messages before this may have been lost. */
  readonly onSubscribed: () => void;
  /** Redis refuses sharded channels to this process; `problem` says why, for people. */
  readonly onRefused: (problem: string) => void;
}

/** The time before the cluster is asked who owns the slot: its nodes may not agree on that at once. */
const findAfterMs = 100;

/**
 * The sharded channels of one view in a Redis Cluster, all of which are in one slot. They are subscribed to over the
 * connection that carries the commands to the primary of that slot, which needs RESP3: so a read that is sent after the
 * subscription is answered after it, and who has the one connection has the other.
 *
 * It follows the slot. ioredis' own sharded subscribers are not used: they keep the process alive, and say nothing of
 * refusals.
 */
export class ShardSubscriber {
  private place: ShardPlace<Redis> = { kind: "nowhere" };
  private attempts = 0;
  private readonly channels = new Set<string>();
  private readonly slot: number;
  /** A channel on which Redis last refused a message of this process. An empty one, which none reads, is tried there. */
  private unpublished: string | undefined;
  private closed = false;
  private cancelFinding = () => {};

  constructor(
    private readonly cluster: Cluster,
    private readonly parts: ShardSubscriberParts,
  ) {
    this.slot = new Command("get", [parts.channel]).getSlot();
    cluster.on("+node", (node: Redis) => this.watch(node));
    // Each time that the client has asked which node has which slots.
    cluster.on("refresh", () => this.look());
  }

  /** Whether messages on all channels are received. */
  get isSubscribed(): boolean {
    return this.place.kind === "subscribed";
  }

  /** Whether Redis has refused it last: to subscribe, or to publish. */
  get isRefused(): boolean {
    return this.place.kind === "refused";
  }

  add(...channels: readonly string[]): void {
    const before = this.channels.size;
    for (const channel of channels) this.channels.add(channel);
    if (this.channels.size > before) this.step({ kind: "wanted" });
    this.look();
  }

  remove(channel: string): void {
    this.channels.delete(channel);
    if (this.place.kind !== "nowhere") this.place.node.sunsubscribe(channel).catch(() => {});
  }

  /**
   * Compares the place with the owner of the slot; asks again what was refused. To be called when the client is ready, and
   * now and then.
   */
  look(): void {
    if (this.closed || this.channels.size === 0 || this.cluster.status !== "ready") return;
    this.step({ kind: "owner", node: this.owner() });
  }

  /** Redis refuses what this process publishes on the channel. */
  refused(channel: string, error: unknown): void {
    this.unpublished = channel;
    this.step({ kind: "unpublished", problem: redisProblem(error) });
  }

  close(): void {
    this.closed = true;
    this.cancelFinding();
  }

  private owner(): Redis | undefined {
    const key = this.cluster.slots[this.slot]?.[0];
    const isOwner = ({ options, status }: Redis) => status === "ready" && `${options.host}:${options.port}` === key;
    return this.cluster.nodes("all").find(isOwner);
  }

  private watch(node: Redis): void {
    node.on("ready", () => this.look());
    // The slot has moved: at a refusal to subscribe, or by itself, with one push for each channel.
    node.on("moved", () => this.step({ kind: "left", node }));
    node.on("end", () => this.step({ kind: "left", node }));
    node.on("smessageBuffer", (channel: unknown, bytes: unknown) => {
      if (!this.closed && bytes instanceof Uint8Array && bytes.byteLength > 0)
        this.parts.receive(String(channel), bytes);
    });
  }

  private step(event: ShardEvent<Redis>): void {
    if (this.closed) return;
    const [place, effects] = nextShardPlace(this.place, event, ++this.attempts);
    this.place = place;
    for (const effect of effects) this.carryOut(effect);
  }

  private carryOut(effect: ShardEffect<Redis>): void {
    switch (effect.kind) {
      case "subscribe":
        void this.subscribe(effect.node, effect.attempt);
        return;
      case "unsubscribe":
        effect.node.sunsubscribe(...this.channels).catch(() => {});
        return;
      case "findOwner":
        return this.findOwnerLater();
      case "subscribed":
        return this.parts.onSubscribed();
      case "refused":
        return this.parts.onRefused(effect.problem);
    }
  }

  private async subscribe(node: Redis, attempt: number): Promise<void> {
    // Over RESP2, a connection that has subscribed takes no other command.
    if (node.condition?.protocol !== 3) return this.step({ kind: "refused", attempt, problem: noResp3 });
    try {
      await node.ssubscribe(...this.channels);
      if (this.unpublished !== undefined) await this.cluster.spublish(this.unpublished, "");
      this.unpublished = undefined;
      this.step({ kind: "granted", attempt });
    } catch (error) {
      if (isRefusal(error)) return this.step({ kind: "refused", attempt, problem: redisProblem(error) });
      this.step({ kind: "failed", attempt });
      if (this.place.kind === "nowhere") this.findOwnerLater();
    }
  }

  /** It may be a while until all nodes agree on an owner: then this is tried again and again. */
  private findOwner(): void {
    if (this.place.kind === "nowhere" && this.cluster.status === "ready") this.cluster.refreshSlotsCache();
  }

  private findOwnerLater(): void {
    this.cancelFinding();
    if (!this.closed) this.cancelFinding = this.parts.timers.after(findAfterMs, () => this.findOwner());
  }
}

/** An answer of Redis that will be the same next time; not one that the slot is elsewhere, or that the node is not ready. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const [word] = /^-?[A-Z]{2,}\b/.exec(error.message) ?? [];
  return word !== undefined && !passing.has(word.replace("-", ""));
}

const passing: ReadonlySet<string> = new Set([
  ...["MOVED", "ASK", "TRYAGAIN", "CROSSSLOT", "CLUSTERDOWN", "MASTERDOWN"],
  ...["LOADING", "BUSY", "READONLY", "OOM", "MISCONF", "NOREPLICAS", "NOAUTH", "WRONGPASS"],
]);
