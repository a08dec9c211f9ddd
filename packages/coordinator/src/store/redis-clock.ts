import type { Clock } from "@rollcall/core";

/** The clock of Redis: our own, moved to what Redis said last. The system's, before Redis has said anything. */
export class RedisClock implements Clock {
  private offsetMs: number | undefined;

  constructor(private readonly own: Clock) {}

  nowMs(): number {
    return this.offsetMs === undefined ? Date.now() : this.own.nowMs() + this.offsetMs;
  }

  /** @param ask Redis' `TIME`: seconds, and the microseconds beside them. Without an answer the clock stays as it is. */
  async learn(ask: () => Promise<readonly unknown[]>): Promise<void> {
    const sentMs = this.own.nowMs();
    try {
      const [seconds, microseconds] = await ask();
      const receivedMs = this.own.nowMs();
      const storeMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
      if (Number.isFinite(storeMs)) this.offsetMs = storeMs - (sentMs + receivedMs) / 2;
    } catch {
      // It is asked again on the next connection, and now and then.
    }
  }
}
