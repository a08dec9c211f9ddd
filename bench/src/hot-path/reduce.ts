import type { Finding } from "../goals.js";
import { inTurns, type MeasuredProcess, startMeasured } from "../measured-process.js";
import { table } from "../report.js";
import { median } from "../statistics.js";
import { type ReduceOrder, type ReduceRound, type ReducerName, reducerNames } from "./reduce-client.js";
import { answers, type Servers } from "./servers.js";

const inFlight = 64;
const goalLagMs = 12;

/**
 * How long everything else in a process has to wait while large answers are fetched and reduced to a few numbers: on
 * the main thread, or in tasks.
 */
export async function reduceInTasks(
  servers: Servers,
  rounds: number,
  forMs: number,
): Promise<{ readonly findings: readonly Finding[]; readonly section: string }> {
  const large = answers.at(-1);
  if (large === undefined) throw new Error("no answers");
  const clients = new Map<ReducerName, MeasuredProcess<ReduceOrder, ReduceRound>>();
  const found = new Map<ReducerName, ReduceRound[]>(reducerNames.map((name) => [name, []]));
  try {
    for (const name of reducerNames) {
      clients.set(name, await startMeasured(new URL("./reduce-client.js", import.meta.url), [name, ...servers.urls]));
    }
    // The first round is to warm up.
    for (let round = 0; round <= rounds; round++) {
      for (const name of inTurns(reducerNames, round)) {
        const one = await clients.get(name)?.run({ index: large.index, forMs, inFlight });
        if (one !== undefined && round > 0) found.get(name)?.push(one);
      }
    }
  } finally {
    await Promise.all([...clients.values()].map((client) => client.stop()));
  }
  const lags = (name: ReducerName) => (found.get(name) ?? []).map(({ lagP99Ms }) => lagP99Ms);
  const rows = reducerNames.map((name) => {
    const all = found.get(name) ?? [];
    const middle = (of: (round: ReduceRound) => number) => median(all.map(of));
    return [
      name,
      middle(({ lagP99Ms }) => lagP99Ms).toFixed(1),
      Math.max(...all.map(({ lagMaxMs }) => lagMaxMs)).toFixed(0),
      middle(({ reduced, wallMs }) => (reduced * 1_000) / wallMs).toFixed(1),
    ];
  });
  const idle = median(lags("nothing"));
  return {
    findings: [
      {
        what: `tasks that reduce answers of ${large.label}: p99 of main's lag`,
        atMost: goalLagMs,
        values: lags("rollcall, tasks in 2 threads"),
        digits: 1,
        unit: " ms",
      },
    ],
    section:
      `## Reducing answers of ${large.label}\n\n` +
      `${inFlight} in flight, each fetched, parsed and reduced to three numbers, ${rounds} rounds of ${forMs} ms. Lag is how much later than asked for a timer of ` +
      `1 ms runs on the main thread; with nothing else to do, its p99 was ${idle.toFixed(1)} ms on this machine.\n\n` +
      table(["", "lag p99, ms", "longest, ms", "answers/s"], rows) +
      "\n",
  };
}
