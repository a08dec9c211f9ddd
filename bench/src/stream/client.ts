// node --expose-gc client.js CONTENDER PORT: on order reads streamed answers or sends large bodies, by bare undici or by
// Rollcall, and reports the cost.
import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { createPool } from "@rollcall/worker";
import { mainThreadMs } from "../hot-path/thread-time.js";
import { heldByThisThread } from "./held-bytes.js";
import type heldTask from "./held-task.js";

export type BodyKind = "copied" | "moved";

export interface BodiesOrder {
  /** So many bodies of 2 MB, one after the other; `moved` are given away. */
  readonly bodies: number;
  readonly kind: BodyKind;
}

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
  /** The most bytes that the process held in buffers for a slow reader, in all its threads. */
  readonly heldBytes: number;
}

const [contender = "", port = ""] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;
/** What an application has: with an almost empty heap V8 collects all of it for every few buffers, whoever makes them. */
export const heap = Array.from({ length: 300_000 }, (_, at) => ({ at, list: [at], named: { name: `x${at}` } }));

const heldModule = new URL("./held-task.js", import.meta.url);

/** How often what a slow reader holds is sampled. */
const sampleMs = 250;

const { open, send, held } = await opener();

process.on("message", async (order: StreamOrder | BodiesOrder) => {
  process.send?.("bodies" in order ? await sendBodies(order) : await read(order));
});

interface Contender {
  readonly open: (path: string) => Promise<Readable>;
  readonly send: (body: Buffer, kind: BodyKind) => Promise<unknown>;
  readonly held: () => Promise<number>;
}

async function opener(): Promise<Contender> {
  if (contender === "undici") {
    const { Pool } = createRequire(import.meta.url)("undici") as typeof import("undici");
    const pool = new Pool(origin, { headersTimeout: 0, bodyTimeout: 0 });
    return {
      open: async (path) => (await pool.request({ method: "GET", path })).body,
      send: async (body) => (await pool.request({ method: "POST", path: "/_bulk", body })).body.text(),
      held: async () => heldByThisThread(),
    };
  }
  const threads = Number(/\d+$/.exec(contender)?.[0] ?? 0);
  const pool = createPool({ nodes: [origin], discovery: false, logger: false, threads });
  await pool.request({ method: "GET", path: "/" });
  return {
    open: async (path) => (await pool.stream({ method: "GET", path, timeoutMs: 600_000 })).body,
    send: (body, kind) => pool.request({ method: "POST", path: "/_bulk", body, transfer: kind === "moved" }),
    held: async () => heldByThisThread() + (threads === 0 ? 0 : await pool.run<typeof heldTask>(heldModule, undefined)),
  };
}

async function sendBodies({ bodies, kind }: BodiesOrder): Promise<StreamCost> {
  const given = Array.from({ length: bodies }, () => Buffer.alloc(2_000_000, "x"));
  const ended = beginCost();
  for (const body of given) await send(body, kind);
  return { bytes: bodies * 2_000_000, ...ended(), heldBytes: 0 };
}

function beginCost(): () => Pick<StreamCost, "seconds" | "mainMs" | "allMs"> {
  const beganMs = performance.now();
  const cpu = process.cpuUsage();
  const main = mainThreadMs() ?? Number.NaN;
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return {
      seconds: (performance.now() - beganMs) / 1_000,
      mainMs: (mainThreadMs() ?? Number.NaN) - main,
      allMs: (user + system) / 1_000,
    };
  };
}

async function read({ byteLength, slow }: StreamOrder): Promise<StreamCost> {
  const beganMs = performance.now();
  const heldBefore = slow === undefined ? 0 : await held();
  const ended = beginCost();
  let mostHeld = heldBefore;
  let bytes = 0;
  let sampledMs = 0;
  const body = await open(`/size/${byteLength}`);
  for await (const piece of body) {
    bytes += (piece as Buffer).length;
    if (slow === undefined) continue;
    const elapsedMs = performance.now() - beganMs;
    if (elapsedMs > slow.seconds * 1_000) break;
    if (elapsedMs - sampledMs > sampleMs) {
      sampledMs = elapsedMs;
      mostHeld = Math.max(mostHeld, await held());
    }
    await sleep(Math.max(0, (bytes / slow.bytesPerSecond) * 1_000 - elapsedMs));
  }
  return { bytes, ...ended(), heldBytes: mostHeld - heldBefore };
}
