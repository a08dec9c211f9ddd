import { setTimeout as sleep } from "node:timers/promises";
import { busyPartOf } from "../failover/processors.js";
import { type MeasuredProcess, startMeasured } from "../measured-process.js";
import { type Report, table } from "../report.js";
import { quantile } from "../statistics.js";
import type { Call, Contender, Load, Opening } from "./client.js";
import type { NodeReport } from "./node-server.js";
import { nodeTerms, timeoutMs } from "./terms.js";

const nominalPerSecond = (nodeTerms.nodes * nodeTerms.workers * 1_000) / nodeTerms.serviceMs;

const names: Readonly<Record<Contender, string>> = {
  adaptive: "Rollcall, `queue.adaptive`",
  "adaptive, 2 threads": "the same, two threads",
  "by default": "Rollcall by default",
  elasticsearch: "@elastic/elasticsearch",
};

/** So late may a timeout be. */
const timerMs = 100;

interface Run {
  readonly calls: readonly Call[];
  /** What the nodes could do, as quick as the machine let them be. */
  readonly perSecond: number;
  readonly busy: number;
}

/**
 * More calls than three nodes with bounded queues can answer, from one process and from eight, by Rollcall and by
 * `@elastic/elasticsearch`; and loads of which nothing is to be refused.
 */
export async function overload({ quick }: { readonly quick: boolean }): Promise<Report> {
  const warmMs = quick ? 1_000 : 4_000;
  const overMs = quick ? 4_000 : 8_000;
  const afterMs = quick ? 1_500 : 3_000;
  const rows: string[][] = [];
  for (const processes of quick ? [1] : [1, 8]) {
    for (const times of quick ? [3] : [1.5, 3]) {
      for (const queueMax of quick ? [100] : [100, 1_000]) {
        for (const contender of contendersOf(processes, times)) {
          const phases = [phase(warmMs, 0.5), phase(overMs, times), phase(afterMs, 0.5)];
          const fromMs = warmMs + Math.min(3_000, overMs / 2);
          const run = await runOnce({ contender, processes, queueMax, phases, fromMs, toMs: warmMs + overMs });
          const figures = overloadFigures(run, warmMs, overMs);
          const row = [`${times}x, ${processes}, ${queueMax}: ${names[contender]}`, ...figures, percent(run.busy)];
          console.log(row.join(" | "));
          rows.push(row);
        }
      }
    }
  }
  const calm: string[][] = [];
  for (const processes of quick ? [1] : [1, 8]) {
    for (const [what, phases, callers] of calmLoads(quick)) {
      const run = await runOnce({ contender: "adaptive", processes, queueMax: 1_000, phases, callers });
      const row = [`${what}, ${processes}`, ...calmFigures(run), percent(run.busy)];
      console.log(row.join(" | "));
      calm.push(row);
    }
  }
  const body = `Three nodes, ${nodeTerms.workers} searches at a time each, ${nodeTerms.serviceMs} ms in the mean (exponential): ${nominalPerSecond}
searches a second. A search whose client has gone is not begun. Timeout ${timeoutMs} ms. The load comes by chance at its rate,
whatever becomes of the calls: half of what the nodes can do for ${warmMs / 1_000} s, then the overload for ${overMs / 1_000} s, then half again.
Each row: load, processes, places in the queue of a node. \`goodput\`: answers in time, of calls that begin from the third second of the overload,
as a share of what the nodes can do at the pace that the machine let them have; \`p50\`, \`p99\`: of those calls. \`refused\`:
until a refused call has its error, p99. \`p99 after\`: of calls that begin one second after the overload or later. \`busy\`: all
processors of the machine, with whatever else ran there.

${table(["", "goodput", "p50", "p99", "refused", "rejected by nodes", "failed", "p99 after", "busy"], rows)}
Loads of which nothing is to be refused, \`queue.adaptive\`, from one process and from eight.

${table(["", "calls", "refused", "failed", "p50", "p99", "busy"], calm)}`;
  return { title: "Overload", body };
}

function contendersOf(processes: number, times: number): readonly Contender[] {
  return processes === 1 && times === 3
    ? ["adaptive", "adaptive, 2 threads", "by default", "elasticsearch"]
    : ["adaptive", "elasticsearch"];
}

type CalmLoad = readonly [what: string, phases: Load["phases"], callers: number | undefined];

