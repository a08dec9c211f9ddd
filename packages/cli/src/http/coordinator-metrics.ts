import type { ClusterRequestCount, RunningCoordinator } from "@rollcall/coordinator";
import type { NodeReport, ReplicaReport, ReportedNodeState, StatusReport } from "../status-report.js";

/** What the metrics are made of, at one moment. */
export interface CoordinatorScrape {
  readonly report: StatusReport;
  readonly coordinator: Pick<RunningCoordinator, "isLeading"> & { readonly isConnected: boolean };
  readonly clusterRequests: readonly ClusterRequestCount[];
  readonly eventStreams: number;
}

export interface CoordinatorSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric of `rollcall coordinator --http`. docs/metrics.md has a row for each. */
export interface CoordinatorMetric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** Besides `pool`, the name of the view. */
  readonly labels: readonly string[];
  samples(scrape: CoordinatorScrape): Iterable<CoordinatorSample>;
}

type View = NonNullable<StatusReport["view"]>;

const states = [
  "unverified",
  "healthy",
  "penalized",
  "slow-start",
  "draining",
  "down",
] as const satisfies ReportedNodeState[];
const roles = ["candidate", "external", "coordinator"] as const satisfies ReplicaReport["role"][];
const conditions = [
  ...(["well", "starting", "late", "failed"] as const),
  ...(["behind", "stale", "orphan"] as const),
] satisfies ReplicaReport["condition"][];
const threadStates = ["starting", "well", "late", "failed"] as const;
const freshnesses = ["fresh", "stale", "orphan"] as const;

/**
 * In the order of docs/metrics.md. Those that pools have too have the same names; what heartbeats say of the whole fleet
 * begins with `rollcall_fleet_`.
 */
export const coordinatorMetrics: readonly CoordinatorMetric[] = [
  gauge("rollcall_leader", "1 if this process leads, else 0", ({ coordinator }) => Number(coordinator.isLeading)),
  ofView("rollcall_view_age_seconds", "Since the last beat of the view", ({ ageMs }) => ageMs / 1_000),
  {
    name: "rollcall_view_freshness",
    type: "gauge",
    help: "1 for how far the view is trusted, else 0",
    labels: ["freshness"],
    *samples({ report: { state, view } }) {
      // A view that was given back is as fresh as its last beat.
      const shown = state === "released" ? "fresh" : state;
      if (view === null) return;
      for (const freshness of freshnesses) yield { labels: { freshness }, value: Number(freshness === shown) };
    },
  },
  ofView("rollcall_view_epoch", "The term of leadership that the view is of", ({ topology, marks }) =>
    Math.max(topology.epoch, marks.epoch),
  ),
  {
    name: "rollcall_view_sequence",
    type: "gauge",
    help: "The number of the document within its epoch",
    labels: ["document"],
    *samples({ report: { view } }) {
      if (view === null) return;
      yield { labels: { document: "topology" }, value: view.topology.sequence };
      yield { labels: { document: "marks" }, value: view.marks.sequence };
    },
  },
  ofView("rollcall_replicas", "Replicas that share the view, as its leader counts them", ({ replicas }) => replicas),

  gauge("rollcall_coordinator_redis_connected", "1 if Redis answered last, else 0", ({ coordinator }) =>
    Number(coordinator.isConnected),
  ),
  {
    name: "rollcall_coordinator_cluster_requests_total",
    type: "counter",
    help: "Probes and sniffs that this process has sent to nodes, by their result",
    labels: ["kind", "result"],
    *samples({ clusterRequests }) {
      for (const { kind, result, count } of clusterRequests) yield { labels: { kind, result }, value: count };
    },
  },
  gauge("rollcall_coordinator_event_streams", "Live pages that are open", ({ eventStreams }) => eventStreams),

  counts("rollcall_fleet_nodes", "Nodes of the view, by state", "state", states, ({ nodes }) =>
    nodes.map(({ state }) => state),
  ),
  {
    name: "rollcall_fleet_node_state",
    type: "gauge",
    help: "1 for the state that the view gives the node, else 0",
    labels: ["node", "state"],
    *samples({ report }) {
      for (const [node, group] of byAddress(report.nodes)) {
        for (const state of states) {
          yield { labels: { node, state }, value: Number(group.some((one) => one.state === state)) };
        }
      }
    },
  },
  ofNode("rollcall_fleet_node_attempts_per_second", "Attempts at the node, of all replicas", ({ traffic }) =>
    traffic === null ? 0 : traffic.perSecond,
  ),
  ofNode(
    "rollcall_fleet_node_errors_per_second",
    "Attempts without a whole answer, and answers with 429 or 5xx, of all replicas",
    ({ traffic }) => (traffic === null ? 0 : traffic.errorsPerSecond),
  ),
  {
    name: "rollcall_fleet_node_latency_seconds",
    type: "gauge",
    help: "Of the answers of the node to all replicas in the last seconds",
    labels: ["node", "percentile"],
    *samples({ report }) {
      for (const [node, group] of byAddress(report.nodes)) {
        for (const [percentile, field] of [["50", "p50Ms"] as const, ["99", "p99Ms"] as const]) {
          const values = group.flatMap(({ traffic }) => traffic?.[field] ?? []);
          if (values.length > 0) yield { labels: { node, percentile }, value: Math.max(...values) / 1_000 };
        }
      }
    },
  },
  ofNode("rollcall_fleet_node_active_requests", "Attempts in flight at the node, of all replicas", ({ traffic }) =>
    traffic === null ? 0 : traffic.inFlight,
  ),
  ofNode("rollcall_fleet_node_connections", "Open connections to the node, of all replicas", ({ traffic }) =>
    traffic === null ? 0 : traffic.sockets,
  ),
  ofNode("rollcall_fleet_node_ejected_by", "Replicas that have ejected the node", ({ ejectedBy }) => ejectedBy),
  ofNode(
    "rollcall_fleet_node_penalized_by",
    "Replicas that send the node few requests, because it is slow or fails",
    ({ avoidedBy }) => avoidedBy.filter(({ state }) => state === "penalized").length,
  ),

  {
    name: "rollcall_fleet_replicas",
    type: "gauge",
    help: "Replicas whose heartbeat is recent, by role and condition",
    labels: ["role", "condition"],
    *samples({ report: { replicas } }) {
      for (const role of roles) {
        for (const condition of conditions) {
          const found = replicas.filter((one) => one.role === role && one.condition === condition);
          yield { labels: { role, condition }, value: found.length };
        }
      }
    },
  },
  ofReplicas("rollcall_fleet_requests_per_second", "Requests of all replicas", (traffic) => traffic.perSecond),
  ofReplicas(
    "rollcall_fleet_failed_requests_per_second",
    "Requests of all replicas that were rejected",
    (traffic) => traffic.errorsPerSecond,
  ),
  ofReplicas(
    "rollcall_fleet_pending_requests",
    "Requests of all replicas that wait for a connection",
    (traffic) => traffic.queued,
  ),
  counts("rollcall_fleet_threads", "Worker threads of all replicas, by state", "state", threadStates, ({ replicas }) =>
    replicas.flatMap(({ threads }) => threads.map(({ state }) => state)),
  ),
];

