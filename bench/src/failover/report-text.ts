import { fixtureSearchText } from "./behaviour.js";
import { throughputChart } from "./chart.js";
import type { Environment } from "./environments.js";
import { noticeMs, sniffWindowMs } from "./faults.js";
import { type FaultInterval, fullShare, slowCallMs } from "./figures.js";
import { haproxyText } from "./haproxy.js";
import { busyText } from "./processors.js";
import { perSecond, type Result, resultsTable } from "./results.js";
import { processCount, type RoundResult, slotCount } from "./round.js";
import type { Scenario } from "./scenarios.js";
import { sniffEveryMs, timeoutMs } from "./terms.js";

/** Prints each scenario with its expected duration. */
export function printPlan(environments: readonly Environment[], rounds: number): void {
  let sumMs = 0;
  for (const { name, scenarios, pace, openMs, prepareMs } of environments) {
    sumMs += openMs;
    for (const scenario of scenarios) {
      const oneMs = prepareMs + pace.warmUpMs + pace.healthyMs + scenario.expectedMs(pace);
      console.log(`  ${name} ${scenario.name}: ${rounds} x ${Math.round(oneMs / 1_000)} s`);
      sumMs += rounds * oneMs;
    }
  }
  console.log(`  about ${(sumMs / 60_000).toFixed(1)} minutes`);
}

export interface Conditions {
  readonly rounds: number;
  readonly threads: number;
  readonly hasRedis: boolean;
  /** Its version; undefined where there is none. */
  readonly haproxy: string | undefined;
}

export function introduction(environments: readonly Environment[], conditions: Conditions): string {
  const { rounds, threads, hasRedis, haproxy } = conditions;
  const pauses = environments.map(({ title, pauseMs }) => `${pauseMs} ms on ${title}`).join(", ");
  const roundText =
    rounds === 1
      ? "1 round"
      : `${rounds} rounds: the first client to start changes, figures are medians, errors are sums`;
  const view = hasRedis
    ? "Rollcall's processes share one Redis, and each may lead."
    : "redis-server was not found: each of Rollcall's processes watches the cluster for itself.";
  return [
    `${processCount} processes of each client with ${slotCount} slots each: a slot searches, pauses (${pauses}), and searches ` +
      "again. Three nodes. On fixture nodes, small processes that answer like search nodes, each client has a cluster of its " +
      `own, and ${fixtureSearchText}; on real nodes, one JVM each, it shares one with Rollcall. All clients run at the same ` +
      `time, and all clusters are disturbed at the same moment. ${roundText}.`,
    `All clients know all three nodes, give a request ${seconds(timeoutMs)} and sniff every ${seconds(sniffEveryMs)}; the ` +
      "official ones also at the start and when a connection fails. Rollcall sends from " +
      `${threads} worker ${threads === 1 ? "thread" : "threads"} in each process. ${view}`,
    ...(haproxy === undefined ? [] : [`HAProxy ${haproxy}: ${haproxyText}. Its clients do not sniff.`]),
    [
      "- *errors*: calls without an answer of status 200",
      "- *slowest call*: of those that overlap the fault",
      "- *calls over 1 s*: after the warm-up",
      "- *CPU a call*: processor time of all processes of the client, with HAProxy's where there is one and without Redis', over its calls",
      "- *worst second*: answers in the worst whole second of the fault, in % of the healthy mean",
      `- *sniffs*: requests for the list of nodes in the ${seconds(sniffWindowMs)} from the fault, counted by fixture nodes, of real ones by the clients' processes`,
      `- *last failed or slow call*: from the fault to the end of the last call that failed or took longer than ${seconds(slowCallMs)}; 0 if there is none`,
      "- *all informed*: from the fault until the last of Rollcall's processes, one of which sends nothing, reports that it avoids the node",
      "- *first use*: from when the node answers again to the first answer of a call begun since; of several nodes the slowest",
      `- *full share*: from then until the node has ${fullShare.outage * 100} % of its fair share of the answers for two seconds; after a gray node's recovery ${fullShare.gray * 100} %. "not seen": not before the end`,
      `- *p99*: of the calls that overlap the time from ${seconds(noticeMs)} after the fault to its end, over that of the healthy seconds`,
      "- *share of the gray node*: its part of the searches that reach any node in the same time",
    ].join("\n"),
    "",
  ].join("\n\n");
}

/** The text of one scenario, and its chart as SVG. */
export function section(
  { title: where, pace }: Environment,
  scenario: Scenario,
  rounds: readonly RoundResult[],
  chartFile: string,
): { readonly text: string; readonly chart: string } {
  const title = `${scenario.title}, ${where}`;
  const chart = throughputChart({
    title,
    unit: "answers a second",
    lines: resultsOf(rounds).map(({ label, rounds: figures }) => ({ label, perSecond: perSecond(figures) })),
    faults: faultsShown(rounds),
  });
  const busy = busyText(rounds.map(({ busyPart }) => busyPart));
  const text =
    `## ${title}\n\n${scenario.story(pace)} ${busy}\n\n` +
    `${tableOf(scenario, rounds)}\n![${title}: answers a second](${chartFile})\n`;
  return { text, chart };
}

export function tableOf({ kind, goals }: Scenario, rounds: readonly RoundResult[]): string {
  return resultsTable(kind, resultsOf(rounds), goals);
}

function resultsOf(rounds: readonly RoundResult[]): Result[] {
  return (rounds[0]?.clients ?? []).map(({ label }, at) => ({
    label,
    rounds: rounds.flatMap(({ clients }) => clients[at]?.figures ?? []),
  }));
}

/** All clusters have the same faults. Real nodes take different times to come back: the longest is shown. */
function faultsShown(rounds: readonly RoundResult[]) {
  const [longest] = (rounds[0]?.clients ?? []).toSorted((a, b) => endOf(b.intervals) - endOf(a.intervals));
  if (longest === undefined) return [];
  return longest.intervals.map(({ faultAtMs, backAtMs }) => ({
    fromSecond: (faultAtMs - longest.healthyFromMs) / 1_000,
    toSecond: (backAtMs - longest.healthyFromMs) / 1_000,
  }));
}

function endOf(intervals: readonly FaultInterval[]): number {
  return intervals.at(-1)?.backAtMs ?? 0;
}

function seconds(ms: number): string {
  return `${ms / 1_000} s`;
}
