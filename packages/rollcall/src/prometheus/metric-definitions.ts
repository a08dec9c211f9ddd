import { errorCodes } from "@rollcall/core";
import type { NodeState, PoolStats } from "@rollcall/worker";
import type { AddressTotals } from "./nodes-by-address.js";
import type { Scrape } from "./registered-pool.js";
import { type ClassCounts, durationBounds } from "./request-counts.js";

/** One value. Every one has the label `pool` besides. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Of a histogram or summary. */
  readonly part?: "bucket" | "sum" | "count";
}

type Unit = "s" | `{${string}}` | undefined;

/**
 * A metric, as OpenTelemetry names it. Names, units and labels are part of the interface: docs/metrics.md and
 * docs/tracing.md have a row for each.
 */
export interface MetricDefinition {
  readonly name: string;
  /** In UCUM; absent for what has none. */
  readonly unit?: Unit;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly help: string;
  /** Of a summary, which OpenTelemetry does not have: the counters that take its place. */
  readonly counters?: { readonly count: string; readonly unit: Unit; readonly sum: string };
  /** Besides `pool`. */
  readonly labels: readonly string[];
  /** How the processes of Node's `cluster` module are put together; default "sum". */
  readonly aggregator?: "max";
  samples(scrape: Scrape): Iterable<Sample>;
}

