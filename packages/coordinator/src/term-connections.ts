import type { Clock, Random } from "@rollcall/core";
import {
  type ConnectionBudget,
  type ConnectionClaim,
  countThreads,
  newConnectionBudget,
  nextConnectionBudget,
} from "@rollcall/core/connections";
import type { ConnectionShares, Heartbeat } from "@rollcall/core/view";
import type { WarnOnce } from "./warn-once.js";

export interface TermConnectionsParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly warnings: WarnOnce;
  /** The newest of each replica, as far as they are recent. */
  readonly heartbeats: () => readonly Heartbeat[];
}

/** Rounds are counted from a number by chance; those of one term stay far below the greatest that a reader accepts. */
const firstRoundMax = 500_000_000;

/** The connection budget of the fleet, for one term: core decides from the heartbeats, and the term publishes. */
export class TermConnections {
  private budget: ConnectionBudget | undefined;
  private startedAtMs: number;

  constructor(private readonly parts: TermConnectionsParts) {
    this.startedAtMs = parts.clock.nowMs();
  }

  /** Begins with what the last leader published. */
  start(inherited: ConnectionShares | undefined): void {
    this.startedAtMs = this.parts.clock.nowMs();
    if (inherited !== undefined) this.begin(inherited);
  }

  /** To be published with the marks; undefined: no replica has a budget. */
  get shares(): ConnectionShares | undefined {
    return this.budget?.shares;
  }

  /** A replica has sent its last heartbeat. */
  ended(replica: string): void {
    if (this.budget === undefined) return;
    this.budget = nextConnectionBudget(this.budget, { type: "ended", replica }, this.parts.clock.nowMs());
  }

  /** To be called with each beat. Returns whether {@link shares} are others than before. */
  round(): boolean {
    const claims = this.parts.heartbeats().flatMap(claimOf);
    if (claims.length === 0 && this.budget === undefined) return false;
    const before = this.budget ?? this.begin(undefined);
    this.budget = nextConnectionBudget(before, { type: "round", claims }, this.parts.clock.nowMs());
    this.warn(claims);
    return this.budget.shares !== before.shares;
  }

  private begin(inherited: ConnectionShares | undefined): ConnectionBudget {
    const firstRound = Math.floor(this.parts.random() * firstRoundMax);
    this.budget = newConnectionBudget(inherited, firstRound, this.startedAtMs);
    return this.budget;
  }

  private warn(claims: readonly ConnectionClaim[]): void {
    const { warnings } = this.parts;
    const { fleetPerNode, threads } = countThreads(claims) ?? { fleetPerNode: 0, threads: 0 };
    if (threads <= fleetPerNode) {
      const text = "the threads that share connections.fleetPerNode are no more than it any longer";
      return warnings.end("connection budget", "connections.within-budget", text);
    }
    warnings.warn(
      "connection budget",
      "connections.over-budget",
      { fleetPerNode, threads },
      overBudget(fleetPerNode, threads),
    );
  }
}

function overBudget(fleetPerNode: number, threads: number): string {
  const limit = `so a node may have ${threads} connections`;
  return `connections.fleetPerNode is ${fleetPerNode}, and ${threads} threads share it: each keeps one, ${limit}`;
}

/** Absent from the heartbeats of processes without the option, and of those without a pool. */
function claimOf({ replica, threads, connections }: Heartbeat): ConnectionClaim[] {
  // Without worker threads the calling thread sends.
  return connections === undefined ? [] : [{ replica, threads: Math.max(1, threads.length), ...connections }];
}
