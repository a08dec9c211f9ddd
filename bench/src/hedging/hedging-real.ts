import { setTimeout as sleep } from "node:timers/promises";
import type { EngineName } from "@rollcall/testing/engines";
import { startEngineTarget } from "../failover/engine-target.js";
import { busyPartOf } from "../failover/processors.js";
import type { TargetCluster, TargetNode } from "../failover/target.js";
import { index } from "../failover/terms.js";
import type { Report } from "../report.js";
import type { HedgingRun, LongSearch } from "./client.js";
import { hedgingTable, longText, type Measured, rowOf } from "./figures.js";
import { type Hedge, underLoad } from "./load.js";
import { type LongRequest, prepareLongSearch } from "./long-search.js";
import { processes } from "./terms.js";

export interface HedgingRealOptions {
  readonly quick: boolean;
  /** Default 1, which takes some ten minutes. */
  readonly rounds?: number;
  /** Names of engines and of scenarios. Default: all. */
  readonly only?: readonly string[];
}

interface RealScenario {
  readonly name: string;
  readonly title: string;
  /** For so long, from a second after the searches. */
  readonly disturb: (node: TargetNode, ms: number) => Promise<void>;
  /** Any copy of the shard may be searched, that of the node in trouble too. */
  readonly anyCopy?: true;
  /** Aggregations of 2 s run beside the quick searches; with a `hedgeKey` of their own, or without. */
  readonly long?: "keyed" | "unkeyed";
}

const engines: readonly (readonly [EngineName, string])[] = [
  ["opensearch3", "OpenSearch 3.8"],
  ["elasticsearch9", "Elasticsearch 9.5"],
];

const perSecond = 60;
const timeoutMs = 10_000;
const longEveryMs = 4_000;
const frozenMs = 3_000;
const warmUp = { ms: 20_000, atOnce: 2 };
const stops = { ms: 300, everyMs: 2_000 };
const body = { query: { match: { message: "ordinary" } } };

const well = async () => {};
const freeze = async (node: TargetNode) => stopFor(node, frozenMs);

const scenarios: readonly RealScenario[] = [
  { name: "healthy", title: "healthy", disturb: well },
  { name: "frozen", title: "one node is frozen for 3 s", disturb: freeze },
  {
    ...{ name: "stops", title: `one node is stopped for ${stops.ms} ms every ${stops.everyMs / 1_000} s` },
    async disturb(node, ms) {
      for (let at = 0; at + stops.everyMs <= ms; at += stops.everyMs) {
        await stopFor(node, stops.ms);
        await sleep(stops.everyMs - stops.ms);
      }
    },
  },
  { name: "any-copy", title: "one node is frozen for 3 s, any copy is searched", disturb: freeze, anyCopy: true },
  { name: "mixed", title: "beside aggregations of 2 s: healthy", disturb: well, long: "unkeyed" },
  { name: "mixed-frozen", title: "beside aggregations of 2 s: one node is frozen", disturb: freeze, long: "unkeyed" },
  {
    ...{ name: "mixed-keyed", title: "the same, and the aggregations have a `hedgeKey`" },
    ...{ disturb: freeze, long: "keyed" },
  },
];

async function stopFor(node: TargetNode, ms: number): Promise<void> {
  node.freeze();
  await sleep(ms);
  node.thaw();
}