function calmLoads(quick: boolean): readonly CalmLoad[] {
  const ms = quick ? 1_000 : 6_000;
  return [
    ["64 callers that wait for their answers", [phase(ms, 1)], 64],
    ["0.95 of what the nodes can do", [phase(ms, 0.95)], undefined],
    ["0.6, and one second of 3x", [phase(3_000, 0.6), phase(1_000, 3), phase(3_000, 0.6)], undefined],
  ];
}

function phase(ms: number, times: number) {
  return { ms, perSecond: times * nominalPerSecond };
}

interface Terms {
  readonly contender: Contender;
  readonly processes: number;
  readonly queueMax: number;
  readonly phases: Load["phases"];
  readonly callers?: number | undefined;
  /** The pace of the nodes is measured from then to then. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

async function runOnce({ contender, processes, queueMax, phases, callers, fromMs = 0, toMs = 0 }: Terms): Promise<Run> {
  const nodes: MeasuredProcess<object, NodeReport>[] = [];
  const clients: MeasuredProcess<Opening | Load, readonly Call[]>[] = [];
  const program = (name: string) => new URL(`./${name}.js`, import.meta.url);
  try {
    for (let at = 1; at <= nodeTerms.nodes; at++) {
      nodes.push(await startMeasured(program("node-server"), [String(queueMax), String(at)]));
    }
    for (let at = 1; at <= processes; at++) {
      clients.push(await startMeasured(program("client"), [contender, String(at)]));
    }
    const ports = await Promise.all(nodes.map((node) => node.run({})));
    const urls = ports.map(({ port }) => `http://127.0.0.1:${port}`);
    await Promise.all(clients.map((client) => client.run({ urls })));
    const load: Load = {
      phases: phases.map(({ ms, perSecond }) => ({ ms, perSecond: perSecond / processes })),
      ...(callers === undefined ? {} : { callers: callers / processes }),
    };
    const calls: Call[] = [];
    const pace = Promise.all(
      [fromMs, toMs].map((ms) => sleep(ms).then(() => Promise.all(nodes.map((node) => node.run({}))))),
    );
    const busy = await busyPartOf(async () => {
      for (const part of await Promise.all(clients.map((client) => client.run(load)))) calls.push(...part);
    });
    const [before = [], after = []] = await pace;
    const perSecond = after.reduce((sum, { searches, workedMs }, at) => {
      const earlier = before[at] ?? { searches: 0, workedMs: 0 };
      return sum + (nodeTerms.workers * 1_000 * (searches - earlier.searches)) / (workedMs - earlier.workedMs);
    }, 0);
    return { calls, perSecond, busy };
  } finally {
    await Promise.all([...clients, ...nodes].map((one) => one.stop()));
  }
}

function overloadFigures({ calls, perSecond }: Run, warmMs: number, overMs: number): string[] {
  const fromMs = warmMs + Math.min(3_000, overMs / 2);
  const toMs = warmMs + overMs;
  const during = calls.filter(([beganMs]) => beganMs >= fromMs && beganMs < toMs);
  const of = (outcome: Call[2], some: readonly Call[]) => some.filter(([, , one]) => one === outcome);
  // A client whose timeout is that of an attempt answers long after it.
  const good = of("good", during).filter(([, tookMs]) => tookMs <= timeoutMs + timerMs);
  const after = of("good", calls).filter(([beganMs]) => beganMs >= toMs + 1_000);
  return [
    (good.length / ((perSecond * (toMs - fromMs)) / 1_000)).toFixed(2),
    latency(good, 0.5),
    latency(good, 0.99),
    latency(of("refused", during), 0.99),
    percent(of("rejected", during).length / during.length),
    percent((of("failed", during).length + of("good", during).length - good.length) / during.length),
    latency(after, 0.99),
  ];
}

function calmFigures({ calls }: Run): string[] {
  const of = (outcome: Call[2]) => calls.filter(([, , one]) => one === outcome);
  const good = of("good");
  return [
    String(calls.length),
    percent(of("refused").length / calls.length),
    percent((of("failed").length + of("rejected").length) / calls.length),
    latency(good, 0.5),
    latency(good, 0.99),
  ];
}

function latency(calls: readonly Call[], part: number): string {
  if (calls.length === 0) return "–";
  return `${quantile(
    calls.map(([, tookMs]) => tookMs),
    part,
  ).toFixed(0)} ms`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