function gauge(name: string, help: string, read: (scrape: CoordinatorScrape) => number): CoordinatorMetric {
  return { name, type: "gauge", help, labels: [], samples: (scrape) => [{ labels: {}, value: read(scrape) }] };
}

/** Without a view there is no series. */
function ofView(name: string, help: string, read: (view: View) => number): CoordinatorMetric {
  const samples = ({ report: { view } }: CoordinatorScrape) =>
    view === null ? [] : [{ labels: {}, value: read(view) }];
  return { name, type: "gauge", help, labels: [], samples };
}

function ofNode(name: string, help: string, read: (node: NodeReport) => number): CoordinatorMetric {
  return {
    ...{ name, type: "gauge", help, labels: ["node"] },
    *samples({ report }) {
      for (const [node, group] of byAddress(report.nodes)) yield { labels: { node }, value: sumOf(group.map(read)) };
    },
  };
}

function ofReplicas(
  name: string,
  help: string,
  read: (traffic: NonNullable<ReplicaReport["traffic"]>) => number,
): CoordinatorMetric {
  return gauge(name, help, ({ report: { replicas } }) =>
    sumOf(replicas.map(({ traffic }) => (traffic === null ? 0 : read(traffic)))),
  );
}

function counts<Word extends string>(
  name: string,
  help: string,
  label: string,
  words: readonly Word[],
  read: (report: StatusReport) => readonly Word[],
): CoordinatorMetric {
  return {
    ...{ name, type: "gauge", help, labels: [label] },
    *samples({ report }) {
      const found = read(report);
      for (const word of words) yield { labels: { [label]: word }, value: found.filter((one) => one === word).length };
    },
  };
}

/** While a node is replaced, the last one and the next have the same address, and so the same series. */
function byAddress(nodes: readonly NodeReport[]): ReadonlyMap<string, readonly NodeReport[]> {
  const groups = new Map<string, NodeReport[]>();
  for (const node of nodes) groups.set(node.address, [...(groups.get(node.address) ?? []), node]);
  return groups;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
