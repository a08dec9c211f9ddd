import { exitCodes } from "../exit-codes.js";
import type { NodeFinding, SeedFinding } from "../findings.js";
import { flagsFor } from "../option-names.js";
import { clusterEntries, nodeEntries, section } from "../render-diagnosis.js";
import { entry, type Paint, pasteLines, plain } from "../text-layout.js";
import type { Change } from "./change.js";
import { clockText } from "./clock-text.js";
import type { DoctorVerdict } from "./doctor-verdict.js";
import type { Observations, SeedObservation } from "./observations.js";
import { connectionLines } from "./render-connections.js";
import { type LineStyle, labelWidth, line } from "./render-line.js";
import { redisEntries } from "./render-redis.js";

/** Of the nodes, those that are usable and shown; the others are counted. */
const keptShownMax = 5;

/** Everything that was seen and what to change, for a terminal of 80 columns. Ends with a line break. */
export function renderDoctor(
  observations: Observations,
  changes: readonly Change[],
  verdict: DoctorVerdict,
  paint: Paint,
): string {
  const { seeds, findings, redis } = observations;
  const list = findings.list;
  const sections = [
    ...seeds.map((seed, at) => section(seed.url, seedLines(seed, findings.seeds[at], observations, paint), paint)),
    ...(list === undefined
      ? []
      : [
          section("Cluster", clusterEntries(list), paint),
          section("Nodes", [...nodeEntries(shownNodes(list.nodes), paint), ...countOfOthers(list.nodes)], paint),
        ]),
    ...(redis === undefined ? [] : [section("Redis", redisEntries(redis, paint), paint)]),
    section(
      "What to change",
      [verdictEntry(verdict, paint), ...changes.map((one, at) => changeEntry(one, at, paint)), ...flagEntries(changes)],
      paint,
    ),
  ];
  return `${sections.join("\n\n")}\n`;
}

function seedLines(
  seed: SeedObservation,
  finding: SeedFinding | undefined,
  { account, atMs }: Observations,
  paint: Paint,
): readonly string[] {
  const lines = [nameLine(seed, paint), ...connectionLines(seed, atMs, paint)];
  const { answers } = seed;
  if (answers === undefined) return [...lines, line("answer", "caution", ["no time was left for it"], paint)];
  const { root, local, clockAheadMs } = answers;
  if (root.kind === "failed") return [...lines, line("answer", "bad", [`GET /: ${root.reason}`], paint)];
  const statuses = [`GET / answered ${root.status}`];
  if (local?.kind === "answered") statuses.push(`GET /_nodes/http ${local.status}`);
  if (local?.kind === "failed") statuses.push(`GET /_nodes/http: ${local.reason}`);
  const isWell = root.status === 200 && local?.kind === "answered" && local.status === 200;
  const who = account !== undefined && account.url === seed.url ? [accountText(account)] : [];
  const credential = `${statuses.join(", ")}${seed.hasCredential ? "" : "; no credential was sent"}`;
  return [
    ...lines,
    line("credential", isWell ? "good" : "bad", [credential, ...who], paint),
    ...(finding === undefined ? [] : [identityLine(finding, seed, paint)]),
    ...(clockAheadMs === undefined ? [] : [line("clock", "plain", [clockText(clockAheadMs, 2_000)], paint)]),
  ];
}

function nameLine({ host, name }: SeedObservation, paint: Paint): string {
  if (name === undefined) return line("name", "caution", ["no time was left for it"], paint);
  switch (name.kind) {
    case "number":
      return line("name", "plain", [`${host} is an address`], paint);
    case "resolved":
      return line("name", "good", [`${host} is ${name.addresses.join(", ")}, in ${name.tookMs} ms`], paint);
    case "failed":
      return line("name", "bad", [`${host}: ${name.code}, after ${name.tookMs} ms`], paint);
  }
}

function accountText({ user, by, roles, mayMonitor }: NonNullable<Observations["account"]>): string {
  const parts = [
    `it is ${user}${by === undefined ? "" : ` (${by})`}`,
    ...(roles.length === 0 ? [] : [`roles ${roles.join(", ")}`]),
    ...(mayMonitor === undefined ? [] : [`${mayMonitor ? "has" : "lacks"} the cluster privilege monitor`]),
  ];
  return parts.join("; ");
}

function identityLine(finding: SeedFinding, { answers }: SeedObservation, paint: Paint): string {
  const { outcome, reason, answeredAs, clusterName, clusterUuid, version } = finding;
  const product = [answers?.product, version].filter((part) => part !== undefined).join(" ");
  const parts = [
    answeredAs ?? "a node without a name",
    ...(clusterName === undefined ? [] : [`of ${clusterName}`]),
    ...(clusterUuid === undefined ? [] : [`uuid ${clusterUuid}`]),
    ...(product === "" ? [] : [product]),
  ];
  const isListed = outcome === "listed";
  return line("identity", isListed ? "good" : "bad", [parts.join("  "), ...(isListed ? [] : [reason])], paint);
}

function shownNodes(nodes: readonly NodeFinding[]): readonly NodeFinding[] {
  const kept = nodes.filter(({ verdict }) => verdict === "kept").slice(0, keptShownMax);
  return [...nodes.filter(({ verdict }) => verdict !== "kept"), ...kept];
}

function countOfOthers(nodes: readonly NodeFinding[]): readonly string[] {
  const more = nodes.filter(({ verdict }) => verdict === "kept").length - keptShownMax;
  return more <= 0 ? [] : [line("kept", "good", [`${more} more`], plain)];
}

function verdictEntry({ exitCode, text }: DoctorVerdict, paint: Paint): string {
  const isWell = exitCode === exitCodes.success;
  return line(isWell ? "well" : "not well", isWell ? "good" : "bad", [text], paint);
}

/** The texts name the options of a pool. */
function flagEntries(changes: readonly Change[]): readonly string[] {
  const flags = flagsFor(changes.flatMap(({ problem, remedy }) => [problem, remedy]));
  return flags.length === 0 ? [] : [line("options", "plain", [`On this command line, ${flags.join(", ")}.`], plain)];
}

function changeEntry({ isFault, problem, remedy, paste = [] }: Change, at: number, paint: Paint): string {
  const mark: LineStyle = isFault ? "bad" : "caution";
  const text = entry(`${at + 1} ${isFault ? "fault" : "note"}`, labelWidth, [problem, remedy], (label) =>
    paint(mark, label),
  );
  return paste.length === 0 ? text : `${text}\n${pasteLines(paste, labelWidth)}`;
}
