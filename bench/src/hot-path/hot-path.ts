import { type Finding, goalTable } from "../goals.js";
import { inTurns, type MeasuredProcess, startMeasured } from "../measured-process.js";
import { type Report, table } from "../report.js";
import { median } from "../statistics.js";
import { bytesContenders, type ContenderName, contenderNames, type Form } from "./contenders.js";
import { profileHotPath } from "./profile.js";
import { reduceInTasks } from "./reduce.js";
import type { RoundCost, RoundOrder } from "./round.js";
import { type Answer, answers, type Servers, startServers } from "./servers.js";

const inFlight = 64;

/** What is measured in turns: a contender, giving the answer in one form. */
interface Entry {
  readonly name: ContenderName;
  readonly form: Form;
}

const entries: readonly Entry[] = [
  ...contenderNames.map((name) => ({ name, form: "parsed" }) as const),
  ...contenderNames.filter((name) => bytesContenders.has(name)).map((name) => ({ name, form: "bytes" }) as const),
];

/**
 * Both official clients give nothing but objects; so everything is compared with what they and the floor take to parse.
 */
const floor: Entry = { name: "undici-dispatch", form: "parsed" };
const official: Entry = { name: "elasticsearch", form: "parsed" };

interface Extent {
  readonly rounds: number;
  /** Of the largest answers: a round lasts until those in flight at its end are answered. */
  readonly roundsOfLarge: number;
  readonly forMs: number;
  readonly warmUpMs: number;
  readonly reduceRounds: number;
  readonly reduceForMs: number;
}

const fullExtent: Extent = {
  rounds: 11,
  roundsOfLarge: 3,
  forMs: 350,
  warmUpMs: 1_500,
  reduceRounds: 3,
  reduceForMs: 1_500,
};
const quickExtent: Extent = {
  rounds: 2,
  roundsOfLarge: 1,
  forMs: 200,
  warmUpMs: 300,
  reduceRounds: 1,
  reduceForMs: 300,
};

/**
 * What a request costs its client, in processor time of the whole process and of its main thread: bare undici, the
 * official clients, `piscina.run`, and Rollcall on the calling thread and through lanes. Each is in a process of its
 * own, in short rounds that take turns.
 */
export async function hotPath({
  quick,
  profile,
}: {
  readonly quick: boolean;
  readonly profile: boolean;
}): Promise<Report> {
  const extent = quick ? quickExtent : fullExtent;
  await using servers = await startServers();
  if (profile) return await profileHotPath(servers, quick);
  const all = await measureAll(servers, extent);
  console.log("reducing answers");
  const reduced = await reduceInTasks(servers, extent.reduceRounds, extent.reduceForMs);
  const findings = [...findingsOf(new Map(all.map(([answer, costs]) => [answer.index, costs]))), ...reduced.findings];
  const body =
    `Searches by POST, the query stringified, ${inFlight} in flight, over three nodes: ${servers.kind}. ${extent.rounds} rounds of ` +
    `${extent.forMs} ms each, in turns (of the largest ${extent.roundsOfLarge}), after one of ${extent.warmUpMs} ms to warm up.\n\n` +
    "- *parsed*: the caller gets the answer as an object; *bytes*: as bytes, to be passed on\n" +
    "- *CPU*: user and system time of the client's whole process, its threads included, a request\n" +
    "- *main*: the main thread's part of it, as Linux counts it (`schedstat`)\n" +
    `- ratios are to ${nameOf(floor)} in the same round\n\n` +
    "Given are medians, in brackets the least and the most of the rounds.\n\n" +
    `## Goals\n\n${goalTable(findings)}\n` +
    all.map(([{ label }, costs]) => `## Answers of ${label}\n\n${costTable(costs)}\n`).join("") +
    reduced.section;
  return { title: "Hot path: what a request costs its client", body };
}

type Costs = ReadonlyMap<string, readonly RoundCost[]>;

function nameOf({ name, form }: Entry): string {
  return `${name}, ${form}`;
}

async function measureAll(servers: Servers, extent: Extent): Promise<readonly (readonly [Answer, Costs])[]> {
  const clients: Clients = new Map();
  try {
    for (const name of contenderNames) {
      clients.set(name, await startMeasured(new URL("./client.js", import.meta.url), [name, ...servers.urls]));
    }
    const all: [Answer, Costs][] = [];
    for (const answer of answers) {
      console.log(`answers of ${answer.label}`);
      all.push([answer, await takeTurns(clients, answer, extent)]);
    }
    return all;
  } finally {
    await Promise.all([...clients.values()].map((client) => client.stop()));
  }
}

