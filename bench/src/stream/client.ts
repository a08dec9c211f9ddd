// node client.js CONTENDER PORT: reads streamed answers on order, by bare undici or by Rollcall, and reports their cost.
import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { createPool } from "@rollcall/worker";
import { mainThreadMs } from "../hot-path/thread-time.js";

export interface StreamOrder {
  readonly byteLength: number;
  /** Of a reader that is slow; it stops after `seconds`. */
  readonly slow?: { readonly bytesPerSecond: number; readonly seconds: number };
}

export interface StreamCost {
  readonly bytes: number;
  readonly seconds: number;
  readonly mainMs: number;
  readonly allMs: number;
  /** The most that the process held beyond its beginning. */
  readonly grownBytes: number;
}

const [contender = "", port = ""] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;
const open = await opener();

process.on("message", (order: StreamOrder) => void run(order).then((cost) => process.send?.(cost)));

async function opener(): Promise<(path: string) => Promise<Readable>> {
  if (contender === "undici") {
    const { Pool } = createRequire(import.meta.url)("undici") as typeof import("undici");
    const pool = new Pool(origin, { headersTimeout: 0, bodyTimeout: 0 });
    return async (path) => (await pool.request({ method: "GET", path })).body;
  }
  const threads = Number(/\d+$/.exec(contender)?.[0] ?? 0);
  const pool = createPool({ nodes: [origin], discovery: false, logger: false, threads });
  await pool.request({ method: "GET", path: "/" });
  return async (path) => (await pool.stream({ method: "GET", path, timeoutMs: 600_000 })).body;
}

async function run({ byteLength, slow }: StreamOrder): Promise<StreamCost> {
  const rss = () => process.memoryUsage.rss();
  const beganMs = performance.now();
  const cpu = process.cpuUsage();
  const main = mainThreadMs() ?? Number.NaN;
  const base = rss();
  let peak = base;
  let bytes = 0;
  const body = await open(`/size/${byteLength}`);
  for await (const piece of body) {
    bytes += (piece as Buffer).length;
    if (slow === undefined) continue;
    peak = Math.max(peak, rss());
    const elapsedMs = performance.now() - beganMs;
    if (elapsedMs > slow.seconds * 1_000) break;
    await sleep(Math.max(0, (bytes / slow.bytesPerSecond) * 1_000 - elapsedMs));
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    bytes,
    seconds: (performance.now() - beganMs) / 1_000,
    mainMs: (mainThreadMs() ?? Number.NaN) - main,
    allMs: (user + system) / 1_000,
    grownBytes: Math.max(peak, rss()) - base,
  };
}
