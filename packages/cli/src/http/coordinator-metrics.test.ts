import assert from "node:assert/strict";
import { it } from "node:test";
import { esNode, heartbeat, keyOf, nowMs, snapshotOf, thread, viewOf } from "../status.test.support.js";
import { reportStatus } from "../status-report.js";
import type { CoordinatorScrape } from "./coordinator-metrics.js";
import { CoordinatorRegistry } from "./coordinator-registry.js";

const scrapeOf = (snapshot: Parameters<typeof reportStatus>[0], given: Partial<CoordinatorScrape> = {}) => ({
  report: reportStatus(snapshot),
  coordinator: { isLeading: true, isConnected: true },
  clusterRequests: [{ kind: "probe", result: "failed", count: 3 } as const],
  eventStreams: 2,
  ...given,
});

/** The series of one scrape, without the label that all have. */
async function seriesOf(
  registry: CoordinatorRegistry,
  scrape: CoordinatorScrape,
): Promise<ReadonlyMap<string, number>> {
  const lines = (await registry.text(scrape)).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of lines) assert.match(line, /\{pool="logs"[,}]/);
  return new Map(
    lines.map((line) => {
      const [, name = "", value = ""] = /^(.*) (\S+)$/.exec(line.replace(/pool="logs",?/, "").replace("{}", "")) ?? [];
      return [name, Number(value)];
    }),
  );
}

const down = { kind: "down", sinceMs: nowMs - 5_000, reason: "connection refused" } as const;
const busy = heartbeat(1, {
  ejected: [keyOf(2)],
  avoids: [{ node: keyOf(1), state: "penalized", reason: "slow", forMs: 1, factor: 30 }],
  threads: [thread(0), thread(1, { state: "late" })],
  load: {
    ...{ overMs: 10_000, requests: 200, failed: 10, queued: 4 },
    nodes: [{ node: keyOf(1), requests: 210, errors: 20, latency: [0, 0, 210], inFlight: 5, sockets: 9 }],
  },
});

it("a coordinator's metrics say what the view, the heartbeats and the process itself say", async () => {
  const view = viewOf([esNode(1), esNode(2)], { [keyOf(2)]: down });
  const series = await seriesOf(new CoordinatorRegistry("logs"), scrapeOf(snapshotOf(view, [busy, heartbeat(2)])));
  for (const [name, expected] of Object.entries({
    rollcall_leader: 1,
    rollcall_view_age_seconds: 0.4,
    'rollcall_view_freshness{freshness="fresh"}': 1,
    'rollcall_view_freshness{freshness="stale"}': 0,
    rollcall_view_epoch: 7,
    'rollcall_view_sequence{document="marks"}': 12,
    rollcall_replicas: 3,
    rollcall_coordinator_redis_connected: 1,
    'rollcall_coordinator_cluster_requests_total{kind="probe",result="failed"}': 3,
    rollcall_coordinator_event_streams: 2,
    'rollcall_fleet_nodes{state="down"}': 1,
    'rollcall_fleet_nodes{state="penalized"}': 1,
    'rollcall_fleet_nodes{state="healthy"}': 0,
    'rollcall_fleet_nodes{state="draining"}': 0,
    'rollcall_fleet_node_state{node="10.0.0.2:9200",state="down"}': 1,
    'rollcall_fleet_node_state{node="10.0.0.2:9200",state="healthy"}': 0,
    'rollcall_fleet_node_attempts_per_second{node="10.0.0.1:9200"}': 21,
    'rollcall_fleet_node_errors_per_second{node="10.0.0.1:9200"}': 2,
    'rollcall_fleet_node_active_requests{node="10.0.0.1:9200"}': 5,
    'rollcall_fleet_node_connections{node="10.0.0.1:9200"}': 9,
    'rollcall_fleet_node_ejected_by{node="10.0.0.2:9200"}': 1,
    'rollcall_fleet_node_penalized_by{node="10.0.0.1:9200"}': 1,
    'rollcall_fleet_replicas{role="candidate",condition="late"}': 1,
    'rollcall_fleet_replicas{role="candidate",condition="well"}': 1,
    rollcall_fleet_requests_per_second: 20,
    rollcall_fleet_failed_requests_per_second: 1,
    rollcall_fleet_pending_requests: 4,
    'rollcall_fleet_threads{state="late"}': 1,
  })) {
    assert.equal(series.get(name), expected, name);
  }
  assert.ok((series.get('rollcall_fleet_node_latency_seconds{node="10.0.0.1:9200",percentile="99"}') ?? 0) > 0);
});

it("the series of a node that is gone end, and so do those of a view that is not there", async () => {
  const registry = new CoordinatorRegistry("logs");
  const both = await seriesOf(registry, scrapeOf(snapshotOf(viewOf([esNode(1), esNode(2)]), [busy])));
  const one = await seriesOf(registry, scrapeOf(snapshotOf(viewOf([esNode(1)]), [busy])));
  const none = await seriesOf(registry, scrapeOf(snapshotOf(undefined)));
  const about = (series: ReadonlyMap<string, number>, text: string) =>
    [...series.keys()].filter((name) => name.includes(text)).length;
  assert.deepEqual(
    [both, one, none].map((series) => about(series, "10.0.0.2")),
    [12, 0, 0],
  );
  assert.deepEqual(
    [both, one, none].map((series) => about(series, "rollcall_view_")),
    [7, 7, 0],
  );
  assert.equal(none.get("rollcall_leader"), 1);
});

it("two nodes at one address, as while one is replaced, make one series", async () => {
  const view = viewOf([esNode(1), { ...esNode(1), id: "id9" }], { [keyOf(1)]: down });
  const series = await seriesOf(new CoordinatorRegistry("logs"), scrapeOf(snapshotOf(view, [busy])));
  const state = (word: string) => series.get(`rollcall_fleet_node_state{node="10.0.0.1:9200",state="${word}"}`);
  assert.deepEqual([state("down"), state("healthy"), state("draining")], [1, 1, 0]);
});
