import { present } from "@rollcall/core";
import type { ClusterState } from "../cluster-state/cluster-state.js";
import type { Workload } from "../cluster-state/replica-heartbeat.js";
import type { TableTotals } from "../table/totals.js";
import type { Activity } from "./activity.js";
import type { OpenedSender } from "./senders.js";
import type { ThreadStatus } from "./stats.js";

/** What the threads of a pool do, for its status and its heartbeats. */
export class ThreadStatuses implements Workload {
  constructor(
    private readonly count: number,
    private readonly opened: OpenedSender,
    private readonly state: Pick<ClusterState, "topologyOf">,
    private readonly totals: TableTotals,
    private readonly activity: Activity,
  ) {}

  threads(): ThreadStatus[] {
    const up = new Map(this.opened.lanes?.threads().map((status) => [status.thread, status]));
    return Array.from({ length: this.count }, (_, thread): ThreadStatus => {
      const status = up.get(thread);
      if (status === undefined) return { thread, calls: 0, tasks: 0, state: "starting" };
      const { list, calls, tasks, isLate } = status;
      const topology = this.state.topologyOf(list);
      return { thread, ...present({ topology }), calls, tasks, state: isLate ? "late" : "well" };
    });
  }

  answered(): number {
    return this.activity.totals.answered + this.totals.ofThreads.answered;
  }
}
