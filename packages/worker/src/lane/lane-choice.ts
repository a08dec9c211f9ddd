import type { Timers } from "@rollcall/core";
import { beatMs } from "@rollcall/core/health";
import type { Lane } from "./lane.js";
import type { ThreadRows } from "./thread-rows.js";

/** A thread whose heartbeat is later than this is busy with something else: the others get the requests. */
const lateHeartbeatMs = 100;

/** Chooses the thread for a request. */
export class LaneChoice {
  /** This process did not run before this time: a heartbeat that was missed then says nothing. */
  private trustedSinceMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly rows: ThreadRows,
    private readonly timers: Timers,
  ) {}

  /** This process itself has just run again after a pause. */
  noteOwnPause(nowMs: number): void {
    this.trustedSinceMs = nowMs;
  }

  isLate(lane: Lane, nowMs: number): boolean {
    return Math.min(this.rows.msSinceBeat(lane, nowMs), nowMs - this.trustedSinceMs) > beatMs + lateHeartbeatMs;
  }

  /**
   * The thread with the fewest requests: of the threads on time without a task, else of those on time, else of all. A
   * thread that has `bound` requests is never chosen.
   */
  next(lanes: readonly Lane[], bound: number): Lane | undefined {
    const [only] = lanes;
    if (lanes.length === 1 && only !== undefined) return only.hasRoom(bound) ? only : undefined;
    const nowMs = this.timers.nowMs();
    let best: Lane | undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const lane of lanes) {
      if (!lane.hasRoom(bound)) continue;
      const rank = this.isLate(lane, nowMs) ? 2 : lane.tasks > 0 ? 1 : 0;
      if (best !== undefined && (rank > bestRank || (rank === bestRank && lane.load >= best.load))) continue;
      best = lane;
      bestRank = rank;
    }
    return best;
  }
}
