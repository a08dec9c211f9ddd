import { sanitizeForLog } from "@rollcall/core/sniff";
import { durationText } from "./duration-text.js";
import { roleLegend, shortRoles } from "./short-roles.js";
import type {
  Applied,
  Condition,
  NodeReport,
  ReplicaReport,
  StatusReport,
  StatusState,
  ThreadReport,
} from "./status-report.js";
import { entry, type Paint, type Style } from "./text-layout.js";

/** How many of each are shown one by one; of the rest, how many there are. */
const shownMax = { marked: 40, up: 15, replicas: 25, avoided: 5 };

const labelWidth = "unlisted".length;

/** A report for a person at a terminal of 80 columns. Ends with a line break. Of a large cluster it shows what matters. */
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

const stateStyles: Readonly<Record<StatusState, Style>> = {
  fresh: "good",
  stale: "caution",
  orphan: "bad",
  none: "bad",
  away: "bad",
};

function viewEntries(
  { state, summary, warnings, redis, view, replicas }: StatusReport,
  paint: Paint,
): readonly string[] {
  const verdict = entry(state, labelWidth, [summary], (label) => paint(stateStyles[state], label));
  const warned = warnings.map((text) => entry("warning", labelWidth, [text], (label) => paint("caution", label)));
  if (view === null) return [verdict, ...warned];
  const { topology, marks, beat, source, clusterName, clusterUuid, leader } = view;
  const cluster =
    clusterUuid === null
      ? "not verified yet"
      : `${clusterName === null ? "without name" : sanitizeForLog(clusterName)}  uuid ${sanitizeForLog(clusterUuid)}`;
  const leading = replicas.filter(({ isLeading }) => isLeading).length;
  return [
    verdict,
    ...warned,
    row("redis", redis),
    row("version", `epoch ${topology.epoch}: topology ${topology.sequence}, marks ${marks.sequence}, beat ${beat}`),
    row(
      "leader",
      leader.host === null
        ? `${sanitizeForLog(leader.id)}, which did not answer`
        : `${sanitizeForLog(leader.host)} (pid ${leader.pid})`,
      ...(leading > 1 ? [`${leading} replicas believe that they lead; Redis lets only one of them publish`] : []),
    ),
    row("cluster", cluster),
    row("list", source === "sniff" ? "as the cluster gives it" : "the configured addresses alone"),
  ];
}

// Nodes

const nodeStyles: Readonly<Record<NodeReport["state"], Style>> = {
  healthy: "good",
  unverified: "caution",
  "slow-start": "caution",
  draining: "caution",
  down: "bad",
};

function nodeEntries(nodes: readonly NodeReport[], paint: Paint): readonly string[] {
  const marked = nodes.filter(({ state }) => state !== "healthy");
  const up = nodes.filter(({ state }) => state === "healthy");
  const shown = [...marked.slice(0, shownMax.marked), ...up.slice(0, shownMax.up)];
  const legend = roleLegend(shown.flatMap(({ roles }) => roles ?? []));
  return [
    row("all", nodes.length === 0 ? "none" : countsText(nodes.map(({ state }) => state))),
    ...marked.slice(0, shownMax.marked).map((node) => nodeEntry(node, paint)),
    ...more(marked.length - shownMax.marked, "that are marked"),
    ...up.slice(0, shownMax.up).map((node) => nodeEntry(node, paint)),
    ...more(up.length - shownMax.up, "that are up"),
    ...(legend === "" ? [] : [row("roles", legend)]),
  ];
}

function nodeEntry(node: NodeReport, paint: Paint): string {
  const { state, name, address, roles, version, isListed, avoidedBy } = node;
  const what = [
    name === null ? sanitizeForLog(address) : `${sanitizeForLog(name)} (${sanitizeForLog(address)})`,
    ...(roles === null ? [] : [`roles ${sanitizeForLog(shortRoles(roles))}`]),
    ...(version === null ? [] : [`version ${sanitizeForLog(version)}`]),
  ].join("  ");
  const lines = [
    what,
    ...(isListed ? [] : ["it is on the list no more"]),
    ...markLines(node),
    ...(avoidedBy === 0
      ? []
      : [`${counted(avoidedBy, "replica keeps", "replicas keep")} away from it by what happened to them`]),
  ];
  return entry(state, labelWidth, lines, (label) => paint(nodeStyles[state], label));
}

