import type { Diagnosis } from "./diagnose.js";
import { exitCodes } from "./exit-codes.js";
import type { Findings, ListFinding, NodeFinding, SeedFinding, Verdict } from "./findings.js";
import { roleLegend, shortRoles } from "./short-roles.js";
import { entry, type Paint, type Style } from "./text-layout.js";

/** The findings and the diagnosis for a terminal of 80 columns. Ends with a line break. */
export function renderDiagnosis({ seeds, list }: Findings, diagnosis: Diagnosis, paint: Paint): string {
  const sections = [
    section(
      "Seeds",
      seeds.map((seed) => seedEntry(seed, seed.url === list?.seed.url, paint)),
      paint,
    ),
    ...(list === undefined
      ? []
      : [section("Cluster", clusterEntries(list), paint), section("Nodes", nodeEntries(list.nodes, paint), paint)]),
    section("Diagnosis", diagnosisEntries(diagnosis, paint), paint),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** A heading and what stands below it. */
export function section(heading: string, entries: readonly string[], paint: Paint): string {
  return [paint("heading", heading), ...entries].join("\n");
}

const labelWidth = "unreachable".length;

function seedEntry(seed: SeedFinding, isListSource: boolean, paint: Paint): string {
  const { url, outcome, reason, answeredAs, latencyMs } = seed;
  const time = `${latencyMs} ms`;
  const name = answeredAs ?? "an unnamed node";
  if (outcome === "listed") {
    const said = `answers as ${name}, in ${time}${isListSource ? "; its list is shown here" : ""}`;
    return entry("listed", labelWidth, [url, said], (label) => paint("good", label));
  }
  const said = answeredAs === undefined ? `${reason} (${time})` : `answers as ${name}: ${reason} (${time})`;
  return entry(outcome, labelWidth, [url, said], (label) => paint("bad", label));
}

/** What the cluster says of itself, by the seed that gave the list. */
export function clusterEntries({ seed, total, successful, failed, complete }: ListFinding): readonly string[] {
  const counts =
    total === undefined
      ? "the answer does not say how many nodes were asked"
      : `${total} total, ${successful} successful, ${failed} failed${complete ? "" : "; the list is not complete"}`;
  const rows: readonly (readonly [string, string])[] = [
    ["name", seed.clusterName ?? "unknown"],
    ["uuid", seed.clusterUuid ?? "unknown"],
    ["version", seed.version ?? "unknown"],
    ["listed by", `${seed.answeredAs ?? "an unnamed node"} at ${seed.url}, in ${seed.latencyMs} ms`],
    ["_nodes", counts],
  ];
  return rows.map(([label, text]) => entry(label, labelWidth, [text]));
}

/** One entry a node, with the verdict on it. */
export function nodeEntries(nodes: readonly NodeFinding[], paint: Paint): readonly string[] {
  const legend = roleLegend(nodes.flatMap(({ roles = [] }) => roles));
  const entries = nodes.map((node) => nodeEntry(node, paint));
  return legend === "" ? entries : [...entries, entry("roles", labelWidth, [legend])];
}

const verdictStyles: Readonly<Record<Verdict, Style>> = {
  kept: "good",
  skipped: "caution",
  refused: "bad",
  denied: "bad",
  unreachable: "bad",
  foreign: "bad",
  unverified: "caution",
  overloaded: "caution",
  untried: "caution",
};

function nodeEntry(node: NodeFinding, paint: Paint): string {
  const { id, name, roles, version, verdict, reason, answeredAs } = node;
  const what = [
    name ?? `id ${id}`,
    ...(roles === undefined ? [] : [`roles ${shortRoles(roles)}`]),
    ...(version === undefined ? [] : [`version ${version}`]),
  ].join("  ");
  const lines = [
    what,
    ...addresses(node),
    ...(answeredAs === undefined ? [] : [`the node that answers there is ${answeredAs}`]),
    ...(verdict === "kept" ? [] : [reason]),
  ];
  return entry(verdict, labelWidth, lines, (label) => paint(verdictStyles[verdict], label));
}

function addresses({ published, address, sharedBy, verdict }: NodeFinding): readonly string[] {
  const isUsed = verdict === "kept";
  const isSame = address === published;
  const parts = [
    ...(published === undefined ? [] : [`${isSame && isUsed ? "published and used" : "published"}: ${published}`]),
    ...(address === undefined || isSame ? [] : [`${isUsed ? "used" : "would use"}: ${address}`]),
  ];
  const shared = sharedBy === 0 ? [] : [`${sharedBy + 1} listed nodes published the same address`];
  return [...(parts.length === 0 ? [] : [parts.join(", ")]), ...shared];
}

function diagnosisEntries({ exitCode, verdict, advice }: Diagnosis, paint: Paint): readonly string[] {
  const isUsable = exitCode === exitCodes.success;
  const paintLabel = (label: string) => paint(isUsable ? "good" : "bad", label);
  return [
    entry(isUsable ? "usable" : "not usable", labelWidth, [verdict], paintLabel),
    ...advice.map((text) => entry("advice", labelWidth, [text])),
  ];
}
