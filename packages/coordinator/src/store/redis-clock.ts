import type { Clock } from "@rollcall/core";

/**
 * The clock of Redis: the monotonic clock, shifted to the last answer to `TIME`. Before the first answer, the wall
 * clock.
 */
export class RedisClock implements Clock {
  private offsetMs: number | undefined;

  /** @param wallNowMs the system's time, in milliseconds since 1970 */
  constructor(
    private readonly monotonic: Clock,
    private readonly wallNowMs: () => number,
  ) {}

  /** Whether Redis has said its time. */
  get isKnown(): boolean {
    return this.offsetMs !== undefined;
  }

  nowMs(): number {
    return this.offsetMs === undefined ? this.wallNowMs() : this.monotonic.nowMs() + this.offsetMs;
  }

  /**
   * @param askTime Redis' `TIME`: seconds, and microseconds beside them. Without a usable answer nothing changes; if it
   *   rejects, so does this
   */
  async adjust(askTime: () => Promise<readonly unknown[]>): Promise<void> {
    const sentMs = this.monotonic.nowMs();
    const [seconds, microseconds] = await askTime();
    const receivedMs = this.monotonic.nowMs();
    const storeMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
    if (Number.isFinite(storeMs)) this.offsetMs = storeMs - (sentMs + receivedMs) / 2;
  }
}
