import { type Clock, errorCodes, present } from "@rollcall/core";
import { penalizedAbove } from "@rollcall/core/selection";
import { addressOf } from "@rollcall/core/view";
import type { ClusterState } from "../cluster-state/cluster-state.js";
import type { ConnectionShare } from "../cluster-state/connection-share.js";
import type { ViewSource } from "../cluster-state/view-source.js";
import type { Sender } from "../dispatch/sender.js";
import type { TablePenalties } from "../table/penalties.js";
import type { RecentTraffics } from "../table/recent-traffic.js";
import type { ErrorCounts, TableTotals } from "../table/totals.js";
import type { Activity } from "./activity.js";
import { nodeRates } from "./node-rates.js";
import { isServing, type NodeStatus } from "./node-status.js";
import type { HedgeStats, PoolStats, ViewStatus } from "./stats.js";
import type { ThreadStatuses } from "./thread-statuses.js";

export interface StatusParts {
  readonly state: ClusterState;
  readonly view: ViewSource;
  readonly sender: Sender;
  readonly totals: TableTotals;
  readonly penalties: TablePenalties;
  readonly traffics: Pick<RecentTraffics, "of" | "ofPool">;
  readonly activity: Activity;
  readonly threads: ThreadStatuses;
  readonly connectionShare: Pick<ConnectionShare, "status"> | undefined;
  readonly clock: Clock;
  /** By template; absent where no Read is hedged. */
  readonly hedgeDelays?: ReadonlyMap<string, number>;
}

/** What a pool shows of itself. */
export class PoolStatus {
  constructor(private readonly parts: StatusParts) {}

  nodes(): NodeStatus[] {
    const { state, totals, penalties, traffics, clock } = this.parts;
    const nowMs = clock.nowMs();
    const nodes = state.nodes();
    const traffic = nodeRates(
      nodes.map(({ slot }) => slot),
      traffics,
    );
    return nodes.map(({ slot, tier, record, url, standing, preferred }) => {
      const { sinceMs, reason, by } = standing;
      const penalty = isServing(standing.state) ? penalties.of(slot, nowMs) : undefined;
      const forMs = sinceMs === undefined ? undefined : Math.max(0, Math.round(nowMs - sinceMs));
      const { name, id, roles, version } = record;
      const totalsOfNode = totals.ofNode(slot);
      // One copy without spreads: there may be thousands of nodes.
      return present({
        address: addressOf(record),
        url,
        name,
        id: id === "" ? undefined : id,
        roles,
        version,
        tier,
        preferred: preferred ? (true as const) : undefined,
        state: standing.state,
        reason,
        forMs,
        by,
        penalty: penalty === undefined || penalty.factor <= penalizedAbove ? undefined : penalty,
        traffic: traffic.get(slot),
        openSockets: totalsOfNode.openSockets,
        inFlight: totalsOfNode.inFlight,
        errorStatuses: totalsOfNode.errorStatuses,
        failures: totalsOfNode.failures,
        answers: totalsOfNode.answers,
        requests: totalsOfNode.requests,
        connects: totalsOfNode.connects,
        connectMs: totalsOfNode.connectMs,
      });
    });
  }

  stats(): PoolStats {
    const { sender, totals, activity, threads } = this.parts;
    const { requests, answered, failed } = activity.totals;
    const ofThreads = totals.ofThreads;
    return {
      requests: requests + ofThreads.requests,
      answered: answered + ofThreads.answered,
      failed: failed + ofThreads.failed,
      errors: summed(activity.errors, ofThreads.errors),
      pending: activity.pendingRequests + ofThreads.requests - ofThreads.answered - ofThreads.failed,
      inFlight: totals.inFlight,
      queued: sender.stats().queued,
      retries: ofThreads.retries,
      retriesLeft: ofThreads.retriesLeft,
      waits: ofThreads.waits,
      waitedMs: ofThreads.waitedMs,
      queue: {
        expectedWaitMs: ofThreads.expectedWaitMs,
        inFlightMax: ofThreads.inFlightMax,
        debtMs: ofThreads.debtMs,
        refused: ofThreads.refused,
      },
      ...present({ view: this.view(), connections: this.parts.connectionShare?.status, hedges: this.hedges() }),
      nodes: this.nodes(),
      threads: threads.statuses(),
    };
  }

  private hedges(): HedgeStats | undefined {
    const { hedgeDelays, totals } = this.parts;
    return hedgeDelays === undefined ? undefined : { ...totals.hedges, delaysMs: Object.fromEntries(hedgeDelays) };
  }

  private view(): ViewStatus | undefined {
    const { state, view } = this.parts;
    if (state.view === undefined) return undefined;
    const { topology, marks, head } = state.view;
    const { clusterUuid, clusterName } = topology;
    const leftMs = Math.round((marks.pause?.untilMs ?? 0) - view.nowMs());
    const pausedForMs = leftMs > 0 ? leftMs : undefined;
    return {
      version: topology.version,
      marksVersion: marks.version,
      source: topology.source,
      freshness: view.freshness,
      ageMs: Math.max(0, Math.round(view.ageMs)),
      isLeading: view.isLeading,
      replicas: head.replicas,
      ...present({ clusterUuid, clusterName, pausedForMs }),
    };
  }
}

function summed(a: ErrorCounts, b: ErrorCounts): ErrorCounts {
  const counts = errorCodes.map((code) => [code, (a[code] ?? 0) + (b[code] ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
