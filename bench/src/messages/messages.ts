import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { digestOf, encodeTopology, type NodeRecord, nodeKey, redisKeys, type Topology } from "@rollcall/core/view";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { type RedisServer, startRedis } from "@rollcall/testing/redis";
import type { PoolOptions } from "@rollcall/worker";
import { type MeasuredProcess, startMeasured } from "../measured-process.js";
import { type Report, table } from "../report.js";
import { quantile } from "../statistics.js";
import type { Answer, Order } from "./messages-client.js";

const name = "logs";
const keys = redisKeys(name);
const perSecond = 60_000;
const rounds = 3;
const nodesMax = 8_192;
/** The largest answer to a sniff that is read. */
const sniffBytes = 16_700_000;

type Client = MeasuredProcess<Order, Answer>;

/** What the messages and documents of others cost a process that searches: a flood of messages, and very long lists. */
export async function messages({ quick }: { readonly quick: boolean }): Promise<Report> {
  const ms = quick ? 2_000 : 5_000;
  const rows = [
    ...(await flooded(ms)),
    ...(await longLists(0, ms)),
    ...(await longLists(2, ms)),
    ...(await longSniff(ms)),
  ];
  const body = `Four searches at a time on fixture nodes, 5 ms between two. \`main\`: processor time of the main thread, as a share of one
processor. \`stall\`: the most of it between two turns of the event loop, which does not count the time in which others had the
processor; latencies do. After a bar: that of a worker thread. Calm and flood take turns, ${rounds} times each: the medians.

${table(["", "searches", "failed", "p50", "p99", "main", "stall"], rows)}`;
  return { title: "Messages and long lists", body };
}

async function flooded(ms: number): Promise<string[][]> {
  await using cluster = await startFixtureCluster({ kind: "elasticsearch" });
  await using redis = await startRedis();
  const options = { nodes: cluster.urls, redis: redis.url, name, threads: 0, logger: false } as const;
  const leader = await client(options);
  await sleep(3_000);
  const follower = await client({ ...options, coordinator: "external" });
  const both = () => Promise.all([leader.run({ ms }), follower.run({ ms })]);
  const rows: string[][] = [];
  try {
    const [calm, flood]: [Answer[][], Answer[][]] = [[], []];
    let perSecondSent = 0;
    for (let round = 0; round < rounds; round++) {
      calm.push(await both());
      const flooding = startFlood(redis);
      flood.push(await both().finally(() => flooding.end()));
      perSecondSent = await flooding.rate;
    }
    for (const [what, answers] of [
      ["no flood", calm],
      [`${perSecondSent} messages/s`, flood],
    ] as const) {
      for (const [at, who] of ["the leader", "a follower"].entries()) {
        rows.push(row(`${what}, ${who}`, medianOf(answers.flatMap((round) => round[at] ?? []))));
      }
    }
  } finally {
    await Promise.all([leader.stop(), follower.stop()]);
  }
  return rows;
}

/** Value by value. */
function medianOf(answers: readonly Answer[]): Answer {
  const of = (key: keyof Answer) =>
    quantile(
      answers.map((answer) => answer[key] ?? 0),
      0.5,
    );
  return {
    ...{ searches: of("searches"), failed: of("failed"), p50Ms: of("p50Ms"), p99Ms: of("p99Ms") },
    ...{ mainPerMille: of("mainPerMille"), stallMs: of("stallMs"), nodes: of("nodes") },
  };
}

/** Heads, requests, heartbeats and reports, none of which is real, in equal numbers. */
function startFlood({ port }: RedisServer) {
  const commands = [
    command(keys.events, '{"kind":"released"}'),
    command(keys.events, JSON.stringify({ kind: "peerProbeRequest", id: "1", node: "n@es1:9200", replicas: ["r1"] })),
    command(keys.events, `${"rubbish".repeat(40)}`),
    command(keys.statusRequests, "{}"),
    command(keys.heartbeats, JSON.stringify({ format: 1, replica: "r1", host: "h", pid: 1, role: "external" })),
    command(keys.reports, JSON.stringify({ node: "n@es1:9200", reason: "connection refused", replica: "r1" })),
  ];
  const chunk = Buffer.from(commands.join("").repeat(perSecond / 100 / commands.length));
  const socket = connect(port, "127.0.0.1").resume();
  const beganMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    while (sent < ((performance.now() - beganMs) * perSecond) / 1_000 && socket.writableLength < 1_000_000) {
      socket.write(chunk);
      sent += perSecond / 100;
    }
  }, 5);
  const rate = once(socket, "close").then(() => Math.round((1_000 * sent) / (performance.now() - beganMs)));
  return {
    rate,
    end: () => {
      clearInterval(timer);
      socket.destroy();
    },
  };
}

function command(channel: string, message: string): string {
  const part = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  return `*3\r\n${part("PUBLISH")}${part(channel)}${part(message)}`;
}

