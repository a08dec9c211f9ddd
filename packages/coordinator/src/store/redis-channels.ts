import { RollcallError, type Unsubscribe } from "@rollcall/core";
import type { RedisClient } from "./redis-clients.js";
import type { RedisConnection } from "./redis-connection.js";
import { deniedError, isDenied, redisProblem } from "./redis-problem.js";
import type { RedisWarnings } from "./redis-warnings.js";

/**
 * The Pub/Sub channels of one connection. A subscription lasts across reconnections: `resubscribe` restores all of
 * them. Messages that are published while there is no connection are lost, in both directions.
 */
export class RedisChannels {
  private readonly receivers = new Map<string, (message: Uint8Array) => void>();

  constructor(
    private readonly client: RedisClient,
    private readonly connection: RedisConnection,
    private readonly warnings: RedisWarnings,
  ) {
    client.on("messageBuffer", (channel: unknown, message: unknown) => {
      if (message instanceof Uint8Array) this.receivers.get(String(channel))?.(message);
    });
  }

  publish(channel: string, message: string): void {
    this.connection.send(() => this.client.publish(channel, message));
  }

  /**
   * Publishes a message whose answer comes on the other channel: only if that one can be received.
   *
   * @throws RollcallError `REDIS`
   */
  async publishForAnswer(channel: string, message: string, answers: string): Promise<void> {
    // To subscribe twice does nothing, and shows whether it is allowed.
    await this.askAbout(`subscribe to ${answers}`, () => this.client.subscribe(answers));
    await this.askAbout(`publish on ${channel}`, () => this.client.publish(channel, message));
  }

  private async askAbout(what: string, send: () => Promise<unknown>): Promise<void> {
    try {
      await this.connection.ask(send);
    } catch (error) {
      throw error instanceof RollcallError && isDenied(error) ? deniedError(what) : error;
    }
  }

  /** Each channel has one receiver. */
  subscribe(channel: string, receive: (message: Uint8Array) => void): Unsubscribe {
    this.receivers.set(channel, receive);
    if (this.connection.isReady) this.subscribeTo([channel]);
    return () => {
      this.receivers.delete(channel);
      this.connection.send(() => this.client.unsubscribe(channel));
    };
  }

  /** To be called on every new connection. */
  resubscribe(): void {
    if (this.receivers.size > 0) this.subscribeTo([...this.receivers.keys()]);
  }

  close(): void {
    this.receivers.clear();
  }

  private subscribeTo(channels: readonly string[]): void {
    this.connection
      .ask(() => this.client.subscribe(...channels))
      .then(
        () => this.warnings.clear("subscribe"),
        // A lost connection is logged by the health check, and the next one subscribes again.
        (error: unknown) => this.connection.isReady && this.warnings.unsubscribed(redisProblem(error)),
      );
  }
}
