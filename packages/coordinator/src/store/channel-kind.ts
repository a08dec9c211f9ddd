import type { Clock } from "@rollcall/core";
import type { ChannelName, ReceivedMessages } from "@rollcall/core/view";

/**
 * A Redis Cluster carries classic channels to all of its nodes, and sharded ones to the primary of their slot and its
 * replicas alone.
 */
export type ChannelKind = "classic" | "sharded";

/** Three heartbeats: one of a process that needs classic channels arrives within this time, or the process has ended. */
const quietMs = 15_000;

/** What commands wait for. The leader receives it on both kinds of channels. */
const answers: readonly ChannelName[] = ["heartbeats", "operationResults"];

export interface ChannelKindParts {
  readonly clock: Clock;
  /** Whether this process receives on all of its channels, of both kinds. */
  readonly isReceiving: () => boolean;
  /** What the newest head says. */
  readonly said: () => ChannelKind;
}

/**
 * Which kind of channel the fleet of one view uses. Every process receives on both, and publishes on the one that the head
 * names. The leader names it: sharded once it has received nothing for 15 s from a process that needs classic ones, as
 * does one of an older version, or one to which Redis refuses the others.
 */
export class FleetChannels {
  private classicNeededMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: ChannelKindParts) {}

  received<Name extends ChannelName>(channel: Name, message: ReceivedMessages[Name], on: ChannelKind): void {
    const { said, clock } = this.parts;
    if (needsClassic(channel, message, on, said())) this.classicNeededMs = clock.nowMs();
  }

  /** Where a message of the channel is to be published: as the head says, and what a command asks for, where it asked. */
  kindOf(channel: ChannelName): ChannelKind {
    const { said, clock } = this.parts;
    const isAsked = answers.includes(channel) && clock.nowMs() - this.classicNeededMs < quietMs;
    return isAsked ? "classic" : said();
  }

  /** What a leader names that has had its lease since this time. */
  kindFor(leadsSinceMs: number): ChannelKind {
    const { clock, isReceiving } = this.parts;
    const quietSinceMs = Math.max(leadsSinceMs, this.classicNeededMs);
    return isReceiving() && clock.nowMs() - quietSinceMs >= quietMs ? "sharded" : "classic";
  }
}

/**
 * Whether the sender needs classic channels. Heartbeats say so; commands send none, and those of an older version ask on a
 * classic channel though the head names the others.
 */
export function needsClassic(channel: ChannelName, message: object, on: ChannelKind, said: ChannelKind): boolean {
  if (channel === "heartbeats") return !("sharded" in message) && !("ending" in message);
  const isOfCommand = channel === "statusRequests" || channel === "operations";
  return isOfCommand && on === "classic" && said === "sharded";
}