/** A reader of a view whose list of the greatest length comes, is marked, replaced and removed, all of it at once. */
async function longLists(threads: number, ms: number): Promise<string[][]> {
  await using cluster = await startFixtureCluster({ kind: "elasticsearch" });
  await using redis = await startRedis();
  const options = { nodes: cluster.urls, redis: redis.url, name, threads, logger: false } as const;
  const reader = await client({ ...options, coordinator: "external" });
  let sequence = 0;
  const publish = async (network: number, marked?: object) => {
    const version = { epoch: Date.now() * 1_000, leader: "bench", sequence: ++sequence };
    const nodes = network === 0 ? [] : inNetwork(network);
    const topology = Buffer.from(encodeTopology({ version, source: "sniff", nodes } satisfies Topology));
    const marksOf = marked === undefined ? [] : nodes.map((node) => [nodeKey(node), marked]);
    const marks = Buffer.from(JSON.stringify({ version, nodes: Object.fromEntries(marksOf) }));
    const digests = { topology: digestOf(topology), marks: digestOf(marks) };
    const head = {
      format: 1,
      topology: version,
      marks: version,
      beat: sequence,
      replicas: 1,
      digests,
      atMs: Date.now(),
    };
    const { client } = redis;
    const writing = client.multi().set(keys.topology, topology).set(keys.marks, marks);
    await writing.set(keys.head, JSON.stringify(head)).exec();
    await client.publish(keys.events, JSON.stringify({ kind: "head", head }));
  };
  const down = { kind: "down", sinceMs: Date.now(), reason: "connection refused" };
  const changes: readonly (readonly [string, () => Promise<void>])[] = [
    [`${nodesMax} new nodes`, () => publish(1)],
    ["all of them marked down", () => publish(1, down)],
    ["all of them replaced", () => publish(2)],
    ["all of them removed", () => publish(0)],
  ];
  const rows: string[][] = [];
  try {
    rows.push(row(`a view of 3 nodes, ${threads} threads`, await reader.run({ ms })));
    for (const [what, change] of changes) {
      const run = reader.run({ ms });
      await change();
      rows.push(row(`${what}, ${threads} threads`, await run));
    }
    return rows;
  } finally {
    await reader.stop();
  }
}

/** Nodes at addresses that refuse connections. */
function inNetwork(network: number): NodeRecord[] {
  return Array.from({ length: nodesMax }, (_, at) => ({
    ...{ id: `node${network}x${at}`, name: `es-data-${at}`, host: `127.${network}.${at >> 7}.${at & 127}`, port: 1 },
    ...{ roles: ["data", "ingest"], attributes: { zone: `${at % 3}` }, version: "9.5.3" },
  }));
}

/** A node that lists as many nodes as are read, in an answer as long as is read, every second. */
async function longSniff(ms: number): Promise<string[][]> {
  let isLong = false;
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader("content-type", "application/json");
    if (request.url === "/") {
      const about = {
        name: "n",
        cluster_name: "t",
        cluster_uuid: "uuidAAAAAAAAAAAAAAAAAA",
        version: { number: "9.5.3" },
      };
      response.end(JSON.stringify(about));
    } else response.end(request.url?.startsWith("/_nodes") ? (isLong ? long : short) : '{"ok":true}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const listed = (count: number, padding: string) => {
    const others = Array.from({ length: count - 1 }, (_, at) => [
      `node${at}`,
      { name: `es-${at}`, roles: ["data"], http: { publish_address: `127.1.${at >> 7}.${at & 127}:1`, padding } },
    ]);
    const own = ["own", { name: "n", roles: ["data"], http: { publish_address: `127.0.0.1:${port}` } }];
    return JSON.stringify({ cluster_name: "t", nodes: Object.fromEntries([own, ...others]) });
  };
  const short = listed(1, "");
  const long = listed(nodesMax, "x".repeat(sniffBytes / nodesMax - 150));
  const sniffing = await client({
    ...{ nodes: [`http://127.0.0.1:${port}`], threads: 0, logger: false, discovery: { intervalMs: 1_000 } },
  });
  try {
    const before = await sniffing.run({ ms });
    isLong = true;
    const during = await sniffing.run({ ms });
    const size = `${(long.length / 1e6).toFixed(1)} MB`;
    return [row("sniffs of one node", before), row(`sniffs of ${nodesMax} nodes in ${size}, every second`, during)];
  } finally {
    await sniffing.stop();
    server.closeAllConnections();
    server.close();
  }
}

function client(options: PoolOptions): Promise<Client> {
  const program = new URL("./messages-client.js", import.meta.url);
  return startMeasured<Order, Answer>(program, [JSON.stringify(options)]);
}

function row(what: string, answer: Answer): string[] {
  const { searches, failed, p50Ms, p99Ms, mainPerMille, stallMs, threadStallMs } = answer;
  const ofThread = threadStallMs === undefined ? "" : ` / ${Math.round(threadStallMs)} ms`;
  const times = [p50Ms, p99Ms].map((ms) => `${ms.toFixed(1)} ms`);
  const cells = [
    what,
    `${searches}`,
    `${failed}`,
    ...times,
    `${mainPerMille / 10} %`,
    `${Math.round(stallMs)} ms${ofThread}`,
  ];
  console.log(cells.join(" | "));
  return cells;
}
