import { type Logger, type Random, RollcallError, type Timers, type Unsubscribe } from "@rollcall/core";
import {
  type ChannelName,
  channelNames,
  type ReceivedMessages,
  type RedisKeys,
  type SentMessages,
} from "@rollcall/core/view";
import { ChannelFloods } from "./channel-floods.js";
import type { MessageGate } from "./message-gate.js";
import { MessageSlices } from "./message-slices.js";
import type { RedisClient } from "./redis-clients.js";
import type { RedisConnection } from "./redis-connection.js";
import { deniedError, isDenied, redisProblem } from "./redis-problem.js";
import type { RedisWarnings } from "./redis-warnings.js";
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
}

/**
 * The Pub/Sub channels of one view, over one connection: every message that a process receives passes here, and every
 * one that it sends but those of scripts. A subscription lasts across reconnections: `resubscribe` restores all of them.
 * Messages that are published while there is no connection are lost, in both directions; so are those of a flood.
 */
export class RedisChannels {
  /** By the channel's name in Redis. */
  private readonly receivers = new Map<string, (bytes: Uint8Array) => void>();
  /** Channels whose subscription failed on this connection. */
  private readonly missing = new Set<ChannelName>();
  private readonly connection: RedisConnection;
  private readonly keys: RedisKeys;
  private readonly warnings: RedisWarnings;
  private readonly codec: ViewCodec;
  private readonly floods: ChannelFloods;
  private readonly slices: MessageSlices;

  constructor(
    private readonly client: RedisClient,
    { connection, keys, timers, random, logger, warnings, gate, codec }: RedisChannelsParts,
  ) {
    this.connection = connection;
    this.keys = keys;
    this.warnings = warnings;
    this.codec = codec;
    this.slices = new MessageSlices(timers);
    this.floods = new ChannelFloods({
      ...{ keys, timers, random, logger },
      suspend: (channel) => connection.send(() => client.unsubscribe(keys[channel])),
      resume: (channel) => {
        if (connection.isReady && this.receivers.has(keys[channel])) this.subscribeTo([channel]);
      },
    });
    gate.decideBy((key, byteLength) => this.floods.admits(key, byteLength));
    client.on("messageBuffer", (channel: unknown, bytes: unknown) => {
      if (bytes instanceof Uint8Array) this.receivers.get(String(channel))?.(bytes);
    });
  }

  publish<Name extends ChannelName>(channel: Name, message: SentMessages[Name]): void {
    const { client, connection, keys } = this;
    const text = this.codec.encode(channel, message);
    if (text !== undefined) connection.send(() => client.publish(keys[channel], text));
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
    await this.askAbout(`publish on ${keys[channel]}`, () => client.publish(keys[channel], text));
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
    const read = (bytes: Uint8Array) => {
      const decoded = this.codec.decode(channel, bytes);
      if (decoded === undefined) return;
      if ("problem" in decoded) this.warnings.refused(channel, decoded.problem);
      else receive(decoded.value);
    };
    const receiver = (bytes: Uint8Array) => {
      if (!this.slices.isBusy) return this.slices.run(channel, () => read(bytes));
      // A copy: these bytes may be a small part of a large block.
      const copy = Uint8Array.from(bytes);
      this.slices.run(channel, () => this.receivers.get(key) === receiver && read(copy));
    };
    this.receivers.set(key, receiver);
    if (this.connection.isReady) this.subscribeTo([channel]);
    return () => {
      this.receivers.delete(key);
      this.missing.delete(channel);
      this.connection.send(() => this.client.unsubscribe(key));
    };
  }

  /** To be called on every new connection. */
  resubscribe(): void {
    this.missing.clear();
    this.subscribeTo(channelNames.filter((channel) => this.receivers.has(this.keys[channel])));
  }

  /** Subscribes to what could not be subscribed to on this connection: a permission may have been given meanwhile. */
  subscribeToMissing(): void {
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
    this.slices.close();
    this.floods.close();
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
