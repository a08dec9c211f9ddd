import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Heartbeat, View } from "@rollcall/core/view";
import { Registry } from "prom-client";
import { registerMetrics } from "rollcall/prometheus";
import { mockPool } from "rollcall/testing";
import { coordinatorMetrics } from "#cli/http/coordinator-metrics";
import { CoordinatorRegistry } from "#cli/http/coordinator-registry";
import { reportStatus } from "#cli/status-report";
import { metricDefinitions, prometheusName } from "#rollcall/prometheus/metric-definitions";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, "utf8");

const alerts = read("ops/prometheus-alerts.yml");
const alertNames = [...alerts.matchAll(/- alert: (\w+)$/gm)].map(([, name = ""]) => name);
const rules = [...alerts.matchAll(/^ +expr: (?:\|\n((?: {10}.*\n)+)|(.+)$)/gm)].map(
  ([, block, line = ""]) => block ?? line,
);
const dashboard = JSON.parse(read("ops/grafana-dashboard.json")) as unknown;
const queries = textsOf(dashboard, "expr");
const variables = textsOf(dashboard, "query").flatMap((text) => /^label_values\((.+), \w+\)$/.exec(text)?.[1] ?? []);

const poolMetrics = metricDefinitions.map((metric) => ({ ...metric, name: prometheusName(metric) }));

/** By each name that a query may use: the labels of its series. */
const series = new Map(
  [...coordinatorMetrics, ...poolMetrics].flatMap(({ name, type, labels }): [string, readonly string[]][] => {
    const own = [...labels, "pool"];
    if (type === "counter" || type === "gauge") return [[name, own]];
    const parts: [string, readonly string[]][] = [`${name}_sum`, `${name}_count`].map((part) => [part, own]);
    return type === "summary" ? parts : [...parts, [`${name}_bucket`, [...own, "le"]]];
  }),
);

for (const [table, metrics] of [
  ["metrics", poolMetrics],
  ["coordinator metrics", coordinatorMetrics],
] as const) {
  it(`docs/metrics.md has a row for each of its ${table}, with type and labels, and each has a unit in its name`, () => {
    const [, rest = ""] = read("docs/metrics.md").split(`<!-- table: ${table} -->\n`);
    const [lines = ""] = rest.split("\n\n");
    const rows = lines
      .split("\n")
      .slice(2)
      .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));
    assert.deepEqual(
      rows.map(([, name, type, labels]) => [name, type, labels]),
      metrics.map(({ name, type, labels }) => [name, type, labels.join(", ")]),
    );
    for (const [, name = "", type, , unit] of rows) {
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.equal(name.endsWith("_seconds"), unit === "seconds", name);
    }
  });
}

it("alert rules and dashboard use only metrics and labels that there are", () => {
  assert.equal(rules.length, alertNames.length);
  assert.ok(rules.length >= 10 && queries.length >= 30 && variables.length === 3);
  for (const expression of [...rules, ...queries, ...variables]) {
    assert.deepEqual(unknownIn(expression), [], expression);
  }
  for (const wrong of ['rate(rollcall_request_total{pool="a"}[5m])', "sum by (nodes) (rollcall_leader)"]) {
    assert.equal(unknownIn(wrong).length, 1, wrong);
  }
  for (const wrong of ['rollcall_node_state{state="dead"}', 'rollcall_leader{node="a"}']) {
    assert.equal(unknownIn(wrong).length, 1, wrong);
  }
});

it("every metric is on the dashboard", () => {
  const shown = queries.join("\n");
  const names = [...poolMetrics, ...coordinatorMetrics].map(({ name }) => name);
  const missing = names.filter((name) => !shown.includes(name));
  assert.deepEqual(missing, []);
});

