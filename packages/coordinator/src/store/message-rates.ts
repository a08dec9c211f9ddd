import type { Clock } from "@rollcall/core";
import { type ChannelName, forEachChannel } from "@rollcall/core/view";
import { RateLimiter } from "./rate-limiter.js";

/**
 * The most messages that one process sends on one channel in a second, through whatever store; the others are dropped.
 * What a script of the store sends under a lease is not among these.
 */
const perSecond: Readonly<Record<ChannelName, number>> = {
  ...{ events: 10, statusRequests: 5, heartbeats: 5, reports: 20, probeResults: 10 },
  ...{ operations: 5, operationResults: 20 },
};

export class MessageRates {
  private readonly limiters: Readonly<Record<ChannelName, RateLimiter>>;

  constructor(clock: Clock) {
    this.limiters = forEachChannel((channel) => new RateLimiter(perSecond[channel], clock));
  }

  /** Whether one more message may be sent on this channel now. */
  tryTake(channel: ChannelName): boolean {
    return this.limiters[channel].tryTake();
  }
}
