import { type Logger, type Random, RollcallError, type Timers, type Unsubscribe } from "@rollcall/core";
import {
  type ChannelName,
  channelNames,
  type Heartbeat,
  type ReceivedMessages,
  type RedisKeys,
  type SentMessages,
} from "@rollcall/core/view";
import { Cluster } from "ioredis";
import { ChannelFloods } from "./channel-floods.js";
import { type ChannelKind, FleetChannels } from "./channel-kind.js";
import type { MessageGate } from "./message-gate.js";
import { MessageSlices } from "./message-slices.js";
import type { RedisClient } from "./redis-clients.js";
import type { RedisConnection } from "./redis-connection.js";
import { deniedError, isDenied, redisProblem } from "./redis-problem.js";
import type { RedisWarnings } from "./redis-warnings.js";
import { isRefusal, ShardSubscriber } from "./shard-subscriber.js";
import type { ViewCodec } from "./view-codec.js";

export interface RedisChannelsParts {
  readonly connection: RedisConnection;
  readonly keys: RedisKeys;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly warnings: RedisWarnings;
  /** Of the client's connections. */
  readonly gate: MessageGate;
  readonly codec: ViewCodec;
  /** The kind of channel that the newest head names. */
  readonly said: () => ChannelKind;
  /** Subscribed to the sharded channels, perhaps at another node: messages before this may have been lost. */
  readonly onResubscribed: () => void;
}

/**
 * The Pub/Sub channels of one view, over one connection: every message that a process receives passes here, and every
 * one that it sends but those of scripts. A subscription lasts across reconnections: `resubscribe` restores all of them.
 * Messages that are published while there is no connection are lost, in both directions; so are those of a flood.
 *
 * In a Redis Cluster, each channel is one of either kind: both are subscribed to.
 */
export class RedisChannels {
  /** By the channel's name in Redis. */
  private readonly receivers = new Map<string, (bytes: Uint8Array, kind: ChannelKind) => void>();
  /** Channels whose subscription failed on this connection. */
  private readonly missing = new Set<ChannelName>();
  private readonly connection: RedisConnection;
  private readonly keys: RedisKeys;
  private readonly warnings: RedisWarnings;
  private readonly codec: ViewCodec;
  private readonly floods: ChannelFloods;
  private readonly slices: MessageSlices;
  /** Of a Redis Cluster alone. */
  private readonly shards: ShardSubscriber | undefined;
  private readonly fleet: FleetChannels;

  constructor(
    private readonly client: RedisClient,
    parts: RedisChannelsParts,
  ) {
    const { connection, keys, timers, random, logger, warnings, gate, codec, said } = parts;
    this.connection = connection;
    this.keys = keys;
    this.warnings = warnings;
    this.codec = codec;
    this.slices = new MessageSlices(timers);
    this.floods = new ChannelFloods({
      ...{ keys, timers, random, logger },
      suspend: (channel) => this.leave(keys[channel]),
      resume: (channel) => {
        if (!this.receivers.has(keys[channel])) return;
        this.shards?.add(keys[channel]);
        if (connection.isReady) this.subscribeTo([channel]);
      },
    });
    gate.decideBy((key, byteLength) => this.floods.admits(key, byteLength));
    const receive = (channel: unknown, bytes: unknown, kind: ChannelKind) => {
      if (bytes instanceof Uint8Array) this.receivers.get(String(channel))?.(bytes, kind);
    };
    client.on("messageBuffer", (channel: unknown, bytes: unknown) => receive(channel, bytes, "classic"));
    this.shards = client instanceof Cluster ? this.shardsOf(client, parts, receive) : undefined;
    const isReceiving = () => {
      const areMissed = this.missing.size > 0 || this.floods.isFlooded("heartbeats");
      return this.shards?.isSubscribed === true && !areMissed;
    };
    this.fleet = new FleetChannels({ clock: timers, isReceiving, said });
  }

  /** Of a leader that has had its lease since this time. */
  kindFor(leadsSinceMs: number): ChannelKind {
    return this.fleet.kindFor(leadsSinceMs);
  }

  publish<Name extends ChannelName>(channel: Name, message: SentMessages[Name]): void {
    const text = this.codec.encode(channel, message);
    if (text !== undefined) this.connection.send(() => this.send(channel, text));
  }

  /** A heartbeat, with what it says of channels. */
  publishHeartbeat(heartbeat: Heartbeat): void {
    const { shards } = this;
    this.publish("heartbeats", shards === undefined || shards.isRefused ? heartbeat : { ...heartbeat, sharded: true });
  }

