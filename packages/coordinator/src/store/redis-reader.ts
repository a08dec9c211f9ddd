import { Listeners, type Logger, type Random, type Timers } from "@rollcall/core";
import type { HistoryEntry, PeerProbeRequest, RedisKeys, ViewEvent } from "@rollcall/core/view";
import type { ChannelKind } from "./channel-kind.js";
import type { MessageGate } from "./message-gate.js";
import { RedisChannels } from "./redis-channels.js";
import type { RedisClient } from "./redis-clients.js";
import { RedisClock } from "./redis-clock.js";
import { RedisConnection } from "./redis-connection.js";
import { RedisDocuments } from "./redis-documents.js";
import { RedisHealthCheck } from "./redis-health-check.js";
import { messageChannels, RedisMessages } from "./redis-messages.js";
import { timeBeside } from "./redis-time.js";
import { RedisViewReader } from "./redis-view-reader.js";
import { RedisWarnings } from "./redis-warnings.js";
import { SealedCodec } from "./sealed-codec.js";
import { SecretAgreement } from "./secret-agreement.js";
import { plainCodec, type ViewCodec } from "./view-codec.js";
import type { ViewSecrets } from "./view-secrets.js";

/** How often the head is read although none was announced, stretched or shortened by up to `pollJitter` of itself. */
const pollMs = 30_000;
const pollJitter = 0.2;

export interface RedisReaderParts {
  /** Of the view. */
  readonly name: string;
  readonly secrets?: ViewSecrets;
  readonly keys: RedisKeys;
  readonly timers: Timers;
  /** The system's time, in milliseconds since 1970. */
  readonly wallNowMs: () => number;
  readonly random: Random;
  readonly logger: Logger;
  readonly gate: MessageGate;
}

/**
 * The readers' side of a view in Redis: one connection that subscribes, reads and publishes messages.
 *
 * On every new connection it subscribes first and reads afterwards, so that no publication is missed in between.
 */
export class RedisReader {
  readonly view: RedisViewReader;
  readonly messages: RedisMessages;
  readonly clock: RedisClock;
  readonly codec: ViewCodec;
  readonly peerProbeRequests: Listeners<PeerProbeRequest>;
  readonly statusRequests: Listeners<void>;
  readonly releases: Listeners<void>;
  readonly histories: Listeners<readonly HistoryEntry[]>;
  private readonly connection: RedisConnection;
  private readonly channels: RedisChannels;
  private readonly health: RedisHealthCheck;
  private readonly warnings: RedisWarnings;
  private readonly documents: RedisDocuments;
  private cancelPoll = () => {};

  constructor(
    private readonly client: RedisClient,
    private readonly parts: RedisReaderParts,
  ) {
    const { name, secrets, keys, timers, wallNowMs, random, logger, gate } = parts;
    const warnings = new RedisWarnings(logger, keys);
    const onError = (error: unknown) => warnings.listenerThrew(error);
    this.warnings = warnings;
    this.peerProbeRequests = new Listeners(onError);
    this.statusRequests = new Listeners(onError);
    this.releases = new Listeners(onError);
    this.histories = new Listeners(onError);
    this.clock = new RedisClock(timers, wallNowMs);
    this.health = new RedisHealthCheck(
      () => (this.connection.isReady ? this.askSomething() : undefined),
      timers,
      logger,
    );
    this.connection = new RedisConnection(client, timers, {
      onReady: () => this.connected(),
      onLost: (problem) => this.health.lost(problem),
    });
    const { connection, clock } = this;
    const agreement = new SecretAgreement(timers, warnings);
    const codec =
      secrets === undefined
        ? plainCodec(agreement)
        : new SealedCodec({ name, secrets, clock, monotonic: timers, random, agreement, warnings });
    this.codec = codec;
    secrets?.start();
    this.channels = new RedisChannels(client, {
      ...{ connection, keys, timers, random, logger, warnings, gate, codec },
      said: () => this.view.channelKind,
      onResubscribed: () => this.readAgain(),
    });
    this.messages = new RedisMessages(this.channels, warnings, timers);
    const documents = new RedisDocuments(client, connection, keys, warnings, codec);
    this.documents = documents;
    this.view = new RedisViewReader({ documents, connection, warnings, timers, random, clock });
    this.channels.subscribe("events", (event) => this.receiveEvent(event));
    this.channels.subscribe("statusRequests", () => this.statusRequests.emit());
    this.pollLater();
  }

  get isConnected(): boolean {
    return this.connection.isReady && this.health.isAnswering;
  }

  /** Whether heartbeats are dropped, because there are too many. */
  get missesHeartbeats(): boolean {
    return this.channels.isFlooded("heartbeats");
  }

  /** Of a leader that has had its lease since this time. */
  channelKindFor(leadsSinceMs: number): ChannelKind {
    return this.channels.kindFor(leadsSinceMs);
  }

  /** @throws RollcallError `REDIS` */
  async readHistory(): Promise<readonly HistoryEntry[] | undefined> {
    const history = await this.documents.readHistory();
    return typeof history === "object" ? history.value : undefined;
  }

  async close(): Promise<void> {
    this.parts.secrets?.close();
    this.warnings.close();
    this.health.close();
    this.channels.close();
    this.view.close();
    this.cancelPoll();
    await this.connection.close();
  }

  private connected(): void {
    this.view.retryRefused();
    for (const channel of ["events", ...messageChannels] as const) this.warnings.clear(channel);
    this.channels.resubscribe();
    // If this fails, the health check asks again.
    this.adjustClock().catch(() => {});
    this.readAgain();
    this.health.answered();
  }

  /** What was announced before a subscription. */
  private readAgain(): void {
    this.view.refresh();
    if (this.histories.size > 0) void this.refreshHistory();
  }

  /** Entries that were announced while there was no connection. */
  private async refreshHistory(): Promise<void> {
    const entries = await this.readHistory().catch(() => undefined);
    if (entries !== undefined) this.histories.emit(entries);
  }

  private receiveEvent(event: ViewEvent): void {
    switch (event.kind) {
      case "head":
        return this.view.announced(event.head, event.marks);
      case "released":
        return this.releases.emit();
      case "peerProbeRequest": {
        const { id, node, replicas } = event;
        return this.peerProbeRequests.emit({ id, node, replicas });
      }
      case "history":
        return this.histories.emit(event.entries);
      case "unknown":
        return;
    }
  }

  /**
   * The time, because the clock of Redis may be set while it runs. In a Redis Cluster, messages arrive over a connection
   * that takes no commands, from a node that the client does not name: there the head is read, too. So it is in a flood,
   * and without a subscription, which is asked for again.
   */
  private async askSomething(): Promise<void> {
    const { channels, client } = this;
    if (client.isCluster || channels.isFlooded("events") || channels.isMissing("events")) await this.view.poll();
    channels.subscribeToMissing();
    await this.adjustClock();
  }

  private pollLater(): void {
    const { timers, random } = this.parts;
    const waitMs = pollMs * (1 + pollJitter * (2 * random() - 1));
    this.cancelPoll = timers.after(waitMs, () => {
      this.pollLater();
      if (!this.connection.isReady) return;
      this.view.retryRefused();
      this.view.poll().catch(() => {});
    });
  }

  private adjustClock(): Promise<void> {
    const { client, parts } = this;
    return this.clock.adjust(() => this.connection.ask(() => timeBeside(client, parts.keys.head)));
  }
}
