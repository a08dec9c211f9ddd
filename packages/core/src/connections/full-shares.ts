import type { Counted } from "./connection-claim.js";

/** As `ConnectionShares`; and what is held in reserve for those that join. */
export interface FullShares {
  readonly perThread: number;
  readonly starting: number;
  readonly reserve: number;
}

/** So many more threads may join before the leader has heard of them, and at least those of one more replica. */
const joiningPart = 1 / 2;
/** So much of the budget is held in reserve for them, unless one connection each is more. */
const reservedPart = 1 / 10;

/**
 * The shares with which the whole budget is used, but for the reserve. One connection each is the least. Even a fleet
 * that doubles at once exceeds the budget by no more than the reserve is, or by one connection for each thread.
 */
export function fullShares({ fleetPerNode, threads, largest }: Counted): FullShares {
  const joining = Math.max(largest, Math.ceil(threads * joiningPart));
  const reserved = Math.max(1, Math.floor((fleetPerNode * reservedPart) / joining));
  const perThread = Math.max(1, Math.floor((fleetPerNode - joining * reserved) / threads));
  const starting = Math.min(reserved, perThread);
  return { perThread, starting, reserve: joining * starting };
}
