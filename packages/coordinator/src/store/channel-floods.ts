import { type Logger, logEvent, type Random, type Timers } from "@rollcall/core";
import { type ChannelName, channelNames, forEachChannel, type RedisKeys } from "@rollcall/core/view";
import { ChannelFlood, type IntakeLimits } from "./channel-flood.js";

const kiB = 1_024;
const miB = 1_024 * kiB;

/**
 * Far above what a fleet sends. All processes send heartbeats and failure reports, a few thousand of them perhaps within
 * the same second; on the other channels one process at a time does, or an operator.
 */
const limits: Readonly<Record<ChannelName, IntakeLimits>> = {
  events: { perSecond: 50, burst: 50, bytesPerSecond: miB, bytesBurst: miB },
  statusRequests: { perSecond: 20, burst: 50, bytesPerSecond: 16 * kiB, bytesBurst: 16 * kiB },
  heartbeats: { perSecond: 2_000, burst: 5_000, bytesPerSecond: 4 * miB, bytesBurst: 8 * miB },
  // As a rack dies, a thousand processes report each of its nodes within seconds: see bench/results.
  reports: { perSecond: 1_000, burst: 20_000, bytesPerSecond: 512 * kiB, bytesBurst: 4 * miB },
  probeResults: { perSecond: 200, burst: 500, bytesPerSecond: 128 * kiB, bytesBurst: 256 * kiB },
  operations: { perSecond: 50, burst: 100, bytesPerSecond: 256 * kiB, bytesBurst: miB },
  operationResults: { perSecond: 50, burst: 100, bytesPerSecond: 256 * kiB, bytesBurst: miB },
};

export interface ChannelFloodsParts {
  readonly keys: RedisKeys;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** No message of the channel is to be received until {@link resume}. */
  readonly suspend: (channel: ChannelName) => void;
  readonly resume: (channel: ChannelName) => void;
}

/** What one process takes of all channels together, so that no number of messages delays it. One line a flood. */
export class ChannelFloods {
  private readonly floods: Readonly<Record<ChannelName, ChannelFlood>>;
  /** By the channel's name in Redis, one character a byte. */
  private readonly byKey: ReadonlyMap<string, ChannelFlood>;
  private readonly flooded = new Set<ChannelName>();
  /** Of the flood that is not over, which may have moved from one channel to another. */
  private keysOfFlood = new Set<string>();
  private beganAtMs = 0;
  private refused = 0;

  constructor(private readonly parts: ChannelFloodsParts) {
    this.floods = forEachChannel((channel) => this.newFlood(channel));
    this.byKey = new Map(
      channelNames.map((channel) => [Buffer.from(parts.keys[channel]).toString("latin1"), this.floods[channel]]),
    );
  }

  /** Whether one message is to be read. A channel of nothing that was subscribed to is none of ours. */
  admits(key: string, byteLength: number): boolean {
    return this.byKey.get(key)?.admits(byteLength) ?? false;
  }

  /** Whether messages of the channel are lost. */
  isFlooded(channel: ChannelName): boolean {
    return this.floods[channel].isFlooded;
  }

  isAway(channel: ChannelName): boolean {
    return this.floods[channel].isAway;
  }

  close(): void {
    for (const flood of Object.values(this.floods)) flood.close();
  }

  private newFlood(channel: ChannelName): ChannelFlood {
    const { timers, random, suspend, resume } = this.parts;
    return new ChannelFlood(limits[channel], timers, random, {
      began: () => this.began(channel),
      suspend: () => suspend(channel),
      resume: () => resume(channel),
      ended: (refused) => this.ended(channel, refused),
    });
  }

  private began(channel: ChannelName): void {
    const { keys, timers, logger } = this.parts;
    const key = keys[channel];
    this.keysOfFlood.add(key);
    if (this.flooded.size === 0) {
      this.beganAtMs = timers.nowMs();
      const text = `${key} is flooded: more messages arrive than a fleet sends, and most are dropped unread`;
      logEvent(logger, "redis.flooded", { channel: key }, text);
    }
    this.flooded.add(channel);
  }

  private ended(channel: ChannelName, refused: number): void {
    const { timers, logger } = this.parts;
    this.refused += refused;
    this.flooded.delete(channel);
    if (this.flooded.size > 0) return;
    const channels = [...this.keysOfFlood];
    const lastedS = Math.round((timers.nowMs() - this.beganAtMs) / 1_000);
    const fields = { channels, dropped: this.refused, lastedS };
    const text = `the flood of ${channels.join(", ")} is over after ${lastedS} s: ${this.refused} messages were dropped unread`;
    this.keysOfFlood = new Set();
    this.refused = 0;
    logEvent(logger, "redis.flood-ended", fields, text);
  }
}
