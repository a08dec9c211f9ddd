import type { RoundCost, RoundOrder } from "../hot-path/round.js";
import { answers, startServers } from "../hot-path/servers.js";
import { type MeasuredProcess, startMeasured } from "../measured-process.js";
import { type Build, builds, figureOf, inBlocks } from "./blocks.js";
import { type Comparison, comparisonTable } from "./comparison-table.js";

const inFlight = 64;
const threadCounts = [0, 1] as const;
const compared = answers.filter(({ index }) => index !== "large");

export interface HotPathExtent {
  readonly blocks: number;
  readonly forMs: number;
  readonly warmUpMs: number;
}

/** Compares what a request costs its process: through the calling thread and through a worker thread. */
export async function compareHotPath(
  checkouts: Readonly<Record<Build, string>>,
  { blocks, forMs, warmUpMs }: HotPathExtent,
): Promise<string> {
  await using servers = await startServers();
  const comparisons: Comparison[] = [];
  for (const threads of threadCounts) {
    const clients = new Map<Build, MeasuredProcess<RoundOrder, RoundCost>>();
    try {
      for (const build of builds) {
        const parameters = [checkouts[build], String(threads), ...servers.urls];
        clients.set(build, await startMeasured(new URL("./hot-path-client.js", import.meta.url), parameters));
      }
      for (const answer of compared) {
        const what = `${answer.label}, ${threads === 0 ? "calling thread" : "1 worker thread"}`;
        console.log(`hot path: ${what}`);
        const run = async (build: Build, ms: number) => {
          const client = clients.get(build);
          if (client === undefined) throw new Error(`no client of the build ${build}`);
          return client.run({ answer, form: "parsed", forMs: ms, inFlight, requestsMax: 1_000_000 });
        };
        for (const build of builds) await run(build, warmUpMs);
        const measured = await inBlocks(blocks, (build) => run(build, forMs));
        const add = (figure: string, ms: (cost: RoundCost) => number) => {
          const costs = figureOf(measured, (cost) => (ms(cost) * 1_000) / cost.requests);
          comparisons.push({ what: `${what}: ${figure}`, unit: " us", digits: 1, blocks: costs });
        };
        add("CPU a request", ({ cpuMs }) => cpuMs);
        if (measured[0]?.before[0].mainMs !== undefined) add("main thread a request", ({ mainMs = 0 }) => mainMs);
        add("time a request", ({ wallMs }) => wallMs);
      }
    } finally {
      await Promise.all([...clients.values()].map((client) => client.stop()));
    }
  }
  return (
    `## Hot path\n\n${inFlight} searches in flight over three nodes (${servers.kind}), answers parsed. rounds of ` +
    `${forMs} ms, in blocks of four: ${blocks}. *CPU*: of the whole process.\n\n${comparisonTable(comparisons)}\n`
  );
}
