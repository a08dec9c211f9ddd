import type { Clock } from "@rollcall/core";
import { RateLimiter } from "./rate-limiter.js";

/** The most messages of one kind that one process sends in a second, through whatever store; the others are dropped. */
const perSecond = {
  ...{ report: 20, peerProbeRequest: 10, peerProbeResult: 10, heartbeat: 5, statusRequest: 5 },
  ...{ operation: 5, operationResult: 20 },
} as const;

export type MessageKind = keyof typeof perSecond;

export class MessageRates {
  private readonly limiters: Readonly<Record<MessageKind, RateLimiter>>;

  constructor(clock: Clock) {
    const limiter = (kind: MessageKind) => new RateLimiter(perSecond[kind], clock);
    this.limiters = {
      report: limiter("report"),
      peerProbeRequest: limiter("peerProbeRequest"),
      peerProbeResult: limiter("peerProbeResult"),
      heartbeat: limiter("heartbeat"),
      statusRequest: limiter("statusRequest"),
      operation: limiter("operation"),
      operationResult: limiter("operationResult"),
    };
  }

  /** Whether one more message of this kind may be sent now. */
  tryTake(kind: MessageKind): boolean {
    return this.limiters[kind].tryTake();
  }
}
