import type { Clock } from "@rollcall/core";
import type { RedisWarnings } from "./redis-warnings.js";

/** What was held up comes at once; what is late for so long, time after time, has a cause that stays. */
const lateForMs = 6_000;
const lateHeadsMin = 3;

/**
 * Heads with a good seal that are too old, or too far ahead, by the time of Redis that this process has. One log line once
 * three newer ones and no others have come within 6 s or more, and one when a head can be followed again.
 */
export class LateHeads {
  private newestAtMs = Number.NEGATIVE_INFINITY;
  private sinceMs: number | undefined;
  private count = 0;

  constructor(
    private readonly clock: Clock,
    private readonly warnings: Pick<RedisWarnings, "headsLate" | "headsInTime">,
  ) {}

  /** @param sealedAtMs when it was sealed. @param ageMs how long ago that is; negative: it lies ahead */
  late(sealedAtMs: number, ageMs: number): void {
    if (sealedAtMs <= this.newestAtMs) return;
    this.newestAtMs = sealedAtMs;
    const nowMs = this.clock.nowMs();
    this.sinceMs ??= nowMs;
    this.count++;
    if (this.count >= lateHeadsMin && nowMs - this.sinceMs >= lateForMs) this.warnings.headsLate(ageMs);
  }

  inTime(): void {
    this.newestAtMs = Number.NEGATIVE_INFINITY;
    this.sinceMs = undefined;
    this.count = 0;
    this.warnings.headsInTime();
  }
}
