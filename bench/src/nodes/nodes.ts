import { type Finding, goalTable } from "../goals.js";
import { inTurns } from "../measured-process.js";
import { type Report, table } from "../report.js";
import {
  type Client,
  type Clients,
  type Figures,
  type Kind,
  kinds,
  of,
  rowsOf,
  shown,
  withClients,
} from "./clients-of-nodes.js";
import { idleFindings, idleSection, measureIdle } from "./idle.js";

interface SizeFigures {
  readonly nodes: number;
  /** Processor microseconds of a search. */
  readonly search: Figures;
}

/** What the size of a cluster costs a client, and how many searches are on their way. */
export async function nodes({ quick }: { readonly quick: boolean }): Promise<Report> {
  const terms = quick
    ? { sizes: [3, 30], settleMs: 500, intervalMs: 1_000, intervals: 2, rounds: 2, requests: 1_000 }
    : { sizes: [3, 30, 300, 1_000], settleMs: 75_000, intervalMs: 30_000, intervals: 7, rounds: 5, requests: 4_000 };
  console.log("  idle");
  const idle = await measureIdle(terms);
  const sizes: SizeFigures[] = [];
  for (const size of terms.sizes) {
    console.log(`  ${size} nodes`);
    sizes.push(await withClients(size, [], (clients) => measureSize(size, clients, terms)));
  }
  const inFlight = [1, 64, 1_024, 10_000];
  const loads = await withClients(3, [], (clients) => measureLoads(clients, inFlight, terms));
  const [waiting, waitingPosts] = await withClients(3, ["--expose-gc"], measureWaiting);
  const body =
    "All nodes are servers in one process. A search is a GET that is answered with 0.5 KB, read as JSON; " +
    `64 are in flight, over at most 64 connections a node. ${terms.rounds} rounds of ${terms.requests} searches, in turns. ` +
    "Bare undici has one `Pool` a node, taken in turn; a function of the caller sends `Pool.request` and reads the body.\n\n" +
    `## Goals\n\n${goalTable([...findingsOf(sizes, waiting, waitingPosts), ...idleFindings(idle)])}\n` +
    "*beside bare undici*: by how much more than bare undici's a search's processor time grows from three nodes on.\n\n" +
    `## A search, in microseconds of the process's processor time\n\n${sizeTable(sizes, ({ search }) => search)}\n` +
    `${idleSection(idle, terms)}\n` +
    `## A search, by how many are in flight or wait, three nodes\n\n${loadTable(loads, inFlight)}\n` +
    "## The heap that a waiting search takes on the calling thread, in bytes\n\n" +
    `${table(
      ["", "GET", "POST with a body of 84 bytes, these among them"],
      rowsOf((kind) => [shown(waiting, kind, 0), shown(waitingPosts, kind, 0)]),
    )}\n`;
  return { title: "Nodes: what the size of a cluster costs, and what waits", body };
}

async function measureWaiting(clients: Clients): Promise<readonly [Figures, Figures]> {
  const ofMethod = (method: "GET" | "POST") =>
    takeTurns(clients, 1, (client) => client.run({ type: "wait", requests: 10_000, method }));
  return [await ofMethod("GET"), await ofMethod("POST")];
}

type Terms = Readonly<Record<"rounds" | "requests", number>>;

async function measureSize(size: number, clients: Clients, terms: Terms): Promise<SizeFigures> {
  return { nodes: size, search: await searchInTurns(clients, 64, terms, Math.max(terms.requests, size * 5)) };
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

function findingsOf(sizes: readonly SizeFigures[], waiting: Figures, waitingPosts: Figures): readonly Finding[] {
  const [least, ...larger] = sizes;
  if (least === undefined) return [];
  const growth = ({ search }: SizeFigures, kind: Kind) => of(search, kind) / of(least.search, kind);
  const grown = larger.flatMap((size): Finding[] => {
    const values = (["0", "1"] as const).map((kind) => growth(size, kind) / growth(size, "undici"));
    return [
      { what: `a search, ${size.nodes} nodes beside bare undici`, atMost: 1.15, values: values.slice(0, 1), digits: 2 },
      { what: "the same through a thread", atMost: 1.15, values: values.slice(1), digits: 2 },
    ];
  });
  const bytes = { atMost: 800, digits: 0, unit: " B" };
  return [
    ...grown,
    { what: "a waiting search, GET", values: [of(waiting, "0")], ...bytes },
    { what: "a waiting search, POST with a body", values: [of(waitingPosts, "0")], ...bytes },
  ];
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
