import { printable } from "@rollcall/core";
import { figure } from "@rollcall/core/selection";
import { sanitizeForLog } from "@rollcall/core/sniff";
import { operatorText } from "@rollcall/core/view";
import { durationText } from "./duration-text.js";
import { roleLegend, shortRoles } from "./short-roles.js";
import type {
  Applied,
  Condition,
  NodeReport,
  OperationInForce,
  ReplicaReport,
  StatusReport,
  StatusState,
  ThreadReport,
} from "./status-report.js";
import { type Health, healthOf } from "./status-verdict.js";
import { entry, type Paint, type Style } from "./text-layout.js";
import type { TrafficReport } from "./traffic-report.js";

/** How many of each are shown one by one; the rest is counted. */
const shownMax = { marked: 40, healthy: 15, replicas: 25, ejected: 5, avoided: 3 };

const labelWidth = "slow-start".length;

/** The report for a terminal of 80 columns. Ends with a line break. In a large cluster, problems are shown first. */
export function showStatus(report: StatusReport, paint: Paint): string {
  const { view, nodes } = report;
  const sections = [
    ["View", viewEntries(report, paint)],
    ...(view === null ? [] : [["Nodes", nodeEntries(nodes, paint)] as const]),
    ["Replicas", replicaEntries(report, paint)],
  ] as const;
  return `${sections.map(([heading, entries]) => [paint("heading", heading), ...entries].join("\n")).join("\n\n")}\n`;
}

const row = (label: string, ...paragraphs: string[]) => entry(label, labelWidth, paragraphs);

// The view

type StatusView = NonNullable<StatusReport["view"]>;

const stateStyles: Readonly<Record<StatusState, Style>> = {
  fresh: "good",
  stale: "caution",
  released: "bad",
  orphan: "bad",
  none: "bad",
  away: "bad",
};

const healthStyles: Readonly<Record<Health, Style>> = { well: "good", degraded: "caution", failing: "bad" };

function viewEntries(
  { state, atMs, summary, troubles, warnings, redis, view, replicas }: StatusReport,
  paint: Paint,
): readonly string[] {
  const verdict = entry(state, labelWidth, [summary], (label) => paint(stateStyles[state], label));
  const warned = warnings.map((text) => entry("warning", labelWidth, [text], (label) => paint("caution", label)));
  const wrong = troubles.filter(({ kind }) => kind !== "view");
  const health = healthOf(wrong);
  const texts = wrong.map(({ text }) => sanitizeForLog(text));
  const trouble =
    wrong.length === 0 ? [] : [entry(health, labelWidth, texts, (label) => paint(healthStyles[health], label))];
  if (view === null) return [verdict, ...warned];
  const { topology, marks, beat, source, clusterName, clusterUuid, leader, pause, connections } = view;
  const cluster =
    clusterUuid === null
      ? "not verified yet"
      : `${clusterName === null ? "without name" : sanitizeForLog(clusterName)}  uuid ${sanitizeForLog(clusterUuid)}`;
  const leads = `leads for ${durationText(leader.forMs)}`;
  const leading = replicas.filter(({ isLeading }) => isLeading).length;
  return [
    verdict,
    ...trouble,
    ...warned,
    ...(atMs === null ? [] : [row("time", `${new Date(atMs).toISOString()}, by the clock of Redis`)]),
    row("redis", redis),
    row("version", `epoch ${topology.epoch}: topology ${topology.sequence}, marks ${marks.sequence}, beat ${beat}`),
    row(
      "leader",
      leader.host === null
        ? `${sanitizeForLog(leader.id)}, which sent no heartbeat; ${leads}`
        : `${sanitizeForLog(leader.host)} (pid ${leader.pid}), ${leads}`,
      ...(leading > 1 ? [`${leading} replicas say that they lead; Redis lets only one of them publish`] : []),
    ),
    row("cluster", cluster),
    ...(pause === null ? [] : [row("pause", `down marks are ignored: ${operationText("paused", pause)}`)]),
    ...(connections === null ? [] : [row("budget", budgetText(connections))]),
    row("list", sourceTexts[source]),
  ];
}

function budgetText({ fleetPerNode, perThread, starting, threads }: NonNullable<StatusView["connections"]>): string {
  const shares = `${perThread} for each of ${threads} threads, ${starting} for one that starts`;
  return `at most ${fleetPerNode} connections to a node: ${shares}`;
}

const sourceTexts = {
  sniff: "from the cluster",
  dns: "the addresses of the configured names",
  seeds: "the configured addresses alone",
};

// Nodes

