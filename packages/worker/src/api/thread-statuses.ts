import type { OwnRequests } from "@rollcall/coordinator";
import { present } from "@rollcall/core";
import type { ThreadHeartbeat } from "@rollcall/core/view";
import type { ClusterState } from "../cluster-state/cluster-state.js";
import type { TableTotals } from "../table/totals.js";
import type { Activity } from "./activity.js";
import type { OpenedSender } from "./senders.js";
import type { ThreadStatus } from "./stats.js";

/** What the threads of a pool do, for its status and its heartbeats. */
export class ThreadStatuses {
  constructor(
    private readonly count: number,
    private readonly opened: OpenedSender,
    private readonly state: Pick<ClusterState, "topologyOf">,
    private readonly totals: TableTotals,
    private readonly activity: Activity,
  ) {}

  threads(): ThreadHeartbeat[] {
    return this.statuses().map(({ reason: _, ...heartbeat }) => heartbeat);
  }

  /** With the reasons of those that cannot start. */
  statuses(): ThreadStatus[] {
    const { threading } = this.opened;
    if (threading === undefined || threading.hasFallenBack) return [];
    const up = new Map(threading.lanes.threads().map((status) => [status.thread, status]));
    const failures = [...threading.threads.failures];
    return Array.from({ length: this.count }, (_, thread): ThreadStatus => {
      const status = up.get(thread);
      if (status === undefined) {
        const reason = failures.shift();
        const state = reason === undefined ? "starting" : "failed";
        return { thread, calls: 0, tasks: 0, state, ...present({ reason }) };
      }
      const { list, calls, tasks, isLate } = status;
      const topology = this.state.topologyOf(list);
      return { thread, ...present({ topology }), calls, tasks, state: isLate ? "late" : "well" };
    });
  }

  /** Those of the application and those of tasks. */
  requests(): OwnRequests {
    const { pendingRequests, totals } = this.activity;
    const { requests, answered, failed } = this.totals.ofThreads;
    return { begun: totals.requests + requests, pending: pendingRequests + requests - answered - failed };
  }

  answered(): number {
    return this.activity.totals.answered + this.totals.ofThreads.answered;
  }
}
