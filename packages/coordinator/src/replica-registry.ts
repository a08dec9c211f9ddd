import type { Clock } from "@rollcall/core";
import type { Peer } from "@rollcall/core/health";
import type { Heartbeat } from "@rollcall/core/view";

/** A process that has been silent for so long is no longer counted: it tells of itself every 5 s. */
const liveMs = 15_000;
/** More are not told apart: whoever was heard of the longest ago is forgotten. */
const replicasMax = 4_096;

/** The processes that have lately told of themselves. */
export class ReplicaRegistry {
  /** What each has said last, and when; the longest ago comes first. */
  private readonly heard = new Map<string, { readonly atMs: number; readonly role: Heartbeat["role"] } & Peer>();

  constructor(private readonly clock: Clock) {}

  hear({ replica, role, ejected }: Pick<Heartbeat, "replica" | "role" | "ejected">): void {
    this.heard.delete(replica);
    this.heard.set(replica, { atMs: this.clock.nowMs(), role, replica, ejected });
    const [longestAgo] = this.heard.keys();
    if (this.heard.size > replicasMax && longestAgo !== undefined) this.heard.delete(longestAgo);
  }

  /** How many, no more than 4,096. */
  count(): number {
    return this.living().length;
  }

  /** One of them, if it is alive. */
  observer(replica: string): Peer | undefined {
    const found = this.heard.get(replica);
    return found === undefined || this.clock.nowMs() - found.atMs >= liveMs ? undefined : found;
  }

  /** Those other than `self` that send requests to nodes, and so can say whether they reach one. */
  observersBut(self: string): Peer[] {
    return this.living().filter(({ replica, role }) => role !== "coordinator" && replica !== self);
  }

  /** Whether somebody other than `self` is there who may lead. */
  othersMayLead(self: string): boolean {
    return this.living().some(({ replica, role }) => role !== "external" && replica !== self);
  }

  /** Those who are not silent for too long; the others are forgotten. */
  private living() {
    for (const [replica, { atMs }] of this.heard) {
      if (this.clock.nowMs() - atMs < liveMs) break;
      this.heard.delete(replica);
    }
    return [...this.heard.values()];
  }
}