const nodeStyles: Readonly<Record<NodeReport["state"], Style>> = {
  healthy: "good",
  penalized: "caution",
  unverified: "caution",
  "slow-start": "caution",
  draining: "caution",
  down: "bad",
};

function nodeEntries(nodes: readonly NodeReport[], paint: Paint): readonly string[] {
  const marked = nodes.filter(({ state }) => state !== "healthy");
  const healthy = nodes.filter(({ state }) => state === "healthy");
  const shown = [...marked.slice(0, shownMax.marked), ...healthy.slice(0, shownMax.healthy)];
  const legend = roleLegend(shown.flatMap(({ roles }) => roles ?? []));
  return [
    row("all", nodes.length === 0 ? "none" : countsText(nodes.map(({ state }) => state))),
    ...marked.slice(0, shownMax.marked).map((node) => nodeEntry(node, paint)),
    ...more(marked.length - shownMax.marked, "that are not healthy"),
    ...healthy.slice(0, shownMax.healthy).map((node) => nodeEntry(node, paint)),
    ...more(healthy.length - shownMax.healthy, "that are healthy"),
    ...(legend === "" ? [] : [row("roles", legend)]),
  ];
}

function nodeEntry(node: NodeReport, paint: Paint): string {
  const { state, name, address, roles, version, isListed } = node;
  const what = [
    name === null ? sanitizeForLog(address) : `${sanitizeForLog(name)} (${sanitizeForLog(address)})`,
    ...(roles === null ? [] : [`roles ${sanitizeForLog(shortRoles(roles))}`]),
    ...(version === null ? [] : [`version ${sanitizeForLog(version)}`]),
  ].join("  ");
  const lines = [
    what,
    ...(isListed ? [] : ["no longer listed by the cluster"]),
    ...(node.drain === null ? [] : [operationText("drained", node.drain)]),
    ...markLines(node),
    ...(node.traffic === null ? [] : [`${share(node.traffic.share)} of the requests: ${trafficText(node.traffic)}`]),
    ...decisionLines(node),
  ];
  return entry(state, labelWidth, lines, (label) => paint(nodeStyles[state], label));
}

/** `drained for 3 min by ops@host until 2026-11-28 19:05:00 UTC: kernel update`. */
export function operationText(what: string, operation: OperationInForce): string {
  return printable(`${what} for ${durationText(operation.forMs)} by ${operatorText(operation)}`);
}

/** `120/s, 0.5/s errors, p50 4 ms, p99 31 ms, 12 in flight, 40 sockets`. */
export function trafficText({ perSecond, errorsPerSecond, p50Ms, p99Ms, inFlight, sockets }: TrafficReport): string {
  const latency = p50Ms === null || p99Ms === null ? "" : `, p50 ${figure(p50Ms)} ms, p99 ${figure(p99Ms)} ms`;
  const rates = `${figure(perSecond)}/s, ${figure(errorsPerSecond)}/s errors`;
  return `${rates}${latency}, ${inFlight} in flight, ${counted(sockets, "socket", "sockets")}`;
}

function share(part: number): string {
  return `${figure(part * 100)} %`;
}

/** What replicas have decided by themselves. Those of an earlier version do not say why. */
function decisionLines({ ejectedBy, avoidedBy }: NodeReport): readonly string[] {
  const ejections = avoidedBy.filter(({ state }) => state === "ejected").length;
  const hidden = avoidedBy.length - shownMax.avoided;
  return [
    ...(ejectedBy > ejections ? [`ejected by ${counted(ejectedBy, "replica", "replicas")}`] : []),
    ...avoidedBy.slice(0, shownMax.avoided).map(({ state, host, pid, forMs, reason, factor }) => {
      const share = factor === undefined ? "" : ` (one request where another gets ${figure(factor)})`;
      const by = `${state} by ${sanitizeForLog(host)} (pid ${pid})`;
      const lasting = state === "unusable" ? "" : ` for ${durationText(forMs)}`;
      return `${by}${lasting}: ${sanitizeForLog(reason)}${share}`;
    }),
    ...(hidden > 0 ? [`and avoided by ${counted(hidden, "replica", "replicas")} more`] : []),
  ];
}

/** How long a node has its mark, and why. */
export function markLines({ mark, drain, forMs, reason, down }: NodeReport): readonly string[] {
  if (forMs === null) return [];
  // The state is then that of the drain.
  const kind = drain === null ? "" : `${mark} `;
  const held = down === null || down.heldForMs === 0 ? "" : `; stays down for at least ${durationText(down.heldForMs)}`;
  const since = `${kind}for ${durationText(forMs)}: ${sanitizeForLog(reason ?? "no reason given")}${held}`;
  if (down === null) return [since];
  const evidence = [
    counted(down.failedProbes, "failed probe", "failed probes"),
    ...(down.reporters > 0 ? [`reported by ${counted(down.reporters, "process", "processes")}`] : []),
    ...(down.flaps > 1 ? [`down ${down.flaps} times recently`] : []),
  ];
  return [since, evidence.join(", ")];
}