it("each alert has an entry in docs/operations.md, to which it links, and says what is wrong", () => {
  const entries = [...read("docs/operations.md").matchAll(/^### (Rollcall\w+)$/gm)].map(([, name]) => name);
  assert.deepEqual(entries, alertNames);
  for (const name of alertNames) assert.ok(alerts.includes(`docs/operations.md#${name.toLowerCase()}\n`), name);
  assert.equal(alerts.match(/^ +summary: ".+"$/gm)?.length, alertNames.length);
});

const hasPromtool = spawnSync("promtool", ["--version"]).error === undefined;

it("promtool reads the alert rules and the metrics of a pool, and finds nothing but a name of OpenTelemetry", {
  skip: !hasPromtool && "promtool is not installed; Debian has it in the package prometheus",
}, async () => {
  await using pool = mockPool();
  pool.answer("* /*", {});
  const registry = new Registry();
  registerMetrics(pool, registry);
  await pool.request({ method: "GET", path: "/_count" });
  const checked = spawnSync("promtool", ["check", "rules", `${root}ops/prometheus-alerts.yml`], { encoding: "utf8" });
  assert.equal(checked.status, 0, checked.stderr);
  const complaintsOf = (input: string) => {
    const linted = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
    return linted.stderr.split("\n").filter((line) => line !== "");
  };
  const ofPool = complaintsOf(await registry.metrics());
  assert.deepEqual(
    ofPool.map((line) => line.split(" ")[0]),
    ["db_client_connection_count"],
  );
  assert.deepEqual(complaintsOf(await coordinatorText()), []);
});

/** What a coordinator shows of a view with one node. */
function coordinatorText(): Promise<string> {
  const version = { epoch: 7, leader: "r1", sequence: 1 };
  const view: View = {
    topology: { version, source: "sniff", nodes: [{ id: "a", host: "es1", port: 9200 }] },
    marks: { version, nodes: {} },
    head: { topology: version, marks: version, beat: 1, atMs: 1, replicas: 1 },
  };
  const load = { node: "a@es1:9200", requests: 9, errors: 0, latency: [9], inFlight: 1, sockets: 1 };
  const heartbeat: Heartbeat = {
    ...{ replica: "r1", host: "app", pid: 1, role: "candidate", leading: true, freshness: "fresh", ejected: [] },
    threads: [{ thread: 0, calls: 0, tasks: 0, state: "well" }],
    load: { overMs: 1_000, requests: 9, failed: 0, queued: 0, nodes: [load] },
  };
  return new CoordinatorRegistry("logs").text({
    report: reportStatus({
      ...{ name: "logs", redis: "", warnings: [], heartbeats: [heartbeat] },
      seen: { kind: "view", view, nowMs: 2 },
    }),
    coordinator: { isLeading: true, isConnected: true },
    clusterRequests: [{ kind: "probe", result: "2xx", count: 1 }],
    eventStreams: 0,
  });
}

/** What the expression names that does not exist: metrics, labels, and values of labels that are closed sets. */
function unknownIn(expression: string): string[] {
  const unknown: string[] = [];
  const bare = expression.replace(/([a-z_]+)\{([^}]*)\}/g, (_, name: string, matchers: string) => {
    for (const [, label = "", , value = ""] of matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)) {
      if (!(series.get(name)?.includes(label) ?? true) && label !== "instance") unknown.push(`${name}{${label}}`);
      const allowed = closedSets.get(`${name}.${label}`);
      if (allowed !== undefined) unknown.push(...value.split("|").filter((one) => !allowed.has(one)));
    }
    return name;
  });
  const withoutGroups = bare.replace(/\bby \(([^)]*)\)/g, (_, labels: string) => {
    unknown.push(...labels.split(/, */).filter((label) => !allLabels.has(label)));
    return "";
  });
  const names = withoutGroups.replace(/\[[^\]]*\]/g, "").match(/\b[a-z_]\w*\b(?! *\()/g) ?? [];
  return [...unknown, ...names.filter((name) => name !== "or" && name !== "and" && !series.has(name))];
}

/** All values of a label, where there are few. */
const closedSets = new Map([
  [
    "rollcall_node_state.state",
    new Set("unverified healthy penalized slow-start draining down ejected unusable".split(" ")),
  ],
  ["rollcall_fleet_threads.state", new Set("starting well late failed".split(" "))],
  ["rollcall_fleet_nodes.state", new Set("unverified healthy slow-start draining down".split(" "))],
  ["rollcall_threads.state", new Set("starting well late failed".split(" "))],
  ["rollcall_view_freshness.freshness", new Set("fresh stale orphan".split(" "))],
  ["rollcall_errors_total.code", new Set("ABORTED CLOSED".split(" "))],
]);
const allLabels = new Set(["instance", ...[...series.values()].flat()]);

/** The texts that stand under this name, however deep. */
function textsOf(tree: unknown, name: string): string[] {
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([key, value]) =>
    key === name && typeof value === "string" ? [value] : textsOf(value, name),
  );
}
