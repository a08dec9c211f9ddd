import { type Finding, goalTable } from "../goals.js";
import { inTurns, type MeasuredProcess, startMeasured } from "../measured-process.js";
import { type Report, table } from "../report.js";
import { median } from "../statistics.js";
import type { BodiesOrder, BodyKind, StreamCost, StreamOrder } from "./client.js";

const contenders = ["undici", "rollcall-0", "rollcall-1"] as const;
type Contender = (typeof contenders)[number];

const megabyte = 1_000_000;
const slowBytesPerSecond = megabyte;
const bodyKinds: readonly BodyKind[] = ["copied", "moved"];

type Client = MeasuredProcess<StreamOrder | BodiesOrder, StreamCost>;

/** Large answers read as streams, and large bodies sent, by undici and by Rollcall without and with a thread. */
export async function stream({ quick }: { readonly quick: boolean }): Promise<Report> {
  const answer: StreamOrder = { byteLength: (quick ? 10 : 300) * megabyte };
  const slow = { bytesPerSecond: slowBytesPerSecond, seconds: quick ? 1 : 10 };
  const rounds = quick ? 1 : 7;
  const server = await startMeasured<object, number>(new URL("./node-server.js", import.meta.url), []);
  const clients: [Contender, Client][] = [];
  try {
    const port = await server.run({});
    for (const name of contenders) {
      clients.push([name, await startClient(name, port)]);
    }
    const costs = new Map<Contender, StreamCost[]>(contenders.map((name) => [name, []]));
    for (const [, client] of clients) await client.run(answer);
    for (let round = 0; round < rounds; round++) {
      for (const [name, client] of inTurns(clients, round)) costs.get(name)?.push(await client.run(answer));
    }
    const held = new Map<Contender, number>();
    for (const name of contenders) held.set(name, await heldBySlowReader(name, port, slow));
    const bodies = await sendBodies(clients, { rounds, bodies: quick ? 5 : 50 });
    return report({ costs, held, bodies }, answer.byteLength / megabyte, slow.seconds);
  } finally {
    for (const [, client] of clients) await client.stop();
    await server.stop();
  }
}

function startClient(name: Contender, port: number): Promise<Client> {
  return startMeasured(new URL("./client.js", import.meta.url), [name, String(port)], ["--expose-gc"]);
}

/** In a process of its own, which holds nothing else. */
async function heldBySlowReader(name: Contender, port: number, slow: StreamOrder["slow"] & {}): Promise<number> {
  const client = await startClient(name, port);
  try {
    await client.run({ byteLength: 10 * megabyte });
    const { heldBytes } = await client.run({ byteLength: 1_000 * megabyte, slow });
    return heldBytes;
  } finally {
    await client.stop();
  }
}

/** Main's time for each body of 2 MB, by contender and kind, round by round. */
type BodyCosts = ReadonlyMap<string, readonly number[]>;

async function sendBodies(
  clients: readonly (readonly [Contender, Client])[],
  { rounds, bodies }: { readonly rounds: number; readonly bodies: number },
): Promise<BodyCosts> {
  const costs = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, client] of inTurns(clients, round)) {
      for (const kind of inTurns(name === "undici" ? bodyKinds.slice(0, 1) : bodyKinds, round)) {
        const { mainMs } = await client.run({ bodies, kind });
        const key = `${name}, ${kind}`;
        costs.set(key, [...(costs.get(key) ?? []), (mainMs * 1_000) / bodies]);
      }
    }
  }
  return costs;
}

interface Measured {
  readonly costs: ReadonlyMap<Contender, readonly StreamCost[]>;
  readonly held: ReadonlyMap<Contender, number>;
  readonly bodies: BodyCosts;
}

function report({ costs, held, bodies }: Measured, megabytes: number, slowSeconds: number): Report {
  const figure = (name: Contender, of: (cost: StreamCost) => number) => (costs.get(name) ?? []).map(of);
  const throughput = ({ bytes, seconds }: StreamCost) => bytes / megabyte / seconds;
  const mainUs = ({ mainMs, bytes }: StreamCost) => (mainMs * 1_000) / (bytes / megabyte);
  const allUs = ({ allMs, bytes }: StreamCost) => (allMs * 1_000) / (bytes / megabyte);
  const shown = (values: readonly number[]) => median(values).toFixed(0);
  const ratios = (of: (cost: StreamCost) => number, above: Contender, below: Contender) => {
    const others = figure(below, of);
    return figure(above, of).map((value, round) => value / (others[round] ?? Number.NaN));
  };
  const findings: Finding[] = [
    ["main thread's time a MB, through a thread, of undici's", 0.25, ratios(mainUs, "rollcall-1", "undici")],
    ["undici's throughput, of that through a thread", 1, ratios(throughput, "undici", "rollcall-1")],
  ].map(([what, atMost, values]) => ({ what, atMost, values, digits: 2 }) as Finding);
  for (const name of ["rollcall-0", "rollcall-1"] as const) {
    const what = `MB held for a reader of 1 MB/s, ${name}`;
    findings.push({ what, atMost: 4, values: [(held.get(name) ?? Number.NaN) / megabyte], digits: 1 });
  }
  const rows = contenders.map((name) => [
    name,
    shown(figure(name, throughput)),
    shown(figure(name, mainUs)),
    shown(figure(name, allUs)),
    ((held.get(name) ?? Number.NaN) / megabyte).toFixed(1),
  ]);
  const bodyRows = [...bodies].toSorted().map(([name, values]) => [name, shown(values)]);
  const body = `An answer of ${megabytes} MB from one process, read as a stream, in ${costs.get("undici")?.length} interleaved
rounds; medians. \`main\`: processor time of the main thread. Each process holds a heap of 50 MB, as an application does.
Last column: what the buffers of a process held, at most, in all its threads, while it read 1 MB/s of an answer of 1 GB
for ${slowSeconds} s, without what V8 could have collected.

${table(["", "MB/s", "main us/MB", "all us/MB", "slow reader, MB"], rows)}
${goalTable(findings)}
Bodies of 2 MB, one at a time: the main thread's time for each, in us.

${table(["", "main us"], bodyRows)}`;
  return { title: "Streams: what a large answer costs", body };
}
