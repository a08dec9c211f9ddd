import { type Finding, goalTable } from "../goals.js";
import type { Form } from "../hot-path/contenders.js";
import { answers } from "../hot-path/servers.js";
import { type Report, table } from "../report.js";
import { median } from "../statistics.js";
import type { FloorContender } from "./floor-contenders.js";
import { type FloorEntry, inFlight, p10, type RoundsExtent, runRounds, type UsPerRequest } from "./rounds.js";

const fullExtent: RoundsExtent = { rounds: 40, forMs: 150, warmUpMs: 1_500, copies: 2 };
const quickExtent: RoundsExtent = { rounds: 2, forMs: 100, warmUpMs: 150, copies: 1 };

const entry = (name: FloorContender, threads: number, index: "small" | "medium", form: Form): FloorEntry => {
  const answer = answers.find((one) => one.index === index);
  if (answer === undefined) throw new Error(`no answer ${index}`);
  const who = { bare: "bare undici", plain: "rollcall" }[name as string] ?? name;
  const where = threads === 0 ? "" : `, ${threads} thread`;
  return { label: `${who}${where}, ${answer.label} ${form}`, name, threads, answer, form };
};

const floorSmall = entry("bare", 0, "small", "parsed");
const floorMedium = entry("bare", 0, "medium", "parsed");
const limitSmall = entry("bare", 1, "small", "parsed");
const limitMedium = entry("bare", 1, "medium", "bytes");
const ownSmall = entry("plain", 0, "small", "parsed");
const ownMedium = entry("plain", 0, "medium", "bytes");
const laneSmall = entry("plain", 1, "small", "parsed");
const laneMedium = entry("plain", 1, "medium", "bytes");
const officials = (["official es8", "official es9"] as const).map((name) => ({
  small: entry(name, 0, "small", "parsed"),
  medium: entry(name, 0, "medium", "parsed"),
}));
const entries: readonly FloorEntry[] = [
  ...[floorSmall, ownSmall, limitSmall, laneSmall, ...officials.map(({ small }) => small)],
  ...[floorMedium, ownMedium, limitMedium, laneMedium, ...officials.map(({ medium }) => medium)],
];

type Costs = ReadonlyMap<FloorEntry, UsPerRequest>;

/** What a request costs beside undici's `Pool.dispatch` alone, and beside the official clients 8 and 9. */
export async function floor({ quick }: { readonly quick: boolean }): Promise<Report> {
  const extent = quick ? quickExtent : fullExtent;
  const { costs, nodes } = await runRounds(entries, extent);
  const body =
    `Searches by POST, the query stringified, an \`authorization\` header, ${inFlight} in flight, over three nodes: ${nodes}. ` +
    `${extent.rounds} rounds of ${extent.forMs} ms each, in turns; ${extent.copies} processes of each contender take turns, too.\n\n` +
    "- *bare undici*: `Pool.dispatch` with its newest handler form, 25 connections a node, `JSON.parse`: the floor\n" +
    "- *bare undici, 1 thread*: the floor in a thread; what crosses is an id, the index, the body and the answer, one message " +
    "a turn. It shows the least that a thread leaves to its main thread\n" +
    "- *parsed*: the caller gets the answer as an object; *bytes*: as bytes, to be passed on\n" +
    "- *CPU*: user and system time of the client's whole process; *main*: its main thread's part (`schedstat`)\n" +
    "- *p10*: the tenth percentile of the rounds, which the machine has disturbed least\n" +
    "- ratios: medians of the rounds, to the floor of the same round and size, parsed; in brackets the ratio of the p10\n\n" +
    `## Goals\n\n${goalTable(findingsOf(costs))}\n## Microseconds of a request\n\n${costTable(costs)}\n`;
  return { title: "Floor: what a request costs beside bare undici", body };
}

function us(costs: Costs, one: FloorEntry, what: keyof UsPerRequest): readonly number[] {
  return (costs.get(one)?.[what] ?? []).filter((value) => !Number.isNaN(value));
}

function ratios(costs: Costs, one: FloorEntry, to: FloorEntry, what: keyof UsPerRequest): readonly number[] {
  const others = us(costs, to, what);
  return us(costs, one, what).map((value, round) => value / (others[round] ?? Number.NaN));
}

function findingsOf(costs: Costs): readonly Finding[] {
  const find = (what: string, atMost: number, values: readonly number[]) => ({ what, atMost, values, digits: 2 });
  const main = (one: FloorEntry, to: FloorEntry) => ratios(costs, one, to, "main");
  return [
    find("calling thread, 0.5 KB parsed: CPU to the floor", 1, ratios(costs, ownSmall, floorSmall, "cpu")),
    find("1 thread, 0.5 KB parsed: main to the floor", 0.24, main(laneSmall, floorSmall)),
    find("1 thread, 41 KB bytes: main to the floor", 0.05, main(laneMedium, floorMedium)),
    find("1 thread, 0.5 KB parsed: CPU to the calling thread's", 1.15, ratios(costs, laneSmall, ownSmall, "cpu")),
    find("1 thread, 41 KB bytes: CPU to the calling thread's", 1.2, ratios(costs, laneMedium, ownMedium, "cpu")),
    ...officials.flatMap(({ small, medium }) => [
      find(`1 thread, 0.5 KB parsed: main to ${small.name}`, 1 / 10, main(laneSmall, small)),
      find(`1 thread, 41 KB bytes: main to ${medium.name}`, 1 / 35, main(laneMedium, medium)),
    ]),
  ];
}

function costTable(costs: Costs): string {
  const rows = entries.map((one) => {
    const to = one.answer.index === "small" ? floorSmall : floorMedium;
    return [one.label, ...(["cpu", "main"] as const).flatMap((what) => cells(costs, one, to, what))];
  });
  return table(["", "CPU, p10", "median", "to the floor", "main, p10", "median", "to the floor"], rows);
}

function cells(costs: Costs, one: FloorEntry, to: FloorEntry, what: keyof UsPerRequest): readonly string[] {
  const [own, others] = [us(costs, one, what), us(costs, to, what)];
  if (own.length === 0) return ["not measured", "", ""];
  const ratio = `${median(ratios(costs, one, to, what)).toFixed(3)} [${(p10(own) / p10(others)).toFixed(3)}]`;
  return [p10(own).toFixed(1), median(own).toFixed(1), ratio];
}
