import type { Clock } from "@rollcall/core";
import { orphanAfterMs } from "@rollcall/core/view";
import type { RedisWarnings } from "./redis-warnings.js";

/** The heads of a live leader come every 2 s; the lease of a dead one ends after 10 s. */
const otherLeadsForMs = 20_000;

/**
 * Whether this process and the leader of the view have the same secret, or both none.
 *
 *   unknown ── a head that it can follow ──▶ agrees ── 60 s without one ──▶ unknown
 *      └── a head sealed otherwise ──▶ differs: one log line; it does not ask for the lease
 *
 * A process that agrees takes a head that is sealed otherwise for a forgery. One that does not agree may be the only one
 * with its secret, and would lead a fleet that does not follow it. So it leaves the lease to others while it receives such
 * heads, and for 20 s after.
 */
export class SecretAgreement {
  private followedAtMs = Number.NEGATIVE_INFINITY;
  private otherLedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly warnings: RedisWarnings,
  ) {}

  /** A head can be followed. */
  follows(): void {
    this.followedAtMs = this.clock.nowMs();
    this.warnings.sameSecret();
  }

  /** A head is sealed otherwise. `isNews`: it was published just now, and not read from what Redis holds. */
  differs(problem: string, isNews: boolean): void {
    if (this.agrees) return this.warnings.refused("events", problem);
    if (isNews) this.otherLedAtMs = this.clock.nowMs();
    this.warnings.otherSecret(problem);
  }

  /** The secrets of this process are others. */
  forget(): void {
    this.followedAtMs = Number.NEGATIVE_INFINITY;
    this.otherLedAtMs = Number.NEGATIVE_INFINITY;
  }

  get mayLead(): boolean {
    return this.agrees || this.clock.nowMs() - this.otherLedAtMs >= otherLeadsForMs;
  }

  private get agrees(): boolean {
    return this.clock.nowMs() - this.followedAtMs < orphanAfterMs;
  }
}
