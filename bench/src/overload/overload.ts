import { type Report, table } from "../report.js";
import type { Contender } from "./client.js";
import { calmColumns, calmFigures, overloadColumns, overloadFigures } from "./figures.js";
import { type Measured, measured, names } from "./measured.js";
import { onNodes } from "./run-once.js";
import { type CalmLoad, calmLoads, type Overload, otherOverloads, overloads, times } from "./scenarios.js";
import { perSecondOf, usual } from "./terms.js";

export interface OverloadOptions {
  readonly quick: boolean;
  /** Default 1, which takes some fifteen minutes. */
  readonly rounds?: number;
  /** Names of scenarios, of which nothing is kept. Default: all. */
  readonly only?: readonly string[];
}

/**
 * More calls than some nodes with bounded queues can answer, from one process and from eight, by Rollcall and by
 * `@elastic/elasticsearch`; and loads of which nothing is to be refused.
 */
export async function overload({ quick, rounds = 1, only }: OverloadOptions): Promise<Report> {
  const wanted = <Named extends { readonly name: string }>(all: readonly Named[]) =>
    all.filter(({ name }) => (quick ? ["3x-1-100", "load-1"].includes(name) : (only?.includes(name) ?? true)));
  const ofOverload = (scenario: Overload) => scenario.contenders.map((contender) => overloadRow(scenario, contender));
  const parts = [
    { ...{ text: overloadText, columns: overloadColumns }, rows: wanted(overloads).map(ofOverload) },
    { ...{ text: otherText, columns: overloadColumns }, rows: wanted(otherOverloads).map(ofOverload) },
    { ...{ text: calmText, columns: calmColumns }, rows: wanted(calmLoads).map((load) => [calmRow(load)]) },
  ];
  const tables: string[] = [];
  for (const { text, columns, rows } of parts) {
    const cells: string[][] = [];
    // The contenders of a scenario in turns: what else the machine does meets all of them.
    for (const group of rows) cells.push(...(await measured(group, quick ? 1 : rounds)));
    if (cells.length > 0) tables.push(`${text}\n\n${table(["", ...columns.map(([head]) => head)], cells)}`);
  }
  const inTurns = rounds === 1 ? "One round." : `${rounds} rounds in turns: medians, and the least and the greatest.`;
  return { title: "Overload", body: `${commonText} ${inTurns}\n\n${tables.join("\n")}` };
}

function overloadRow(scenario: Overload, contender: Contender): Measured {
  const { title, cluster, processes, phases, fromMs, toMs } = scenario;
  return {
    title: `${title}: ${names[contender]}`,
    columns: overloadColumns,
    async once(round) {
      const run = await onNodes(cluster, { contender, processes, phases, round }, fromMs, toMs);
      return overloadFigures(run, fromMs, toMs, cluster.timeoutMs);
    },
  };
}

function calmRow({ title, cluster, ...load }: CalmLoad): Measured {
  return {
    title,
    columns: calmColumns,
    once: async (round) => calmFigures(await onNodes(cluster, { ...load, round })),
  };
}

const commonText = `Three nodes, ${usual.workers} searches at a time each, 20 ms in the mean (exponential), where no other is said: ${perSecondOf(usual)}
searches a second. A search whose client has gone is not begun. Timeout ${usual.timeoutMs} ms. Calls come by chance at their rate, whatever
becomes of the others.`;

const overloadText = `Half of what the nodes can do for ${times.warmMs / 1_000} s, then the overload for ${times.overMs / 1_000} s, then half again. Each row: load, processes,
places in the queue of a node. \`goodput\`: answers in time, of calls that begin from the third second of the overload,
as a share of what the nodes can do at the pace that the machine let them have; \`p50\`, \`p99\`: of those calls.
\`refused within\`: until a refused call has its error, p99. \`p99 after\`: of calls that begin one second after the overload
or later. \`busy\`: all processors of the machine, with whatever else ran there.`;

const otherText = "Fleets that no number of the rule was chosen on, by `queue.adaptive`.";

const calmText = "Loads of which nothing is to be refused, by `queue.adaptive`, from one process and from eight.";
