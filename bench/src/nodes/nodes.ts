import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { own } from "@rollcall/testing/processes";
import { type Finding, goalTable } from "../goals.js";
import { inTurns, type MeasuredProcess, startMeasured } from "../measured-process.js";
import { type Report, table } from "../report.js";
import { median } from "../statistics.js";
import type { NodesAnswer, NodesOrder } from "./nodes-client.js";

const kinds = ["undici", "0", "1"] as const;
type Kind = (typeof kinds)[number];
const labels: Readonly<Record<Kind, string>> = {
  undici: "bare undici",
  "0": "Rollcall, on the calling thread",
  "1": "Rollcall, through a thread",
};

/** As in core/health: of more nodes, as many are probed a second as of these. */
const nodesAtUsualPace = 50;

/** By kind: one figure a round. */
type Figures = ReadonlyMap<Kind, readonly number[]>;

interface SizeFigures {
  readonly nodes: number;
  /** Processor milliseconds a second. */
  readonly idle: Figures;
  /** Processor microseconds of a search. */
  readonly search: Figures;
}

/** What the size of a cluster costs a client, and how many searches are on their way. */
export async function nodes({ quick }: { readonly quick: boolean }): Promise<Report> {
  const terms = quick
    ? { sizes: [3, 30], settleMs: 500, idleMs: 1_000, rounds: 2, requests: 1_000 }
    : { sizes: [3, 30, 300, 1_000], settleMs: 12_000, idleMs: 12_000, rounds: 5, requests: 4_000 };
  const sizes: SizeFigures[] = [];
  for (const size of terms.sizes) {
    console.log(`  ${size} nodes`);
    sizes.push(await withClients(size, [], (clients) => measureSize(size, clients, terms)));
  }
  const inFlight = [1, 64, 1_024, 10_000];
  const loads = await withClients(3, [], (clients) => measureLoads(clients, inFlight, terms));
  const waiting = await withClients(3, ["--expose-gc"], (clients) =>
    takeTurns(clients, 1, (client) => client.run({ type: "wait", requests: 10_000 })),
  );
  const body =
    "All nodes are servers in one process. A search is a GET that is answered with 0.5 KB, read as JSON; " +
    `64 are in flight, over at most 64 connections a node. ${terms.rounds} rounds of ${terms.requests} searches, in turns. ` +
    "Bare undici has one `Pool` a node, taken in turn; a function of the caller sends `Pool.request` and reads the body.\n\n" +
    `## Goals\n\n${goalTable(findingsOf(sizes, waiting))}\n` +
    "*beside bare undici*: by how much more than bare undici's a search's processor time grows from three nodes on.\n\n" +
    `## A search, in microseconds of the process's processor time\n\n${sizeTable(sizes, ({ search }) => search)}\n` +
    "## An idle process, in milliseconds of processor time a second\n\n" +
    `From ${terms.settleMs / 1_000} s after the nodes are healthy, for ${terms.idleMs / 1_000} s. Rollcall probes each of up to ` +
    `${nodesAtUsualPace} nodes every 10 s, and of more of them ${nodesAtUsualPace / 10} a second in all. Bare undici sends as many ` +
    `\`GET /\`, and does nothing else.\n\n${sizeTable(sizes, ({ idle }) => idle)}\n` +
    `## A search, by how many are in flight or wait, three nodes\n\n${loadTable(loads, inFlight)}\n` +
    "## The heap that a waiting search takes on the calling thread, in bytes\n\n" +
    `${table(
      ["", "bytes"],
      rowsOf((kind) => [shown(waiting, kind, 0)]),
    )}\n`;
  return { title: "Nodes: what the size of a cluster costs, and what waits", body };
}

type Client = MeasuredProcess<NodesOrder, NodesAnswer>;
type Clients = ReadonlyMap<Kind, Client>;
type Terms = Readonly<Record<"settleMs" | "idleMs" | "rounds" | "requests", number>>;

async function withClients<Result>(
  size: number,
  execArgv: readonly string[],
  use: (clients: Clients) => Promise<Result>,
): Promise<Result> {
  const server = fork(fileURLToPath(new URL("./nodes-server.js", import.meta.url)), [String(size)]);
  const owned = await own(server);
  const clients = new Map<Kind, Client>();
  try {
    const [ports] = (await once(server, "message")) as [readonly number[]];
    const program = new URL("./nodes-client.js", import.meta.url);
    for (const kind of kinds) clients.set(kind, await startMeasured(program, [kind, ...ports.map(String)], execArgv));
    return await use(clients);
  } finally {
    await Promise.all([...clients.values()].map((client) => client.stop()));
    await owned.stop();
  }
}

