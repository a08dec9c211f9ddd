import type { Clock } from "@rollcall/core";

/** A process that has been silent for so long is no longer counted: it tells of itself every 5 s. */
const liveMs = 15_000;
/** More are not told apart: whoever was heard of the longest ago is forgotten. */
const replicasMax = 4_096;

/** The processes that have lately told of themselves. */
export class LiveReplicas {
  /** When each was heard of last; the longest ago comes first. */
  private readonly heardAtMs = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  hear(replica: string): void {
    this.heardAtMs.delete(replica);
    this.heardAtMs.set(replica, this.clock.nowMs());
    const [longestAgo] = this.heardAtMs.keys();
    if (this.heardAtMs.size > replicasMax && longestAgo !== undefined) this.heardAtMs.delete(longestAgo);
  }

  /** How many, no more than 4,096. */
  count(): number {
    for (const [replica, atMs] of this.heardAtMs) {
      if (this.clock.nowMs() - atMs < liveMs) break;
      this.heardAtMs.delete(replica);
    }
    return this.heardAtMs.size;
  }
}
