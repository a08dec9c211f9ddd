import { RollcallError, type Unsubscribe } from "@rollcall/core";
import type { ChannelName, ReceivedMessages, RedisKeys, SentMessages } from "@rollcall/core/view";
import type { RedisClient } from "./redis-clients.js";
import type { RedisConnection } from "./redis-connection.js";
import { deniedError, isDenied, redisProblem } from "./redis-problem.js";
import type { RedisWarnings } from "./redis-warnings.js";
import type { ViewCodec } from "./view-codec.js";

/**
 * The Pub/Sub channels of one view, over one connection: every message that a process receives passes here, and every
 * one that it sends but those of scripts. A subscription lasts across reconnections: `resubscribe` restores all of them.
 * Messages that are published while there is no connection are lost, in both directions.
 */
export class RedisChannels {
  /** By the channel's name in Redis. */
  private readonly receivers = new Map<string, (bytes: Uint8Array) => void>();

  constructor(
    private readonly client: RedisClient,
    private readonly connection: RedisConnection,
    private readonly keys: RedisKeys,
    private readonly warnings: RedisWarnings,
    private readonly codec: ViewCodec,
  ) {
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
    this.receivers.set(key, (bytes) => {
      const decoded = this.codec.decode(channel, bytes);
      if (decoded === undefined) return;
      if ("problem" in decoded) this.warnings.refused(channel, decoded.problem);
      else receive(decoded.value);
    });
    if (this.connection.isReady) this.subscribeTo([key]);
    return () => {
      this.receivers.delete(key);
      this.connection.send(() => this.client.unsubscribe(key));
    };
  }

  /** To be called on every new connection. */
  resubscribe(): void {
    if (this.receivers.size > 0) this.subscribeTo([...this.receivers.keys()]);
  }

  close(): void {
    this.receivers.clear();
  }

  private subscribeTo(keys: readonly string[]): void {
    this.connection
      .ask(() => this.client.subscribe(...keys))
      .then(
        () => this.warnings.clear("subscribe"),
        // A lost connection is logged by the health check, and the next one subscribes again.
        (error: unknown) => this.connection.isReady && this.warnings.unsubscribed(redisProblem(error)),
      );
  }
}