  /**
   * Publishes a message whose answer comes on the other channel: only if that one can be received.
   *
   * @throws RollcallError `REDIS`
   */
  async publishForAnswer<Name extends ChannelName>(
    channel: Name,
    message: SentMessages[Name],
    answers: ChannelName,
  ): Promise<void> {
    const { client, keys } = this;
    const text = this.codec.encode(channel, message);
    if (text === undefined) return;
    // To subscribe twice does nothing, and shows whether it is allowed.
    await this.askAbout(`subscribe to ${keys[answers]}`, () => client.subscribe(keys[answers]));
    await this.askAbout(`publish on ${keys[channel]}`, () => this.send(channel, text));
  }

  /** Where sharded channels are refused, on a classic one: the leader receives these too. */
  private async send(channel: ChannelName, text: string): Promise<unknown> {
    const { client, shards } = this;
    const key = this.keys[channel];
    if (shards !== undefined && this.fleet.kindOf(channel) === "sharded") {
      try {
        return await client.spublish(key, text);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        shards.refused(key, error);
      }
    }
    return client.publish(key, text);
  }

  private async askAbout(what: string, send: () => Promise<unknown>): Promise<void> {
    try {
      await this.connection.ask(send);
    } catch (error) {
      throw error instanceof RollcallError && isDenied(error) ? deniedError(what) : error;
    }
  }

  /** Each channel has one receiver. What is no message of the channel is logged once, and ignored. */
  subscribe<Name extends ChannelName>(channel: Name, receive: (message: ReceivedMessages[Name]) => void): Unsubscribe {
    const key = this.keys[channel];
    const read = (bytes: Uint8Array, kind: ChannelKind) => {
      const decoded = this.codec.decode(channel, bytes);
      if (decoded === undefined) return;
      if ("problem" in decoded) return this.warnings.refused(channel, decoded.problem);
      this.fleet.received(channel, decoded.value, kind);
      receive(decoded.value);
    };
    const receiver = (bytes: Uint8Array, kind: ChannelKind) => {
      if (!this.slices.isBusy) return this.slices.run(channel, () => read(bytes, kind));
      // A copy: these bytes may be a small part of a large block.
      const copy = Uint8Array.from(bytes);
      this.slices.run(channel, () => this.receivers.get(key) === receiver && read(copy, kind));
    };
    this.receivers.set(key, receiver);
    if (!this.floods.isAway(channel)) this.shards?.add(key);
    if (this.connection.isReady) this.subscribeTo([channel]);
    return () => {
      this.receivers.delete(key);
      this.missing.delete(channel);
      this.leave(key);
    };
  }

  /** To be called on every new connection. */
  resubscribe(): void {
    this.shards?.look();
    this.missing.clear();
    this.subscribeTo(channelNames.filter((channel) => this.receivers.has(this.keys[channel])));
  }

  /** Subscribes to what could not be subscribed to on this connection: a permission may have been given meanwhile. */
  subscribeToMissing(): void {
    this.shards?.look();
    if (this.missing.size > 0) this.subscribeTo([...this.missing]);
  }

  /** Whether the subscription to the channel failed: nothing is received on it. */
  isMissing(channel: ChannelName): boolean {
    return this.missing.has(channel);
  }

  /** Whether messages of the channel are dropped, because there are too many. */
  isFlooded(channel: ChannelName): boolean {
    return this.floods.isFlooded(channel);
  }

  close(): void {
    this.receivers.clear();
    this.shards?.close();
    this.slices.close();
    this.floods.close();
  }

  private shardsOf(
    cluster: Cluster,
    { keys, timers, warnings, onResubscribed }: RedisChannelsParts,
    receive: (channel: string, bytes: Uint8Array, kind: ChannelKind) => void,
  ): ShardSubscriber {
    return new ShardSubscriber(cluster, {
      ...{ timers, channel: keys.events },
      receive: (channel, bytes) => receive(channel, bytes, "sharded"),
      onSubscribed: () => {
        warnings.sharded();
        onResubscribed();
      },
      onRefused: (problem) => warnings.unsharded(problem),
    });
  }

  private leave(key: string): void {
    this.shards?.remove(key);
    this.connection.send(() => this.client.unsubscribe(key));
  }

  private subscribeTo(channels: readonly ChannelName[]): void {
    const wanted = channels.filter((channel) => !this.floods.isAway(channel));
    if (wanted.length === 0) return;
    this.connection
      .ask(() => this.client.subscribe(...wanted.map((channel) => this.keys[channel])))
      .then(
        () => {
          for (const channel of wanted) this.missing.delete(channel);
          if (this.missing.size === 0) this.warnings.subscribed();
        },
        // A lost connection is logged by the health check, and the next one subscribes again.
        (error: unknown) => {
          if (!this.connection.isReady) return;
          for (const channel of wanted) if (this.receivers.has(this.keys[channel])) this.missing.add(channel);
          this.warnings.unsubscribed(redisProblem(error));
        },
      );
  }
}
