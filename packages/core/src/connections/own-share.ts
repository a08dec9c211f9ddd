import { present } from "../present.js";
import type { ConnectionShares } from "../view/view.js";

/** How many connections to one node each thread of this process may have, of a budget that a fleet shares. */
export interface OwnShare {
  readonly perThread: number;
  /** The leader counts this process in: it has the share of all, not the smaller one of those that start. */
  readonly isAdmitted: boolean;
  /** Of the newest shares that it obeys; absent before the first. */
  readonly round?: number;
}

/** Before a leader has granted anything. It holds so much in reserve for each thread that may join. */
export const shareAtStart: OwnShare = { perThread: 1, isAdmitted: false };

/**
 * The share by what the leader has published last. Without that, as where no leader is left, the last share stays: a
 * process never takes more by itself. Once admitted it stays so, whichever process leads.
 */
export function nextOwnShare(own: OwnShare, shares: ConnectionShares | undefined, replica: string): OwnShare {
  if (shares === undefined) return own;
  const isAdmitted = own.isAdmitted || shares.admitted.includes(replica);
  const perThread = Math.max(1, isAdmitted ? shares.perThread : Math.min(shares.starting, shares.perThread));
  return { perThread, isAdmitted, round: shares.round };
}

/** The share of each thread where the budget is that of one process alone: whole connections, at least one. */
export function shareOfOwnThreads(fleetPerNode: number, threads: number): OwnShare {
  return { perThread: Math.max(1, Math.floor(fleetPerNode / threads)), isAdmitted: true };
}

/** What a heartbeat says of it. `most`: how many connections this process has to one node now, at most. */
export function connectionHeartbeat({ round, isAdmitted, perThread }: OwnShare, fleetPerNode: number, most: number) {
  return { fleetPerNode, perThread, most, ...present({ round, isAdmitted: isAdmitted ? (true as const) : undefined }) };
}
