import { type Finding, goalTable } from "../goals.js";
import type { RoundCost, RoundOrder } from "../hot-path/round.js";
import { answers, type Servers, startServers } from "../hot-path/servers.js";
import { inTurns, startMeasured } from "../measured-process.js";
import { type Report, table } from "../report.js";
import { median, quartiles } from "../statistics.js";
import { baseOf, type ObservationName, observations } from "./observations.js";
import type { UnsentOrder } from "./unsent-client.js";

interface Entry {
  readonly name: ObservationName;
  readonly threads: number;
}

/** Microseconds of a request, round by round. */
type Costs = ReadonlyMap<Entry, readonly number[]>;

const names = Object.keys(observations) as ObservationName[];
const unsent: readonly Entry[] = names.map((name) => ({ name, threads: 0 }));
const sent: readonly Entry[] = [
  ...unsent,
  ...(["sdk", "both", "bothTenth"] as const).map((name) => ({ name, threads: 1 })),
];

const inFlight = 64;

/** What metrics and spans cost a small request, in processor time of the whole process. */
export async function observed({ quick }: { readonly quick: boolean }): Promise<Report> {
  const rounds = quick ? 2 : 9;
  const [forMs, warmUpMs, requests] = quick ? [200, 300, 2_000] : [350, 1_500, 5_000];
  const unsentProgram = new URL("./unsent-client.js", import.meta.url);
  const ofUnsent = await takeTurns(unsent, rounds, async ({ name }) => {
    const client = await startMeasured<UnsentOrder, number>(unsentProgram, [name]);
    return { run: () => client.run({ requests }), warmUp: () => client.run({ requests }), stop: () => client.stop() };
  });
  await using servers = await startServers();
  const ofSent = await takeTurns(sent, rounds, (entry) => startSending(entry, servers, forMs, warmUpMs));
  const body =
    "Searches by POST. Spans go to a `BatchSpanProcessor` whose exporter throws them away. What uses OpenTelemetry is " +
    "compared with an application that has its SDK and does not use it for Rollcall: on Node 20, the first use of " +
    "`AsyncLocalStorage` makes every promise dearer.\n\n" +
    `## What is added, by itself\n\nOf a pool that sends nothing: ${rounds} rounds of ${requests} requests, in turns.\n\n` +
    `${addedTable(ofUnsent)}\n` +
    `## Processor time that is added to a request\n\nAnswers of 0.5 KB, ${inFlight} in flight, over three nodes: ${servers.kind}. ` +
    `${rounds} rounds of ${forMs} ms each, in turns. The median decides.\n\n` +
    `${goalTable(findingsOf(ofSent))}\n## Processor time of a request, in microseconds\n\n${costTable(ofSent)}\n`;
  return { title: "Observed: what metrics and spans cost a request", body };
}

interface Measured {
  run(): Promise<number>;
  warmUp(): Promise<number>;
  stop(): Promise<unknown>;
}

async function startSending(entry: Entry, servers: Servers, forMs: number, warmUpMs: number): Promise<Measured> {
  const program = new URL("./observed-client.js", import.meta.url);
  const parameters = [entry.name, String(entry.threads), ...servers.urls];
  const client = await startMeasured<RoundOrder, RoundCost>(program, parameters);
  const [answer] = answers;
  if (answer === undefined) throw new Error("there is no answer to ask for");
  const run = async (ms: number): Promise<number> => {
    const cost = await client.run({ answer, form: "parsed", forMs: ms, inFlight, requestsMax: 1_000_000 });
    return (cost.cpuMs * 1_000) / cost.requests;
  };
  return { run: () => run(forMs), warmUp: () => run(warmUpMs), stop: () => client.stop() };
}

async function takeTurns(
  entries: readonly Entry[],
  rounds: number,
  start: (entry: Entry) => Promise<Measured>,
): Promise<Costs> {
  const clients = new Map<Entry, Measured>();
  const costs = new Map<Entry, number[]>(entries.map((entry) => [entry, []]));
  try {
    for (const entry of entries) clients.set(entry, await start(entry));
    for (const client of clients.values()) await client.warmUp();
    for (let round = 0; round < rounds; round++) {
      for (const entry of inTurns(entries, round)) {
        costs.get(entry)?.push((await clients.get(entry)?.run()) ?? Number.NaN);
      }
    }
  } finally {
    await Promise.all([...clients.values()].map((client) => client.stop()));
  }
  return costs;
}

/** Of each round with that of what it is compared with; undefined for what is not compared. */
function pairsOf(costs: Costs, { name, threads }: Entry): readonly (readonly [number, number])[] | undefined {
  const base = [...costs.keys()].find((one) => one.name === baseOf(name) && one.threads === threads);
  const own = [...costs].find(([one]) => one.name === name && one.threads === threads)?.[1] ?? [];
  if (base === undefined || base.name === name) return undefined;
  return own.map((us, round) => [us, costs.get(base)?.[round] ?? Number.NaN]);
}

function addedTable(costs: Costs): string {
  const rows = [...costs.keys()].flatMap((entry) => {
    const added = pairsOf(costs, entry)?.map(([us, base]) => us - base);
    return added === undefined ? [] : [[labelOf(entry), median(added).toFixed(1), spread(added)]];
  });
  return table(["", "microseconds", "quartiles"], rows);
}

function findingsOf(costs: Costs): Finding[] {
  return [...costs.keys()].flatMap((entry) => {
    const pairs = pairsOf(costs, entry);
    if (pairs === undefined) return [];
    const values = pairs.map(([us, base]) => (us / base - 1) * 100);
    return [{ what: labelOf(entry), atMost: 10, values, digits: 1, unit: " %" }];
  });
}

function costTable(costs: Costs): string {
  const rows = [...costs].map(([entry, us]) => [labelOf(entry), median(us).toFixed(1), spread(us)]);
  return table(["", "median", "quartiles"], rows);
}

function spread(values: readonly number[]): string {
  return quartiles(values)
    .map((one) => one.toFixed(1))
    .join(" – ");
}

function labelOf({ name, threads }: Entry): string {
  return `${observations[name].label}${threads === 0 ? "" : `, ${threads} thread`}`;
}