/** The metric's name in Prometheus, by the rules of OpenTelemetry. */
export function prometheusName({ name, unit, type }: MetricDefinition): string {
  const words = name.replaceAll(".", "_");
  return `${words}${unit === "s" ? "_seconds" : ""}${type === "counter" ? "_total" : ""}`;
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

/** What is counted of hedges, by the label of each. */
const hedgeEvents = [
  ["sent", "sent"],
  ["won", "won"],
  ["lost", "lost"],
  ["given_up", "givenUp"],
  ["refused_balance", "refusedBalance"],
  ["refused_no_node", "refusedNoNode"],
] as const;

/** In the order of docs/metrics.md. */
export const metricDefinitions: readonly MetricDefinition[] = [
  {
    name: "db.client.operation.duration",
    unit: "s",
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
    "rollcall.requests",
    "{request}",
    "Requests that have settled, by their status or error code",
    "result",
    (counts) => [...counts.results],
  ),
  byClass("rollcall.retries", "{attempt}", "Attempts that had a further one, by why", "reason", (counts) => [
    ...counts.retries,
  ]),
  {
    name: "rollcall.reroutes",
    unit: "{attempt}",
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
    name: "rollcall.errors",
    unit: "{request}",
    type: "counter",
    help: "Requests that failed, those of tasks included, by error code",
    labels: ["code"],
    *samples({ stats }) {
      for (const code of errorCodes) yield { labels: { code }, value: stats.errors[code] ?? 0 };
    },
  },
  ofPool(
    "rollcall.accepted_requests",
    "{request}",
    "counter",
    "Requests accepted, those of tasks included",
    (stats) => stats.requests,
  ),
  ofPool(
    "rollcall.pending_requests",
    "{request}",
    "gauge",
    "Requests neither answered nor failed yet",
    (stats) => stats.pending,
  ),

  ofNode("rollcall.attempts", "{attempt}", "counter", "Attempts at the node", (node) => node.requests),
  ofNode(
    "rollcall.attempt.failures",
    "{attempt}",
    "counter",
    "Attempts that ended without a whole answer",
    (node) => node.failures,
  ),
  ofNode(
    "rollcall.error_statuses",
    "{answer}",
    "counter",
    "Answers of the node with 429 or 5xx",
    (node) => node.errorStatuses,
  ),
  ofNode(
    "http.client.active_requests",
    "{request}",
    "gauge",
    "Attempts in flight at the node",
    (node) => node.inFlight,
  ),
  {
    name: "db.client.connection.count",
    unit: "{connection}",
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
    name: "db.client.connection.create_time",
    unit: "s",
    type: "summary",
    counters: { count: "rollcall.connection.creations", unit: "{connection}", sum: "rollcall.connection.create_time" },
    help: "Time to open a connection to the node, with TLS",
    labels: ["node"],
    *samples({ nodes }) {
      for (const { address: node, connects, connectMs } of nodes) {
        yield* countAndSum({ node }, connects, connectMs);
      }
    },
  },
  {
    name: "rollcall.node.state",
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
      "rollcall.node.penalty",
      undefined,
      "gauge",
      "Requests that another node gets where this one gets one; 1: not penalized",
      (node) => node.penalty,
    ),
    aggregator: "max",
  },
  {
    name: "rollcall.ejections",
    unit: "{ejection}",
    type: "counter",
    help: "How often this process has ejected the node",
    labels: ["node"],
    *samples({ nodes, ejections }) {
      for (const { address: node } of nodes) yield { labels: { node }, value: ejections.get(node) ?? 0 };
    },
  },

  ofPool(
    "db.client.connection.pending_requests",
    "{request}",
    "gauge",
    "Requests that wait for a connection",
    (stats) => stats.queued,
  ),
  {
    name: "db.client.connection.wait_time",
    unit: "s",
    type: "summary",
    counters: { count: "rollcall.connection.waits", unit: "{request}", sum: "rollcall.connection.wait_time" },
    help: "Time that requests have waited for a connection; those that did not wait are not counted",
    labels: [],
    samples: ({ stats }) => countAndSum({}, stats.waits, stats.waitedMs),
  },
  {
    ...ofPool(
      "rollcall.queue.expected_wait",
      "s",
      "gauge",
      "How long a request that comes now would wait, in the thread where that is longest",
      (stats) => stats.queue.expectedWaitMs / 1_000,
    ),
    aggregator: "max",
  },
  {
    ...ofPool(
      "rollcall.queue.debt",
      "s",
      "gauge",
      "How long requests have been waiting, less a quarter of the time in which none did, in the thread where that is longest",
      (stats) => stats.queue.debtMs / 1_000,
    ),
    aggregator: "max",
  },
  ofPool(
    "rollcall.in_flight.limit",
    "{attempt}",
    "gauge",
    "Attempts that may be in flight, as an adaptive queue limits them; 0 without one",
    (stats) => stats.queue.inFlightMax,
  ),
  {
    name: "rollcall.refused_requests",
    unit: "{request}",
    type: "counter",
    help: "Requests refused as they arrived, by why",
    labels: ["reason"],
    *samples({ stats: { queue } }) {
      for (const [reason, value] of Object.entries(queue.refused)) yield { labels: { reason }, value };
    },
  },
  ofPool(
    "rollcall.retry_budget.remaining",
    "{retry}",
    "gauge",
    "Retries that could be made at once",
    (stats) => stats.retriesLeft,
  ),
  {
    name: "rollcall.hedges",
    unit: "{hedge}",
    type: "counter",
    help: "Hedges of Reads that waited too long: sent, what came of them, and those refused",
    labels: ["event"],
    *samples({ stats: { hedges } }) {
      if (hedges === undefined) return;
      for (const [event, count] of hedgeEvents) yield { labels: { event }, value: hedges[count] };
    },
  },
  {
    name: "rollcall.hedge.lost_time",
    unit: "s",
    type: "summary",
    counters: { count: "rollcall.hedge.losses", unit: "{hedge}", sum: "rollcall.hedge.lost_time" },
    help: "Time that hedges ran which were of no use",
    labels: [],
    *samples({ stats: { hedges } }) {
      if (hedges !== undefined) yield* countAndSum({}, hedges.lost + hedges.givenUp, hedges.lostMs);
    },
  },
  {
    name: "rollcall.hedge.lost_share",
    type: "gauge",
    help: "That time, as a part of the time that answers took to Reads that may be hedged",
    labels: [],
    aggregator: "max",
    *samples({ stats: { hedges } }) {
      if (hedges !== undefined) yield { labels: {}, value: hedges.lostMs / Math.max(1, hedges.answeredMs) };
    },
  },
  {
    name: "rollcall.hedge.delay",
    unit: "s",
    type: "gauge",
    help: "How long a Read of that method and path waits before it is hedged",
    labels: ["template"],
    aggregator: "max",
    *samples({ stats: { hedges } }) {
      for (const [template, delayMs] of Object.entries(hedges?.delaysMs ?? {})) {
        yield { labels: { template }, value: delayMs / 1_000 };
      }
    },
  },

  {
    ...ofView("rollcall.view.age", "s", "Since the last beat of the view in use", (view) => view.ageMs / 1_000),
    aggregator: "max",
  },
  {
    name: "rollcall.view.freshness",
    type: "gauge",
    help: "1 for how far the view is trusted, else 0",
    labels: ["freshness"],
    *samples({ stats: { view } }) {
      if (view === undefined) return;
      for (const freshness of freshnesses) yield { labels: { freshness }, value: Number(view.freshness === freshness) };
    },
  },
  {
    ...ofView(
      "rollcall.view.epoch",
      undefined,
      "The term of leadership that the view is of",
      (view) => view.version.epoch,
    ),
    aggregator: "max",
  },
  {
    name: "rollcall.view.sequence",
    unit: "{document}",
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
  ofView("rollcall.leader", undefined, "1 if this process leads, else 0", (view) => Number(view.isLeading)),
  {
    ...ofView(
      "rollcall.replicas",
      "{replica}",
      "Replicas that share the view, as its leader counts them",
      (view) => view.replicas,
    ),
    aggregator: "max",
  },

  {
    name: "rollcall.threads",
    unit: "{thread}",
    type: "gauge",
    help: "Worker threads, by state",
    labels: ["state"],
    *samples({ stats: { threads } }) {
      for (const state of threadStates) {
        yield { labels: { state }, value: threads.filter((thread) => thread.state === state).length };
      }
    },
  },
  ofThread(
    "rollcall.thread.requests",
    "{request}",
    "Requests that the lane of the thread has",
    (thread) => thread.calls,
  ),
  ofThread("rollcall.thread.tasks", "{task}", "Tasks that the thread runs", (thread) => thread.tasks),
];

function ofPool(
  name: string,
  unit: Unit,
  type: "counter" | "gauge",
  help: string,
  read: (stats: PoolStats) => number,
): MetricDefinition {
  return { name, unit, type, help, labels: [], samples: ({ stats }) => [{ labels: {}, value: read(stats) }] };
}

function ofView(
  name: string,
  unit: Unit,
  help: string,
  read: (view: NonNullable<PoolStats["view"]>) => number,
): MetricDefinition {
  const samples = ({ stats: { view } }: Scrape) => (view === undefined ? [] : [{ labels: {}, value: read(view) }]);
  return { name, unit, type: "gauge", help, labels: [], samples };
}

function ofNode(
  name: string,
  unit: Unit,
  type: "counter" | "gauge",
  help: string,
  read: (node: AddressTotals) => number,
): MetricDefinition {
  const samples = ({ nodes }: Scrape) => nodes.map((node) => ({ labels: { node: node.address }, value: read(node) }));
  return { name, unit, type, help, labels: ["node"], samples };
}

function ofThread(
  name: string,
  unit: Unit,
  help: string,
  read: (thread: PoolStats["threads"][number]) => number,
): MetricDefinition {
  const samples = ({ stats: { threads } }: Scrape) =>
    threads.map((thread) => ({ labels: { thread: thread.thread }, value: read(thread) }));
  return { name, unit, type: "gauge", help, labels: ["thread"], samples };
}

function byClass(
  name: string,
  unit: Unit,
  help: string,
  label: string,
  valuesOf: (counts: ClassCounts) => readonly (readonly [string, number])[],
): MetricDefinition {
  return {
    ...{ name, unit, type: "counter", help, labels: ["node", "class", label] },
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
  let sum = 0;
  for (const [at, count] of counts.buckets.entries()) {
    sum += count;
    yield { part: "bucket", labels: { ...labels, le: durationBounds[at] ?? "+Inf" }, value: sum };
  }
  yield { part: "sum", labels, value: counts.seconds };
  yield { part: "count", labels, value: counts.requests };
}

function* countAndSum(labels: Sample["labels"], count: number, ms: number): Generator<Sample> {
  yield { part: "sum", labels, value: ms / 1_000 };
  yield { part: "count", labels, value: count };
}
