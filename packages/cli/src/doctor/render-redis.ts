import type { RedisExamination, RedisServerFacts } from "@rollcall/coordinator";
import { durationText } from "../duration-text.js";
import type { Paint } from "../text-layout.js";
import { clockText } from "./clock-text.js";
import type { RedisObservation } from "./observations.js";
import { line } from "./render-line.js";

type Connected = Extract<RedisExamination, { kind: "connected" }>;

/** What Redis showed, line by line. */
export function redisEntries({ at, viewName, examination, view }: RedisObservation, paint: Paint): readonly string[] {
  if (examination === undefined) return [line("connection", "caution", [at, "no time was left for it"], paint)];
  if (examination.kind === "away") {
    return [line("connection", "bad", [at, `${examination.problem}, after ${examination.tookMs} ms`], paint)];
  }
  const { tookMs, server, pingsMs, clockAheadMs } = examination;
  return [
    line("connection", "good", [`${at}  with RESP3, in ${tookMs} ms`], paint),
    line("server", "plain", [serverText(server)], paint),
    ...(pingsMs.length === 0 ? [] : [line("PING", "plain", [pingText(pingsMs)], paint)]),
    ...permissionLines(examination, paint),
    ...(clockAheadMs === undefined ? [] : [line("clock", "plain", [clockText(clockAheadMs, 1_000)], paint)]),
    ...(view === undefined ? [] : [viewLine(viewName, view, paint)]),
  ];
}

function serverText({ version, valkeyVersion, mode, role, ...facts }: RedisServerFacts): string {
  const { maxmemoryBytes, evictionPolicy } = facts;
  const limit = maxmemoryBytes === 0 ? "no memory limit" : `maxmemory ${maxmemoryBytes} bytes`;
  const parts = [
    valkeyVersion === undefined ? `Redis ${version ?? "of unknown version"}` : `Valkey ${valkeyVersion}`,
    ...(mode === undefined ? [] : [mode]),
    ...(role === undefined ? [] : [role === "master" ? "primary" : "replica"]),
    ...(maxmemoryBytes === undefined ? [] : [limit]),
    ...(evictionPolicy === undefined ? [] : [`eviction ${evictionPolicy}`]),
  ];
  return parts.join(", ");
}

function pingText(pingsMs: readonly number[]): string {
  const sorted = [...pingsMs].sort((a, b) => a - b);
  const ms = (value: number | undefined) => `${Math.round((value ?? 0) * 10) / 10} ms`;
  return `p50 ${ms(sorted[Math.floor(sorted.length / 2)])}, max ${ms(sorted.at(-1))}, of ${sorted.length}`;
}

function permissionLines({ permissions }: Connected, paint: Paint): readonly string[] {
  const of = (use: "read" | "lead", state: "refused" | "unknown") =>
    permissions.filter((one) => one.use === use && one.state === state).map(({ what }) => what);
  const text = (use: "read" | "lead", purpose: string) => {
    const [refused, unknown] = [of(use, "refused"), of(use, "unknown")];
    if (refused.length > 0) return `${purpose}: lacks ${refused.join(", ")}`;
    return unknown.length > 0 ? `${purpose}: not tried` : `${purpose}: all that it needs`;
  };
  const mark = of("read", "refused").length > 0 ? "bad" : of("lead", "refused").length > 0 ? "caution" : "good";
  return [line("permissions", mark, [text("read", "to read the view"), text("lead", "to lead it")], paint)];
}

const sourceTexts = { sniff: "from the cluster", dns: "from the DNS", seeds: "(the configured addresses alone)" };

function viewLine(name: string, view: NonNullable<RedisObservation["view"]>, paint: Paint): string {
  if (view.kind === "none") return line("view", "caution", [`there is no view ${name} yet`], paint);
  const { freshness, ageMs, nodes, source, clusterName, clusterUuid } = view;
  const cluster = clusterUuid === undefined ? "no cluster yet" : `${clusterName ?? "a cluster"}  uuid ${clusterUuid}`;
  return line(
    "view",
    freshness === "fresh" ? "good" : "caution",
    [
      `${name} is ${freshness}: its last beat was ${durationText(ageMs)} ago`,
      `${nodes} ${nodes === 1 ? "node" : "nodes"} ${sourceTexts[source]} of ${cluster}`,
    ],
    paint,
  );
}
