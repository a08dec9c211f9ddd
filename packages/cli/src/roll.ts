import type { Clock } from "@rollcall/core";
import type { Heartbeat } from "@rollcall/core/view";

/** Every process tells of itself every 5 s; of whom twice nothing was heard, nobody knows whether he is there. */
const presentMs = 12_000;
/** Far more than any fleet: whoever can write to Redis can make replicas up. */
const replicasMax = 4_096;

/** Who has told of himself lately: of each replica the newest digest. */
export class Roll {
  private readonly heard = new Map<string, { readonly digest: Heartbeat; readonly atMs: number }>();

  constructor(private readonly clock: Clock) {}

  hear(digest: Heartbeat): void {
    if (!this.heard.has(digest.replica) && this.heard.size >= replicasMax) this.forgetSilent();
    if (!this.heard.has(digest.replica) && this.heard.size >= replicasMax) return;
    this.heard.set(digest.replica, { digest, atMs: this.clock.nowMs() });
  }

  present(): readonly Heartbeat[] {
    this.forgetSilent();
    return [...this.heard.values()].map(({ digest }) => digest);
  }

  private forgetSilent(): void {
    const sinceMs = this.clock.nowMs() - presentMs;
    for (const [replica, { atMs }] of this.heard) if (atMs < sinceMs) this.heard.delete(replica);
  }
}
