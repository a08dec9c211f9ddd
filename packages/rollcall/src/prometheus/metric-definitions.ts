import { errorCodes } from "@rollcall/core";
import type { NodeState, PoolStats } from "@rollcall/worker";
import type { AddressTotals } from "./nodes-by-address.js";
import type { Scrape } from "./registered-pool.js";
import { type ClassCounts, durationBounds } from "./request-counts.js";

/** One value. Every one has the label `pool` besides. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Of a part of a histogram or summary. */
  readonly metricName?: string;
}

/** A metric. Names, units and labels are part of the interface: docs/metrics.md has a row for each. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly help: string;
  /** Besides `pool`. */
  readonly labels: readonly string[];
  /** How the processes of Node's `cluster` module are put together; default "sum". */
  readonly aggregator?: "max";
  samples(scrape: Scrape): Iterable<Sample>;
}

const nodeStates: Readonly<Record<NodeState, true>> = {
  unverified: true,
  healthy: true,
  penalized: true,
  "slow-start": true,
  draining: true,
  down: true,
  ejected: true,
  unusable: true,
};
const freshnesses = ["fresh", "stale", "orphan"] as const;
const threadStates = ["starting", "well", "late", "failed"] as const;

/** In the order of docs/metrics.md. */
export const metricDefinitions: readonly MetricDefinition[] = [
  {
    name: "db_client_operation_duration_seconds",
    type: "histogram",
    help: "Time from the call to the answer or error of a request, by the last node it was sent to",
    labels: ["node", "class"],
    *samples({ requests }) {
      for (const { node, class: requestClass, counts } of requests.all()) {
        if (counts.requests > 0) yield* durations({ node, class: requestClass }, counts);
      }
    },
  },
  byClass(
    "rollcall_requests_total",
    "Requests that have settled, by their status or error code",
    "result",
    (counts) => [...counts.results],
  ),
  byClass("rollcall_retries_total", "Attempts that had a further one, by why", "reason", (counts) => [
    ...counts.retries,
  ]),
  {
    name: "rollcall_reroutes_total",
    type: "counter",
    help: "Attempts given up at a stalled node and sent to another",
    labels: ["node", "class"],
    *samples({ requests }) {
      for (const { node, class: requestClass, counts } of requests.all()) {
        if (node !== "") yield { labels: { node, class: requestClass }, value: counts.reroutes };
      }
    },
  },
  {
    name: "rollcall_errors_total",
    type: "counter",
    help: "Requests that failed, those of tasks included, by error code",
    labels: ["code"],
    *samples({ stats }) {
      for (const code of errorCodes) yield { labels: { code }, value: stats.errors[code] ?? 0 };
    },
  },
  ofPool(
    "rollcall_accepted_requests_total",
    "counter",
    "Requests accepted, those of tasks included",
    (stats) => stats.requests,
  ),
  ofPool("rollcall_pending_requests", "gauge", "Requests neither answered nor failed yet", (stats) => stats.pending),

  ofNode("rollcall_attempts_total", "counter", "Attempts at the node", (node) => node.requests),
  ofNode(
    "rollcall_attempt_failures_total",
    "counter",
    "Attempts that ended without a whole answer",
    (node) => node.failures,
  ),
  ofNode(
    "rollcall_error_statuses_total",
    "counter",
    "Answers of the node with 429 or 5xx",
    (node) => node.errorStatuses,
  ),
  ofNode("http_client_active_requests", "gauge", "Attempts in flight at the node", (node) => node.inFlight),
  {
    name: "db_client_connection_count",
    type: "gauge",
    help: "Open connections to the node",
    labels: ["node", "state"],
    *samples({ nodes }) {
      for (const { address: node, openSockets, inFlight } of nodes) {
        // An attempt whose connection is being opened is in flight, too.
        const used = Math.min(openSockets, inFlight);
        yield { labels: { node, state: "used" }, value: used };
        yield { labels: { node, state: "idle" }, value: openSockets - used };
      }
    },
  },
  {
    name: "db_client_connection_create_time_seconds",
    type: "summary",
    help: "Time to open a connection to the node, with TLS",
    labels: ["node"],
    *samples({ nodes }) {
      for (const { address: node, connects, connectMs } of nodes) {
        yield* countAndSum("db_client_connection_create_time_seconds", { node }, connects, connectMs);
      }
    },
  },
  {
    name: "rollcall_node_state",
    type: "gauge",
    help: "1 for the state that the node is in for this process, else 0",
    labels: ["node", "state"],
    *samples({ nodes }) {
      for (const { address: node, states } of nodes) {
        for (const state of Object.keys(nodeStates) as NodeState[]) {
          yield { labels: { node, state }, value: Number(states.includes(state)) };
        }
      }
    },
  },
  {
    ...ofNode(
      "rollcall_node_penalty",
      "gauge",
      "Requests that another node gets where this one gets one; 1: not penalized",
      (node) => node.penalty,
    ),
    aggregator: "max",
  },
  {
    name: "rollcall_ejections_total",
    type: "counter",
    help: "How often this process has ejected the node",
    labels: ["node"],
    *samples({ nodes, ejections }) {
      for (const { address: node } of nodes) yield { labels: { node }, value: ejections.get(node) ?? 0 };
    },
  },

  ofPool(
    "db_client_connection_pending_requests",
    "gauge",
    "Requests that wait for a connection",
    (stats) => stats.queued,
  ),
  {
    name: "db_client_connection_wait_time_seconds",
    type: "summary",
    help: "Time that requests have waited for a connection; those that did not wait are not counted",
    labels: [],
    samples: ({ stats }) => countAndSum("db_client_connection_wait_time_seconds", {}, stats.waits, stats.waitedMs),
  },
  ofPool(
    "rollcall_retry_budget_remaining",
    "gauge",
    "Retries that could be made at once",
    (stats) => stats.retriesLeft,
  ),

  {
    ...ofView("rollcall_view_age_seconds", "Since the last beat of the view in use", (view) => view.ageMs / 1_000),
    aggregator: "max",
  },
  {
    name: "rollcall_view_freshness",
    type: "gauge",
    help: "1 for how far the view is trusted, else 0",
    labels: ["freshness"],
    *samples({ stats: { view } }) {
      if (view === undefined) return;
      for (const freshness of freshnesses) yield { labels: { freshness }, value: Number(view.freshness === freshness) };
    },
  },
  {
    ...ofView("rollcall_view_epoch", "The term of leadership that the view is of", (view) => view.version.epoch),
    aggregator: "max",
  },
  {
    name: "rollcall_view_sequence",
    type: "gauge",
    help: "The number of the document within its epoch",
    labels: ["document"],
    aggregator: "max",
    *samples({ stats: { view } }) {
      if (view === undefined) return;
      yield { labels: { document: "topology" }, value: view.version.sequence };
      yield { labels: { document: "marks" }, value: view.marksVersion.sequence };
    },
  },
  ofView("rollcall_leader", "1 if this process leads, else 0", (view) => Number(view.isLeading)),
  {
    ...ofView("rollcall_replicas", "Replicas that share the view, as its leader counts them", (view) => view.replicas),
    aggregator: "max",
  },

  {
    name: "rollcall_threads",
    type: "gauge",
    help: "Worker threads, by state",
    labels: ["state"],
    *samples({ stats: { threads } }) {
      for (const state of threadStates) {
        yield { labels: { state }, value: threads.filter((thread) => thread.state === state).length };
      }
    },
  },
  ofThread("rollcall_thread_requests", "Requests that the lane of the thread has", (thread) => thread.calls),
  ofThread("rollcall_thread_tasks", "Tasks that the thread runs", (thread) => thread.tasks),
];