function markLines({ forMs, reason, down }: NodeReport): readonly string[] {
  if (forMs === null) return [];
  const held =
    down === null || down.heldForMs === 0 ? "" : `; not back before ${durationText(down.heldForMs)} from now`;
  const since = `for ${durationText(forMs)}: ${sanitizeForLog(reason ?? "no reason told")}${held}`;
  if (down === null) return [since];
  const evidence = [
    counted(down.failedProbes, "failed probe", "failed probes"),
    ...(down.reporters > 0 ? [`reported by ${counted(down.reporters, "process", "processes")}`] : []),
    ...(down.flaps > 1 ? [`down ${down.flaps} times of late`] : []),
  ];
  return [since, evidence.join(", ")];
}

// Replicas

const conditionStyles: Readonly<Record<Condition, Style>> = {
  orphan: "bad",
  stale: "bad",
  behind: "bad",
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
        ? `nobody answered${state === "away" ? ", for the roll is called through Redis" : ""}`
        : countsText(replicas.map(({ condition }) => condition)),
      ...(missing > 0 ? [`the leader knew of ${missing} more`] : []),
    ),
    ...replicas.slice(0, shownMax.replicas).map((replica) => replicaEntry(replica, names, paint)),
    ...more(replicas.length - shownMax.replicas, "replicas"),
  ];
}

function replicaEntry(replica: ReplicaReport, names: ReadonlyMap<string, string>, paint: Paint): string {
  const { host, pid, role, isLeading, condition, topology, marks, avoided, threads } = replica;
  const lines = [
    `${sanitizeForLog(host)} (pid ${pid})  ${sanitizeForLog(role)}${isLeading ? ", leads" : ""}`,
    ...(isCurrent(topology) && isCurrent(marks)
      ? []
      : [`topology ${appliedText(topology)}, marks ${appliedText(marks)}`]),
    ...threadLines(threads),
    ...(avoided.length === 0 ? [] : [`keeps away from ${avoidedText(avoided, names)}`]),
  ];
  return entry(condition, labelWidth, lines, (label) => paint(conditionStyles[condition], label));
}

function avoidedText(avoided: readonly string[], names: ReadonlyMap<string, string>): string {
  const shown = avoided
    .slice(0, shownMax.avoided)
    .map((key) => sanitizeForLog(names.get(key) ?? key.slice(key.indexOf("@") + 1)));
  const left = avoided.length - shown.length;
  return left > 0 ? `${shown.join(", ")} and ${left} more` : shown.join(", ");
}

/** Threads of which the same is to be said share a line. */
function threadLines(threads: readonly ThreadReport[]): readonly string[] {
  const groups = new Map<string, ThreadReport[]>();
  for (const thread of threads) {
    const said = `${sanitizeForLog(thread.state)}${isCurrent(thread.topology) ? "" : `, topology ${appliedText(thread.topology)}`}`;
    groups.set(said, [...(groups.get(said) ?? []), thread]);
  }
  return [...groups].map(([said, alike]) => {
    const sum = (field: "calls" | "tasks") => alike.reduce((total, thread) => total + thread[field], 0);
    const work = `${counted(sum("calls"), "call", "calls")}, ${counted(sum("tasks"), "task", "tasks")}`;
    return `${threadsText(alike.map(({ thread }) => thread))} ${said}: ${work}`;
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

/** Where there is nothing to compare with, nothing is to be said. */
function isCurrent({ isCurrent }: Applied): boolean {
  return isCurrent !== false;
}

function appliedText({ version, isCurrent, behindBy }: Applied): string {
  if (isCurrent !== false) return "current";
  if (version === null) return "not yet there";
  return behindBy === null
    ? `${version.sequence} of epoch ${version.epoch}`
    : `${version.sequence} (${behindBy} behind)`;
}

// Words

/** `1004: 1 down, 1003 up`, in the order in which they are told. */
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
