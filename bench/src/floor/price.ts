import { answers } from "../hot-path/servers.js";
import { baseOf } from "../observed/observations.js";
import { type Report, table } from "../report.js";
import { median, quartiles } from "../statistics.js";
import { type Priced, type PricedName, priced } from "./floor-contenders.js";
import { type FloorEntry, inFlight, p10, type RoundsExtent, runRounds, type UsPerRequest } from "./rounds.js";

const fullExtent: RoundsExtent = { rounds: 24, forMs: 150, warmUpMs: 1_200, copies: 1 };
const quickExtent: RoundsExtent = { rounds: 2, forMs: 100, warmUpMs: 150, copies: 1 };

type Name = "plain" | PricedName;
const options = Object.keys(priced) as PricedName[];

function entryOf(name: Name, threads: number): FloorEntry {
  const [answer] = answers;
  if (answer === undefined) throw new Error("there is no answer to ask for");
  return { label: name, name, threads, answer, form: "parsed" };
}

/** OpenTelemetry's options are compared with an application that has its SDK and does not use it here. */
function pricedBaseOf(name: PricedName): Name {
  const { observation }: Priced = priced[name];
  return observation !== undefined && observation !== "sdk" && baseOf(observation) === "sdk" ? "sdk" : "plain";
}

const threadCounts = [0, 1] as const;
const byThreads = threadCounts.map((threads) => ({
  threads,
  entries: new Map((["plain", ...options] as const).map((name) => [name as Name, entryOf(name, threads)])),
}));

/** What each option that is off by default costs a small request. */
export async function price({ quick }: { readonly quick: boolean }): Promise<Report> {
  const extent = quick ? quickExtent : fullExtent;
  let sections = "";
  let nodes = "";
  for (const { threads, entries } of byThreads) {
    console.log(`${threads} threads`);
    const found = await runRounds([...entries.values()], extent);
    nodes = found.nodes;
    const what = threads === 0 ? "cpu" : "main";
    sections +=
      threads === 0
        ? "## On the calling thread: processor time of the process\n\n"
        : "## Through a thread: processor time of the main thread\n\n";
    sections += `${priceTable(entries, found.costs, what)}\n`;
  }
  const body =
    `Searches by POST, answers of 0.5 KB, parsed, ${inFlight} in flight, over three nodes: ${nodes}. ${extent.rounds} rounds of ` +
    `${extent.forMs} ms each, in turns, after one of ${extent.warmUpMs} ms to warm up.\n\n` +
    "- *added*: to the same request without the option, in the same round: the median of the rounds, and their quartiles\n" +
    "- *p10*: the tenth percentiles of the rounds compared: those that the machine has disturbed least\n" +
    "- OpenTelemetry's rows are compared with the row of its SDK: on Node 20 the first use of `AsyncLocalStorage` makes every " +
    "promise dearer. Spans go to a `BatchSpanProcessor` whose exporter throws them away\n" +
    "- compression: the nodes pack nothing here, so its row is what asking for it costs; what packing costs is in the " +
    "result of `compression`\n\n" +
    sections;
  return { title: "Price: what each option costs a small request", body };
}

function priceTable(
  entries: ReadonlyMap<Name, FloorEntry>,
  costs: ReadonlyMap<FloorEntry, UsPerRequest>,
  what: keyof UsPerRequest,
): string {
  const usOf = (name: Name): readonly number[] => {
    const entry = entries.get(name);
    return (entry === undefined ? undefined : costs.get(entry)?.[what]) ?? [];
  };
  const rows = options.map((name) => {
    const [own, base] = [usOf(name), usOf(pricedBaseOf(name))];
    const parts = own.map((us, round) => (us / (base[round] ?? Number.NaN) - 1) * 100);
    const [low, high] = quartiles(parts);
    return [
      priced[name].label,
      `${median(own.map((us, round) => us - (base[round] ?? Number.NaN))).toFixed(1)} us`,
      `${median(parts).toFixed(0)} % [${low.toFixed(0)}, ${high.toFixed(0)}]`,
      `${((p10(own) / p10(base) - 1) * 100).toFixed(0)} %`,
      median(own).toFixed(1),
    ];
  });
  const plain = usOf("plain");
  return table(
    ["", "added", "of the request", "by p10", "us a request"],
    [["nothing", "", "", "", median(plain).toFixed(1)], ...rows],
  );
}
