import type { Counted } from "./connection-claim.js";

/** As `ConnectionShares`; and what is held in reserve for those that join. */
export interface FullShares {
  readonly perThread: number;
  readonly starting: number;
  readonly reserve: number;
}

/** So much of the budget is held in reserve for threads that join before their first heartbeat. */
const reservedPart = 1 / 10;
/** For at least so many more threads, and those of one more replica, even if one connection each is more than that. */
const joiningPart = 1 / 2;

/**
 * The shares with which the whole budget is used, but for the reserve. One connection each is the least. The reserve is
 * for as many threads again as there are, if that is one connection each.
 */
export function fullShares({ fleetPerNode, threads, largest }: Counted): FullShares {
  const tenth = Math.floor(fleetPerNode * reservedPart);
  const joining = Math.max(largest, Math.ceil(threads * joiningPart), Math.min(threads, tenth));
  const reserved = Math.max(1, Math.floor(tenth / joining));
  const perThread = Math.max(1, Math.floor((fleetPerNode - joining * reserved) / threads));
  const starting = Math.min(reserved, perThread);
  return { perThread, starting, reserve: joining * starting };
}