// Replicas

const conditionStyles: Readonly<Record<Condition, Style>> = {
  orphan: "bad",
  stale: "bad",
  behind: "bad",
  failed: "bad",
  late: "caution",
  starting: "caution",
  well: "good",
};

function replicaEntries({ view, nodes, replicas, state }: StatusReport, paint: Paint): readonly string[] {
  const names = new Map(nodes.map(({ key, name, address }) => [key, name ?? address]));
  const missing = view === null ? 0 : view.replicas - replicas.length;
  return [
    row(
      "all",
      replicas.length === 0
        ? `no heartbeat${state === "away" ? ": the status request goes through Redis" : ""}`
        : countsText(replicas.map(({ condition }) => condition)),
      ...(missing > 0 ? [`the leader has heartbeats of ${missing} more`] : []),
    ),
    ...replicas.slice(0, shownMax.replicas).map((replica) => replicaEntry(replica, names, paint)),
    ...more(replicas.length - shownMax.replicas, "replicas"),
  ];
}

function replicaEntry(replica: ReplicaReport, names: ReadonlyMap<string, string>, paint: Paint): string {
  const { replica: id, host, pid, role, isLeading, condition, topology, marks, ejected, threads, traffic } = replica;
  const lines = [
    `${sanitizeForLog(host)} (pid ${pid})  ${sanitizeForLog(role)}${isLeading ? ", leads" : ""}`,
    `replica ${sanitizeForLog(id)}`,
    ...(isCurrent(topology) && isCurrent(marks)
      ? []
      : [`topology ${appliedText(topology)}, marks ${appliedText(marks)}`]),
    ...(traffic === null ? [] : [`${trafficText(traffic)}, ${traffic.queued} queued`]),
    ...threadLines(threads),
    ...(ejected.length === 0 ? [] : [`has ejected ${ejectedText(ejected, names)}`]),
  ];
  return entry(condition, labelWidth, lines, (label) => paint(conditionStyles[condition], label));
}

function ejectedText(ejected: readonly string[], names: ReadonlyMap<string, string>): string {
  const shown = ejected
    .slice(0, shownMax.ejected)
    .map((key) => sanitizeForLog(names.get(key) ?? key.slice(key.indexOf("@") + 1)));
  const hidden = ejected.length - shown.length;
  return hidden > 0 ? `${shown.join(", ")} and ${hidden} more` : shown.join(", ");
}

/** Threads in the same condition share a line. */
function threadLines(threads: readonly ThreadReport[]): readonly string[] {
  const groups = new Map<string, ThreadReport[]>();
  for (const thread of threads) {
    const condition = `${sanitizeForLog(thread.state)}${isCurrent(thread.topology) ? "" : `, topology ${appliedText(thread.topology)}`}`;
    groups.set(condition, [...(groups.get(condition) ?? []), thread]);
  }
  return [...groups].map(([condition, alike]) => {
    const sum = (field: "calls" | "tasks") => alike.reduce((total, thread) => total + thread[field], 0);
    const work = `${counted(sum("calls"), "request", "requests")}, ${counted(sum("tasks"), "task", "tasks")}`;
    return `${threadsText(alike.map(({ thread }) => thread))} ${condition}: ${work}`;
  });
}

/** `threads 0-2, 5`. */
function threadsText(places: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const place of [...places].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && place === last[1] + 1) last[1] = place;
    else runs.push([place, place]);
  }
  const text = runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
  return `${places.length === 1 ? "thread" : "threads"} ${text}`;
}

/** Without a version to compare with, it counts as current. */
function isCurrent({ isCurrent }: Applied): boolean {
  return isCurrent !== false;
}

function appliedText({ version, isCurrent, behindBy }: Applied): string {
  if (isCurrent !== false) return "current";
  if (version === null) return "none yet";
  return behindBy === null
    ? `${version.sequence} of epoch ${version.epoch}`
    : `${version.sequence} (${behindBy} behind)`;
}

// Words

/** `1004: 1 down, 1003 healthy`, in the order of the words. */
function countsText(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return `${words.length}: ${[...counts].map(([word, count]) => `${count} ${sanitizeForLog(word)}`).join(", ")}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function more(count: number, what: string): readonly string[] {
  return count > 0 ? [row("", `and ${count} more ${what}; --json shows all`)] : [];
}