type Clients = Map<ContenderName, MeasuredProcess<RoundOrder, RoundCost>>;

async function takeTurns(clients: Clients, answer: Answer, extent: Extent): Promise<Costs> {
  const { forMs, warmUpMs } = extent;
  const rounds = answer === answers.at(-1) ? extent.roundsOfLarge : extent.rounds;
  const run = async ({ name, form }: Entry, ms: number): Promise<RoundCost> => {
    const client = clients.get(name);
    if (client === undefined) throw new Error(`no client ${name}`);
    return client.run({ answer, form, forMs: ms, inFlight, requestsMax: 1_000_000 });
  };
  for (const entry of entries) await run(entry, warmUpMs);
  const costs = new Map<string, RoundCost[]>(entries.map((entry) => [nameOf(entry), []]));
  for (let round = 0; round < rounds; round++) {
    for (const entry of inTurns(entries, round)) costs.get(nameOf(entry))?.push(await run(entry, forMs));
  }
  return costs;
}

/** Microseconds of a request, round by round; empty where the main thread's time is not reported. */
function usOf(costs: Costs, entry: Entry, what: "cpuMs" | "mainMs"): readonly number[] {
  const rounds = costs.get(nameOf(entry)) ?? [];
  return rounds.flatMap((cost) => {
    const ms = cost[what];
    return ms === undefined ? [] : [(ms * 1_000) / cost.requests];
  });
}

function ratios(own: readonly number[], others: readonly number[]): readonly number[] {
  return own.map((one, round) => one / (others[round] ?? Number.NaN));
}

function costTable(costs: Costs): string {
  const floorCpuUs = usOf(costs, floor, "cpuMs");
  const floorMainUs = usOf(costs, floor, "mainMs");
  const rows = entries.map((entry) => {
    const cpuUs = usOf(costs, entry, "cpuMs");
    const mainUs = usOf(costs, entry, "mainMs");
    const perSecond = (costs.get(nameOf(entry)) ?? []).map(({ requests, wallMs }) => (requests * 1_000) / wallMs);
    return [
      nameOf(entry),
      microseconds(cpuUs),
      spread(ratios(cpuUs, floorCpuUs), 2),
      mainUs.length === 0 ? "not measured" : microseconds(mainUs),
      mainUs.length === 0 ? "" : spread(ratios(mainUs, floorMainUs), 2),
      median(perSecond).toFixed(0),
    ];
  });
  return table(["", "CPU us", "to the floor", "main us", "to the floor", "requests/s"], rows);
}

function microseconds(us: readonly number[]): string {
  return spread(us, us.some((one) => one >= 1_000) ? 0 : 1);
}

function spread(values: readonly number[], digits: number): string {
  return `${median(values).toFixed(digits)} [${Math.min(...values).toFixed(digits)}, ${Math.max(...values).toFixed(digits)}]`;
}

function findingsOf(byIndex: ReadonlyMap<string, Costs>): readonly Finding[] {
  const ratio = (index: string, what: "cpuMs" | "mainMs", own: Entry, other: Entry): readonly number[] => {
    const costs = byIndex.get(index) ?? new Map();
    return ratios(usOf(costs, own, what), usOf(costs, other, what));
  };
  const inThread = (form: Form): Entry => ({ name: "rollcall", form });
  const lane = (form: Form): Entry => ({ name: "rollcall-1-thread", form });
  const find = (what: string, atMost: number, values: readonly number[]): Finding => ({
    what,
    atMost,
    values,
    digits: 2,
  });
  return [
    ...answers.map(({ index, label }) =>
      find(
        `on the calling thread, ${label} parsed: CPU to the floor`,
        1.15,
        ratio(index, "cpuMs", inThread("parsed"), floor),
      ),
    ),
    find("lane, 0.5 KB parsed: main to the floor", 0.25, ratio("small", "mainMs", lane("parsed"), floor)),
    find("lane, 0.5 KB parsed: main to elasticsearch", 1 / 8, ratio("small", "mainMs", lane("parsed"), official)),
    find("lane, 41 KB as bytes: main to the floor", 0.05, ratio("medium", "mainMs", lane("bytes"), floor)),
    find("lane, 41 KB as bytes: main to elasticsearch", 1 / 35, ratio("medium", "mainMs", lane("bytes"), official)),
    ...answers.flatMap(({ index, label }) =>
      (["parsed", "bytes"] as const).map((form) =>
        find(
          `lane, ${label} ${form}: CPU to the calling thread's`,
          1.1,
          ratio(index, "cpuMs", lane(form), inThread(form)),
        ),
      ),
    ),
  ];
}
