import { startEngineTarget } from "../failover/engine-target.js";
import { longIndex, prepareLongSearch } from "../hedging/long-search.js";
import { type Report, table } from "../report.js";
import type { Contender, Opening } from "./client.js";
import { calmColumns, calmFigures, overloadColumns, overloadFigures } from "./figures.js";
import { type Measured, measured, names } from "./measured.js";
import { underLoad } from "./run-once.js";
import { times } from "./scenarios.js";

const timeoutMs = 2_000;
const searchMs = 30;
const settings = { "thread_pool.search.size": "2", "thread_pool.search.queue_size": "20" };
const contenders: readonly Contender[] = ["adaptive", "by default", "opensearch"];
const processes = 4;
/** So many callers that wait for their answers keep the nodes busy. */
const busyCallers = 12;
const measureMs = 5_000;
const calmMs = 6_000;

export interface OverloadRealOptions {
  readonly quick: boolean;
  /** Default 1, which takes some three minutes. */
  readonly rounds?: number;
}

/** More searches than OpenSearch 3.8 can answer, whose nodes search two at a time and let 20 wait. */
export async function overloadReal({ quick, rounds: given = 1 }: OverloadRealOptions): Promise<Report> {
  const rounds = quick ? 1 : given;
  await using cluster = await startEngineTarget("opensearch3", settings);
  const [url = ""] = cluster.urls;
  const { body } = await prepareLongSearch(url, () => cluster.untilGreen(), searchMs);
  const query = { preference: "_local", request_cache: "false" };
  const opening: Opening = { urls: cluster.urls, timeoutMs, index: longIndex, body, query };
  const perSecond = await perSecondOf(opening);
  console.log(`${perSecond.toFixed(0)} searches a second`);

  const rows: string[][] = [];
  for (const load of quick ? [3] : [1.5, 3]) {
    const row = (contender: Contender) => overloadRow(opening, perSecond, load, contender);
    rows.push(...(await measured(contenders.map(row), rounds)));
  }
  const calm = await measured(
    [calmRow(opening, "64 callers that wait for their answers", 0, 64), calmRow(opening, "0.8", perSecond * 0.8)],
    rounds,
  );
  const text = `OpenSearch 3.8, three nodes, one JVM each, \`thread_pool.search.size: 2\` and \`queue_size: 20\`. One search, an aggregation,
takes about ${searchMs} ms alone; ${busyCallers} callers that wait for their answers got ${perSecond.toFixed(0)} a second, which is 1.00 below. ${processes} processes on the
processors of the nodes. Half of what they can do for ${times.warmMs / 1_000} s, then
the overload for ${times.overMs / 1_000} s, then half again. \`goodput\`, \`p50\` and \`p99\` are of calls that begin from the third second of the overload.
${rounds === 1 ? "One round." : `${rounds} rounds in turns: medians, and the least and the greatest.`}

${table(["", ...overloadColumns.map(([head]) => head)], rows)}
Loads of which nothing is to be refused, by \`queue.adaptive\`.

${table(["", ...calmColumns.map(([head]) => head)], calm)}`;
  return { title: "Overload of a real engine", body: text };
}

/** What the nodes can do: as many answers as so many callers get that wait for them. */
async function perSecondOf(opening: Opening): Promise<number> {
  const phases = [{ ms: measureMs, perSecond: 0 }];
  const load = { contender: "opensearch", processes, phases, callers: busyCallers, round: 0 } as const;
  // Once for code that is not compiled yet.
  await underLoad(load, opening);
  const { calls } = await underLoad(load, opening);
  return (calls.filter(([, , outcome]) => outcome === "good").length * 1_000) / measureMs;
}

function overloadRow(opening: Opening, perSecond: number, load: number, contender: Contender): Measured {
  const { warmMs, overMs, afterMs, burdenedMs } = times;
  const phase = (ms: number, part: number) => ({ ms, perSecond: part * perSecond });
  const phases = [phase(warmMs, 0.5), phase(overMs, load), phase(afterMs, 0.5)];
  return {
    title: `${load}x: ${names[contender]}`,
    columns: overloadColumns,
    async once(round) {
      const run = await underLoad({ contender, processes, phases, round }, opening);
      return overloadFigures({ ...run, perSecond }, warmMs + burdenedMs, warmMs + overMs, timeoutMs);
    },
  };
}

function calmRow(opening: Opening, title: string, perSecond: number, callers?: number): Measured {
  const phases = [{ ms: calmMs, perSecond }];
  return {
    title,
    columns: calmColumns,
    async once(round) {
      const run = await underLoad({ contender: "adaptive", processes, phases, callers, round }, opening);
      return calmFigures({ ...run, perSecond });
    },
  };
}