function ofPool(
  name: string,
  type: "counter" | "gauge",
  help: string,
  read: (stats: PoolStats) => number,
): MetricDefinition {
  return { name, type, help, labels: [], samples: ({ stats }) => [{ labels: {}, value: read(stats) }] };
}

function ofView(name: string, help: string, read: (view: NonNullable<PoolStats["view"]>) => number): MetricDefinition {
  const samples = ({ stats: { view } }: Scrape) => (view === undefined ? [] : [{ labels: {}, value: read(view) }]);
  return { name, type: "gauge", help, labels: [], samples };
}

function ofNode(
  name: string,
  type: "counter" | "gauge",
  help: string,
  read: (node: AddressTotals) => number,
): MetricDefinition {
  const samples = ({ nodes }: Scrape) => nodes.map((node) => ({ labels: { node: node.address }, value: read(node) }));
  return { name, type, help, labels: ["node"], samples };
}

function ofThread(
  name: string,
  help: string,
  read: (thread: PoolStats["threads"][number]) => number,
): MetricDefinition {
  const samples = ({ stats: { threads } }: Scrape) =>
    threads.map((thread) => ({ labels: { thread: thread.thread }, value: read(thread) }));
  return { name, type: "gauge", help, labels: ["thread"], samples };
}

function byClass(
  name: string,
  help: string,
  label: string,
  valuesOf: (counts: ClassCounts) => readonly (readonly [string, number])[],
): MetricDefinition {
  return {
    ...{ name, type: "counter", help, labels: ["node", "class", label] },
    *samples({ requests }) {
      for (const { node, class: requestClass, counts } of requests.all()) {
        for (const [key, value] of valuesOf(counts)) {
          yield { labels: { node, class: requestClass, [label]: key }, value };
        }
      }
    },
  };
}

function* durations(labels: Sample["labels"], counts: ClassCounts): Generator<Sample> {
  const name = "db_client_operation_duration_seconds";
  let sum = 0;
  for (const [at, count] of counts.buckets.entries()) {
    sum += count;
    yield { metricName: `${name}_bucket`, labels: { ...labels, le: durationBounds[at] ?? "+Inf" }, value: sum };
  }
  yield { metricName: `${name}_sum`, labels, value: counts.seconds };
  yield { metricName: `${name}_count`, labels, value: counts.requests };
}

function* countAndSum(name: string, labels: Sample["labels"], count: number, ms: number): Generator<Sample> {
  yield { metricName: `${name}_sum`, labels, value: ms / 1_000 };
  yield { metricName: `${name}_count`, labels, value: count };
}
