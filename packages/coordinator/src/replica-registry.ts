import type { Clock } from "@rollcall/core";
import type { Peer } from "@rollcall/core/health";
import type { Heartbeat } from "@rollcall/core/view";

/** Replicas send a heartbeat every 5 s: one that misses two is dropped, and one that ends says so. */
const recentMs = 12_000;
/** Far more than any fleet has. Bounds what a process that writes to Redis can make others keep. */
const replicasMax = 4_096;

export interface ReplicaWatch {
  joined(heartbeat: Heartbeat): void;
  /** It has said that it ends. */
  left(heartbeat: Heartbeat): void;
  lost(heartbeat: Heartbeat): void;
}

/**
 * The replicas whose heartbeat is recent, with the newest heartbeat of each.
 *
 * It holds 4,096 at most. While it is full, new replicas are left out, so that invented ones do not push out real ones.
 */
export class ReplicaRegistry {
  /** Those with the oldest heartbeat come first. */
  private readonly replicas = new Map<string, { readonly heartbeat: Heartbeat; readonly atMs: number }>();

  /** @param watch receives each replica that was not there before, and each that is dropped */
  constructor(
    private readonly clock: Clock,
    private readonly watch?: ReplicaWatch,
  ) {}

  record(heartbeat: Heartbeat): void {
    this.dropSilent();
    const isNew = !this.replicas.delete(heartbeat.replica);
    if (heartbeat.ending === true) {
      if (!isNew) this.watch?.left(heartbeat);
      return;
    }
    if (isNew && this.replicas.size >= replicasMax) return;
    this.replicas.set(heartbeat.replica, { heartbeat, atMs: this.clock.nowMs() });
    if (isNew) this.watch?.joined(heartbeat);
  }

  /** The newest heartbeat of each replica. */
  heartbeats(): Heartbeat[] {
    this.dropSilent();
    return [...this.replicas.values()].map(({ heartbeat }) => heartbeat);
  }

  count(): number {
    this.dropSilent();
    return this.replicas.size;
  }

  /** The replica, if its heartbeat is recent. */
  find(replica: string): Heartbeat | undefined {
    this.dropSilent();
    return this.replicas.get(replica)?.heartbeat;
  }

  /** All but `self` that send requests to nodes, and so can probe one. */
  peersOf(self: string): Peer[] {
    return this.heartbeats().filter(({ replica, role }) => role !== "coordinator" && replica !== self);
  }

  /** Whether a process other than `self` can become leader. */
  othersMayLead(self: string): boolean {
    return this.heartbeats().some(({ replica, role }) => role !== "external" && replica !== self);
  }

  private dropSilent(): void {
    const sinceMs = this.clock.nowMs() - recentMs;
    for (const [replica, { heartbeat, atMs }] of this.replicas) {
      if (atMs > sinceMs) return;
      this.replicas.delete(replica);
      this.watch?.lost(heartbeat);
    }
  }
}
