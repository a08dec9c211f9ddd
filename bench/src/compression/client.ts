// node client.js THREADS ENGINE_PID DIRECT_URL LINK_URL: sends one kind of request for a while on order, compressed or not,
// and reports what it costs the process, its main thread and the engine.
import { readFileSync } from "node:fs";
import { createPool, type Pool, type PoolRequest } from "@rollcall/worker";
import { mainThreadMs } from "../hot-path/thread-time.js";
import { type CallName, calls } from "./calls.js";

export interface CompressionOrder {
  readonly call: CallName;
  readonly way: "direct" | "link";
  readonly compressed: boolean;
  readonly concurrency: number;
  readonly ms: number;
}

export interface CompressionCost {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly slowMs: number;
  /** Processor time of one call, in microseconds. */
  readonly mainUs: number;
  readonly allUs: number;
  readonly nodeUs: number;
}

const [threads = "", enginePid = "", direct = "", link = ""] = process.argv.slice(2);
const urls = { direct, link };
const pools = new Map<string, Pool>();

process.on("message", (order: CompressionOrder) => void run(order).then((cost) => process.send?.(cost)));

function poolFor({ way, compressed }: CompressionOrder): Pool {
  const key = `${way} ${compressed}`;
  const made = pools.get(key);
  if (made !== undefined) return made;
  const compression = compressed ? { requests: true, responses: true, aboveBytes: 1_024 } : false;
  const common = { discovery: false, logger: false, threads: Number(threads), compression } as const;
  const pool = createPool({ nodes: [urls[way]], ...common });
  pools.set(key, pool);
  return pool;
}

async function run(order: CompressionOrder): Promise<CompressionCost> {
  const pool = poolFor(order);
  await pool.ready();
  const request = calls[order.call];
  await send(pool, request);
  const took: number[] = [];
  const before = spent();
  const beganMs = performance.now();
  const untilMs = beganMs + order.ms;
  const slot = async () => {
    while (performance.now() < untilMs) took.push(await send(pool, request));
  };
  await Promise.all(Array.from({ length: order.concurrency }, slot));
  const after = spent();
  const each = (name: keyof typeof before) => ((after[name] - before[name]) * 1_000) / took.length;
  took.sort((a, b) => a - b);
  const at = (part: number) => took[Math.floor((took.length - 1) * part)] ?? Number.NaN;
  return {
    perSecond: (took.length * 1_000) / (performance.now() - beganMs),
    ...{ medianMs: at(0.5), slowMs: at(0.95) },
    ...{ mainUs: each("main"), allUs: each("all"), nodeUs: each("node") },
  };
}

async function send(pool: Pool, request: PoolRequest): Promise<number> {
  const beganMs = performance.now();
  const answer = await pool.request(request);
  answer.throwIfError().bytes();
  return performance.now() - beganMs;
}

/** Processor time so far, in milliseconds. */
function spent() {
  const { user, system } = process.cpuUsage();
  return { main: mainThreadMs() ?? Number.NaN, all: (user + system) / 1_000, node: ofProcess(enginePid) };
}

/** Of a process and all its threads; the kernel counts it in hundredths of a second. */
function ofProcess(pid: string): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
