import { startMeasured } from "../measured-process.js";
import { table } from "../report.js";
import type { Cost } from "./cost-list.js";
import type { ViewOrder } from "./view-client.js";

const sizes = [3, 1_000] as const;

/** What a view costs, at each step of its way, for a small cluster and for a very large one. */
export async function viewCosts(): Promise<string> {
  const columns: (readonly Cost[])[] = [];
  for (const nodes of sizes) {
    const client = await startMeasured<ViewOrder, readonly Cost[]>(
      new URL("./view-client.js", import.meta.url),
      [],
      ["--expose-gc"],
    );
    try {
      columns.push(await client.run({ nodes, marked: Math.ceil(nodes / 50) }));
    } finally {
      await client.stop();
    }
  }
  const [first = []] = columns;
  const rows = first.map(({ what }, at) => [
    what.replace(/ \d+ marks$/, " marks on every fiftieth node"),
    ...columns.map((costs) => costs[at]?.value ?? ""),
  ]);
  return (
    "## What a view costs\n\n" +
    "Each step alone, with its own code and no network; medians of processor-bound runs. Memory is of JavaScript's heap.\n\n" +
    `${table(["", ...sizes.map((nodes) => `${nodes} nodes`)], rows)}\n`
  );
}