async function measureSize(size: number, clients: Clients, terms: Terms): Promise<SizeFigures> {
  // Each is ready once it has carried out an order.
  await Promise.all([...clients.values()].map((client) => client.run({ type: "idle", forMs: 0, probesPerSecond: 1 })));
  await sleep(terms.settleMs);
  const idle = new Map<Kind, number[]>();
  const idling = [...clients].map(async ([kind, client]) => {
    const cpuMs = await client.run({
      type: "idle",
      forMs: terms.idleMs,
      probesPerSecond: Math.min(size, nodesAtUsualPace) / 10,
    });
    idle.set(kind, [(cpuMs * 1_000) / terms.idleMs]);
  });
  await Promise.all(idling);
  const search = await searchInTurns(clients, 64, terms, Math.max(terms.requests, size * 5));
  return { nodes: size, idle, search };
}

async function measureLoads(clients: Clients, inFlight: readonly number[], terms: Terms): Promise<readonly Figures[]> {
  const loads: Figures[] = [];
  for (const count of inFlight) {
    const requests = count === 1 ? Math.ceil(terms.requests / 4) : Math.max(terms.requests, count);
    loads.push(await searchInTurns(clients, count, { ...terms, requests }, requests));
  }
  return loads;
}

/** The warm-up opens a connection to each node. */
async function searchInTurns(
  clients: Clients,
  inFlight: number,
  { rounds, requests }: Terms,
  warmUp: number,
): Promise<Figures> {
  for (const client of clients.values()) await client.run({ type: "search", requests: warmUp, inFlight });
  return takeTurns(clients, rounds, async (client) => {
    return ((await client.run({ type: "search", requests, inFlight })) * 1_000) / requests;
  });
}

async function takeTurns(
  clients: Clients,
  rounds: number,
  measure: (client: Client) => Promise<number>,
): Promise<Figures> {
  const figures = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [kind, client] of inTurns([...clients], round)) figures.get(kind)?.push(await measure(client));
  }
  return figures;
}

function findingsOf(sizes: readonly SizeFigures[], waiting: Figures): readonly Finding[] {
  const [least, ...larger] = sizes;
  if (least === undefined) return [];
  const growth = ({ search }: SizeFigures, kind: Kind) => of(search, kind) / of(least.search, kind);
  const grown = larger.flatMap((size): Finding[] => {
    const values = (["0", "1"] as const).map((kind) => growth(size, kind) / growth(size, "undici"));
    const idle = of(size.idle, "0") / of(least.idle, "0");
    return [
      { what: `a search, ${size.nodes} nodes beside bare undici`, atMost: 1.15, values: values.slice(0, 1), digits: 2 },
      { what: "the same through a thread", atMost: 1.15, values: values.slice(1), digits: 2 },
      { what: `idle, ${size.nodes} nodes to ${least.nodes}`, atMost: 1.15, values: [idle], digits: 2 },
    ];
  });
  return [...grown, { what: "a waiting search", atMost: 800, values: [of(waiting, "0")], digits: 0, unit: " B" }];
}

function sizeTable(sizes: readonly SizeFigures[], figuresOf: (size: SizeFigures) => Figures): string {
  const head = ["", ...sizes.map(({ nodes: size }) => `${size} nodes`)];
  return table(
    head,
    rowsOf((kind) => sizes.map((size) => shown(figuresOf(size), kind, 1))),
  );
}

function loadTable(loads: readonly Figures[], inFlight: readonly number[]): string {
  const head = ["", ...inFlight.map((count) => count.toLocaleString("en"))];
  return table(
    head,
    rowsOf((kind) => loads.map((load) => shown(load, kind, 1))),
  );
}

function rowsOf(cells: (kind: Kind) => readonly string[]): readonly (readonly string[])[] {
  return kinds.map((kind) => [labels[kind], ...cells(kind)]);
}

function of(figures: Figures, kind: Kind): number {
  return median(figures.get(kind) ?? []);
}

function shown(figures: Figures, kind: Kind, digits: number): string {
  return of(figures, kind).toFixed(digits);
}
