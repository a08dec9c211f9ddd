import type { HeldConnections } from "../view/heartbeat.js";

/** What the heartbeat of one replica with a connection budget says. */
export interface ConnectionClaim extends HeldConnections {
  readonly replica: string;
  readonly threads: number;
}

/** What is to be shared out, and among how many. */
export interface Counted {
  /** The smallest budget that any replica names: so it can be changed process by process. */
  readonly fleetPerNode: number;
  readonly threads: number;
  /** The threads of the replica that has the most. */
  readonly largest: number;
}

/** Undefined: no replica has a budget. */
export function countThreads(claims: readonly ConnectionClaim[]): Counted | undefined {
  if (claims.length === 0) return undefined;
  return {
    fleetPerNode: Math.min(...claims.map(({ fleetPerNode }) => fleetPerNode)),
    threads: claims.reduce((total, claim) => total + claim.threads, 0),
    largest: Math.max(...claims.map(({ threads }) => threads)),
  };
}
