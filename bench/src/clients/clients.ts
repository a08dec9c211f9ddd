import { type Finding, goalTable } from "../goals.js";
import type { RoundCost, RoundOrder } from "../hot-path/round.js";
import { type Answer, answers, startServers } from "../hot-path/servers.js";
import { inTurns, type MeasuredProcess, startMeasured } from "../measured-process.js";
import { type Report, table } from "../report.js";
import { median } from "../statistics.js";
import { type ClientKindName, clientKinds, type Way, ways } from "./client-contenders.js";

const inFlight = 64;
const fullExtent = { rounds: 9, forMs: 700, warmUpMs: 3_000 };
const quickExtent = { rounds: 2, forMs: 150, warmUpMs: 150 };

/** Of a request: what each way costs, round by round. */
interface Cost {
  readonly perSecond: number;
  readonly cpuUs: number;
  /** NaN where the system does not report it. */
  readonly mainUs: number;
}

type Costs = ReadonlyMap<string, readonly Cost[]>;

const kinds = Object.keys(clientKinds) as ClientKindName[];
const entries = kinds.flatMap((kind) => ways.map((way) => ({ kind, way, key: `${kind} ${way}` })));
type Entry = (typeof entries)[number];

/**
 * What a search through each official client costs its process and its main thread: alone, and on a pool without and
 * with a thread. Each is in a process of its own, in short rounds that take turns.
 */
export async function clients({ quick }: { readonly quick: boolean }): Promise<Report> {
  const { rounds, forMs, warmUpMs } = quick ? quickExtent : fullExtent;
  await using servers = await startServers();
  const processes = new Map<string, MeasuredProcess<RoundOrder, RoundCost>>();
  const measured: (readonly [Answer, Costs])[] = [];
  try {
    for (const { kind, way, key } of entries) {
      processes.set(key, await startMeasured(new URL("./client.js", import.meta.url), [kind, way, ...servers.urls]));
    }
    for (const answer of answers.filter(({ index }) => index !== "large")) {
      console.log(`answers of ${answer.label}`);
      const run = async ({ key }: Entry, ms: number): Promise<Cost> => {
        const one = processes.get(key);
        if (one === undefined) throw new Error(`no client ${key}`);
        return costOf(await one.run({ answer, form: "parsed", forMs: ms, inFlight, requestsMax: 1_000_000 }));
      };
      for (const entry of entries) await run(entry, warmUpMs);
      const costs = new Map<string, Cost[]>(entries.map(({ key }) => [key, []]));
      for (let round = 0; round < rounds; round++) {
        for (const entry of inTurns(entries, round)) costs.get(entry.key)?.push(await run(entry, forMs));
      }
      measured.push([answer, costs]);
    }
  } finally {
    await Promise.all([...processes.values()].map((one) => one.stop()));
  }
  const body =
    `Searches by POST through the clients' own \`search\`, ${inFlight} in flight, over three nodes: ${servers.kind}. ` +
    `${rounds} rounds of ${forMs} ms each, in turns, after one of ${warmUpMs} ms to warm up.\n\n` +
    "- *alone*: searches a second / microseconds of the process's CPU a search / of its main thread (`schedstat`)\n" +
    "- *on the pool*: the same as ratios to the client alone in the same round\n\n" +
    "Given are medians, in brackets the least and the most of the rounds.\n\n" +
    `## Goals\n\n${goalTable(findingsOf(measured))}\n` +
    measured.map(([{ label }, costs]) => `## Answers of ${label}\n\n${costTable(costs)}\n`).join("");
  return { title: "The official clients, alone and on a pool", body };
}

function costOf({ requests, wallMs, cpuMs, mainMs = Number.NaN }: RoundCost): Cost {
  const usEach = (ms: number) => (ms * 1_000) / requests;
  return { perSecond: (requests * 1_000) / wallMs, cpuUs: usEach(cpuMs), mainUs: usEach(mainMs) };
}

function ratiosOf(costs: Costs, kind: ClientKindName, way: Way, what: keyof Cost): readonly number[] {
  const alone = costs.get(`${kind} alone`) ?? [];
  const ratios = (costs.get(`${kind} ${way}`) ?? []).map((cost, round) => cost[what] / (alone[round]?.[what] ?? 0));
  return ratios.filter((ratio) => !Number.isNaN(ratio));
}

function findingsOf(measured: readonly (readonly [Answer, Costs])[]): readonly Finding[] {
  const [, small = new Map()] = measured.find(([{ index }]) => index === "small") ?? [];
  const limits: readonly (readonly [Way, number])[] = [
    ["0", 0.9],
    ["1", 0.4],
  ];
  return limits.flatMap(([way, atMost]) =>
    kinds.map((kind) => ({
      what: `${clientKinds[kind].label}, 0.5 KB, ${way} threads: main to the client alone`,
      ...{ atMost, values: ratiosOf(small, kind, way, "mainUs"), digits: 2 },
    })),
  );
}

function costTable(costs: Costs): string {
  const rows = kinds.map((kind) => {
    const alone = costs.get(`${kind} alone`) ?? [];
    const middle = (what: keyof Cost) => median(alone.map((cost) => cost[what])).toFixed(0);
    const onPool = ways
      .slice(1)
      .flatMap((way) =>
        (["perSecond", "cpuUs", "mainUs"] as const).map((what) => spread(ratiosOf(costs, kind, way, what))),
      );
    return [clientKinds[kind].label, `${middle("perSecond")} / ${middle("cpuUs")} / ${middle("mainUs")}`, ...onPool];
  });
  const heads = ways.slice(1).flatMap((way) => [`${way} threads: searches/s`, "CPU", "main"]);
  return table(["", "alone", ...heads], rows);
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return "not measured";
  return `${median(values).toFixed(2)} [${Math.min(...values).toFixed(2)}, ${Math.max(...values).toFixed(2)}]`;
}