/** An engine that has just started compiles its code and fills its caches: searches that are not measured do that. */
async function warm(urls: readonly string[]): Promise<void> {
  const untilMs = performance.now() + warmUp.ms;
  const search = async (url: string) => {
    const init = {
      ...{ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
      signal: AbortSignal.timeout(warmUp.ms * 2),
    };
    while (performance.now() < untilMs) {
      const response = await fetch(`${url}/${index}/_search?request_cache=false&preference=_local`, init);
      await response.arrayBuffer();
    }
  };
  await Promise.all(urls.flatMap((url) => Array.from({ length: warmUp.atOnce }, () => search(url))));
}

/** The slowest searches with `hedge` and without on real engines. */
export async function hedgingReal({ quick, rounds = 1, only }: HedgingRealOptions): Promise<Report> {
  const ms = quick ? 4_000 : 9_000;
  const wanted = <Item>(all: readonly Item[], nameOf: (item: Item) => string) => {
    const named = all.filter((item) => only?.includes(nameOf(item)));
    return named.length > 0 ? named : all;
  };
  const sections: string[] = [];
  for (const [kind, title] of wanted(engines, ([name]) => name)) {
    await using cluster = await startEngineTarget(kind);
    const [url = ""] = cluster.urls;
    const long = await prepareLongSearch(url, () => cluster.untilGreen());
    await warm(cluster.urls);
    const bench = new EngineBench(cluster, long, ms);
    for (const scenario of wanted(scenarios, ({ name }) => name)) await bench.run(scenario, quick ? 1 : rounds);
    sections.push(`## ${title}\n\n${bench.text()}`);
  }
  const text = `Three nodes of each engine, one JVM each, an index of one shard with a copy on each. ${processes} processes,
${perSecond} searches a second in all, by chance, for ${ms / 1_000} s; each node searches its own copy, where no other is said. The trouble begins
a second after them, at a node that is not the master. Searches for ${warmUp.ms / 1_000} s come before, not measured. Every ${longEveryMs / 1_000} s an aggregation begins of which one runs at a time. A search fails after ${timeoutMs / 1_000} s.
${rounds === 1 ? "One round." : `${rounds} rounds in turns: medians of the latencies, sums of the counts.`}

${sections.join("\n")}`;
  return { title: "Reads that wait too long, hedged and not, on real engines", body: text };
}

/** The runs on one cluster. */
class EngineBench {
  private readonly rows: [string, Hedge, Measured[]][] = [];
  private readonly longLines: string[] = [];

  constructor(
    private readonly cluster: TargetCluster,
    private readonly long: LongRequest,
    private readonly ms: number,
  ) {}

  async run(scenario: RealScenario, rounds: number): Promise<void> {
    const measured: Record<Hedge, Measured[]> = { off: [], on: [] };
    for (let round = 0; round < rounds; round++) {
      for (const hedge of round % 2 === 0 ? (["off", "on"] as const) : (["on", "off"] as const)) {
        const once = await this.runOnce(scenario, hedge, round);
        measured[hedge].push(once);
        console.log(rowOf(scenario.title, hedge, [once]).join(" | "));
      }
    }
    for (const hedge of ["off", "on"] as const) {
      this.rows.push([scenario.title, hedge, measured[hedge]]);
      if (scenario.long === undefined) continue;
      this.longLines.push(`- ${scenario.title}, \`hedge\` ${hedge}: ${longText(measured[hedge])}\n`);
    }
  }

  text(): string {
    const alone = `The aggregation alone took ${this.long.tookMs.toFixed(0)} ms.`;
    const long = this.longLines.length === 0 ? "" : `\n${alone} Beside the searches:\n\n${this.longLines.join("")}`;
    return `${hedgingTable(this.rows)}${long}`;
  }

  private async runOnce(scenario: RealScenario, hedge: Hedge, round: number): Promise<Measured> {
    await this.cluster.untilGreen();
    const node = await this.cluster.faultyNode();
    const { ms } = this;
    let runs: readonly HedgingRun[] = [];
    const load = {
      ...{ urls: this.cluster.urls, body, timeoutMs, ms, perSecond, threads: 0, seed: round + 1 },
      path: `/${index}/_search?request_cache=false${scenario.anyCopy === true ? "" : "&preference=_local"}`,
      long: this.longOf(scenario),
    };
    const busy = await busyPartOf(async () => {
      runs = await underLoad(hedge, load, async () => {
        await sleep(1_000);
        await scenario.disturb(node, ms - 1_000);
      });
    });
    return { runs, busy };
  }

  private longOf({ long }: RealScenario): LongSearch | undefined {
    if (long === undefined) return undefined;
    const { path, body } = this.long;
    return { path, body, everyMs: longEveryMs, ...(long === "keyed" ? { hedgeKey: "aggregation" } : {}) };
  }
}
