// Forked by nodes.ts: one way to search, alone in its process. `rollcall` with a number of threads finds the nodes by
// itself, from the first; `undici` is given all of them.
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import { createPool } from "@rollcall/worker";
import { Client, Pool } from "undici";

export type NodesOrder =
  /** Search nothing for so long. Bare undici sends so many probes a second meanwhile, to one node after the other. */
  | { readonly type: "idle"; readonly forMs: number; readonly probesPerSecond: number }
  /** Keep so many searches in flight until so many are answered. */
  | { readonly type: "search"; readonly requests: number; readonly inFlight: number }
  /** Leave so many requests waiting at nodes that answer none, after enough to fill all connections. */
  | { readonly type: "wait"; readonly requests: number; readonly method: "GET" | "POST" };

/** Processor time of the process, in milliseconds; of "wait", the heap of its main thread that one request takes, in bytes. */
export type NodesAnswer = number;

const [kind, ...ports] = process.argv.slice(2);
const urls = ports.map((port) => `http://127.0.0.1:${port}`);
const connections = 64;
const probed = kind === "undici" ? urls.map((url) => new Client(url, { keepAliveTimeout: 30_000 })) : [];
const search = kind === "undici" ? overUndici() : await overRollcall(Number(kind));

process.on("message", (order: NodesOrder) => {
  void carryOut(order).then((answer: NodesAnswer) => process.send?.(answer));
});
process.once("disconnect", () => process.exit());

async function carryOut(order: NodesOrder): Promise<NodesAnswer> {
  if (order.type === "wait") return bytesOfWaiting(order.requests, order.method === "POST");
  const before = process.cpuUsage();
  if (order.type === "idle")
    await (kind === "undici" ? probeAll(order.forMs, order.probesPerSecond) : sleep(order.forMs));
  else await searchAll(order.requests, order.inFlight);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** As Rollcall's leader does: over one connection a node, which is closed after 30 s without a probe. */
async function probeAll(forMs: number, perSecond: number): Promise<void> {
  const endMs = performance.now() + forMs;
  for (let probes = 0; performance.now() < endMs; probes++) {
    await sleep(1_000 / perSecond);
    const { body } = await (probed[probes % probed.length] as Client).request({ method: "GET", path: "/" });
    await body.json();
  }
}

async function searchAll(requests: number, inFlight: number): Promise<void> {
  let left = requests;
  const slot = async () => {
    while (left-- > 0) await search("small");
  };
  await Promise.all(Array.from({ length: inFlight }, slot));
}

async function bytesOfWaiting(requests: number, withBody: boolean): Promise<number> {
  const held: Promise<unknown>[] = [];
  let number = 0;
  /** Of 84 bytes, and a text of its own for each. */
  const nextBody = () =>
    `{"query":{"match":{"message":"${String(++number).padStart(21, "x")}"}},"size":10,"from":0,"sort":[]}`;
  const hold = (count: number) => {
    for (let begun = 0; begun < count; begun++) held.push(search("held", withBody ? nextBody() : undefined));
  };
  hold(urls.length * connections + 1_000);
  await sleep(1_000);
  const before = heapBytes();
  hold(requests);
  await sleep(500);
  return (heapBytes() - before) / requests;
}

/** Of all that is reachable. */
function heapBytes(): number {
  for (let times = 0; times < 4; times++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

type Search = (index: string, body?: string) => Promise<unknown>;

function overUndici(): Search {
  const pools = urls.map((url) => new Pool(url, { connections, headersTimeout: 0, bodyTimeout: 0 }));
  let turn = 0;
  return async (index, content) => {
    const pool = pools[turn++ % pools.length] as Pool;
    const path = `/${index}/_search`;
    const { body } = await pool.request(
      content === undefined ? { method: "GET", path } : { method: "POST", path, headers: json, body: content },
    );
    return body.json();
  };
}

const json = { "content-type": "application/json" };

async function overRollcall(threads: number): Promise<Search> {
  const pool = createPool({
    ...{ nodes: urls.slice(0, 1), threads, logger: false, timeoutMs: 3_600_000 },
    ...{ connections: { perNode: connections }, queue: { perThread: 32_768 } },
  });
  const isWhole = () => pool.nodes().filter(({ state }) => state === "healthy").length === urls.length;
  await waitUntil(`${urls.length} nodes are healthy`, isWhole, { timeoutMs: 120_000 });
  return (index, body) => {
    const path = `/${index}/_search`;
    return pool.request(body === undefined ? { method: "GET", path } : { method: "POST", path, body });
  };
}
