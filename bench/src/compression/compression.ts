import { startEngine } from "@rollcall/testing/engines";
import { inTurns, type MeasuredProcess, startMeasured } from "../measured-process.js";
import { type Report, table } from "../report.js";
import { median } from "../statistics.js";
import { type CallName, calls, index, lineOf, linesOfMegabyte } from "./calls.js";
import type { CompressionCost, CompressionOrder } from "./client.js";

const linkBitsPerSecond = 100_000_000;
/** Answers and bodies of 1 MB at once: a small heap makes the node refuse them. */
const heapMegabytes = 1_024;
const ways = ["direct", "link"] as const;
type Way = (typeof ways)[number];

interface Measured {
  readonly call: CallName;
  readonly way: Way;
  readonly plain: CompressionCost[];
  readonly packed: CompressionCost[];
}

/** What compression costs and gains on a real node, over loopback and over a slow link. */
export async function compression({ quick }: { readonly quick: boolean }): Promise<Report> {
  const rounds = quick ? 1 : 5;
  const ms = quick ? 300 : 2_000;
  await using engine = await startEngine({ kind: "opensearch", nodes: 1, heapMegabytes, onProgress: console.log });
  const [node] = engine.nodes;
  if (node === undefined) throw new Error("the engine has no node");
  await fill(node.url);
  const link = await startMeasured<object, number>(new URL("./throttled-proxy.js", import.meta.url), [
    ...[`${node.port}`, `${linkBitsPerSecond}`],
  ]);
  const program = new URL("./client.js", import.meta.url);
  const linkUrl = `http://127.0.0.1:${await link.run({})}`;
  const client: MeasuredProcess<CompressionOrder, CompressionCost> = await startMeasured(program, [
    ...["1", `${node.pid}`, node.url, linkUrl],
  ]);
  try {
    const all = Object.keys(calls).flatMap((call) =>
      ways.map((way): Measured => ({ call: call as CallName, way, plain: [], packed: [] })),
    );
    for (let round = 0; round <= rounds; round++) {
      for (const { call, way, plain, packed } of all) {
        for (const compressed of inTurns([false, true], round)) {
          const cost = await client.run({
            call,
            way,
            compressed,
            concurrency: call.startsWith("bulk") ? 2 : 4,
            ms: round === 0 ? ms / 4 : ms,
          });
          // The first round warms all up.
          if (round > 0) (compressed ? packed : plain).push(cost);
        }
      }
    }
    return report(all, rounds);
  } finally {
    await client.stop();
    await link.stop();
  }
}

async function fill(url: string): Promise<void> {
  const lines = Array.from({ length: linesOfMegabyte }, (_, at) => `{"index":{}}\n${JSON.stringify(lineOf(at))}\n`);
  const headers = { "content-type": "application/x-ndjson" };
  const path = `${url}/${index}/_bulk?refresh=true`;
  const response = await fetch(path, { method: "POST", headers, body: lines.join("") });
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
}

function report(all: readonly Measured[], rounds: number): Report {
  const ofEach = (costs: readonly CompressionCost[], of: (cost: CompressionCost) => number) => median(costs.map(of));
  const both = ({ plain, packed }: Measured, of: (cost: CompressionCost) => number, digits: number) =>
    `${ofEach(plain, of).toFixed(digits)} / ${ofEach(packed, of).toFixed(digits)}`;
  const ratio = ({ plain, packed }: Measured, of: (cost: CompressionCost) => number) => {
    const ratios = packed.map((cost, round) => of(cost) / of(plain[round] ?? cost));
    return `${median(ratios).toFixed(2)} [${Math.min(...ratios).toFixed(2)}, ${Math.max(...ratios).toFixed(2)}]`;
  };
  const rows = (way: Way) =>
    all
      .filter((measured) => measured.way === way)
      .map((measured) => [
        measured.call,
        both(measured, ({ perSecond }) => perSecond, 0),
        ratio(measured, ({ perSecond }) => perSecond),
        both(measured, ({ medianMs }) => medianMs, 1),
        both(measured, ({ mainUs }) => mainUs, 0),
        both(measured, ({ allUs }) => allUs, 0),
        both(measured, ({ nodeUs }) => nodeUs, 0),
      ]);
  const head = ["without / with", "calls a second", "ratio", "median ms", "main us", "client us", "node us"];
  const body = `Calls to one OpenSearch node as it comes (\`http.compression\` on, level 3) through a pool with one thread, searches four at a time, bulks two,
without compression and with it in turns, ${rounds} rounds; medians, and of the ratio the least and the most. \`main\`, \`client\`
and \`node\`: processor time of one call in the main thread, in its process, and in the node's. The documents are lines
of a log; \`aboveBytes\` is 1,024 here.

Over loopback:

${table(head, rows("direct"))}
Over a link of 100 Mbit/s in each direction (a proxy on 127.0.0.1, in a process of its own):

${table(head, rows("link"))}`;
  return { title: "Compression: what it costs and gains", body };
}
