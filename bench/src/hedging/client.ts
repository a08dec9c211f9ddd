// node client.js HEDGE THREADS SEED PATH: on its first order, opens a pool and warms it; on the second, searches that come by
// chance at a given rate whatever becomes of the others, and on some clusters long ones between them. Reports how long each
// took, but for those of the first while, and what became of the hedges.
import { setTimeout as sleep } from "node:timers/promises";
import { RollcallError } from "@rollcall/core";
import { seededRandom } from "@rollcall/testing";
import { createPool, type Pool } from "@rollcall/worker";
import { usualMs } from "./terms.js";

interface Search {
  readonly path: string;
  readonly body: object;
  readonly hedgeKey?: string;
}

/** One that takes much longer than all others. One is under way at a time. */
export interface LongSearch extends Search {
  readonly everyMs: number;
}

export type HedgingOrder =
  | { readonly kind: "open"; readonly urls: readonly string[]; readonly timeoutMs: number; readonly body: object }
  | { readonly kind: "load"; readonly ms: number; readonly perSecond: number; readonly long?: LongSearch };

export interface HedgingRun {
  /** Null: it failed. */
  readonly tookMs: readonly (number | null)[];
  readonly longTookMs: readonly (number | null)[];
  /** Why some failed, in any order: codes of errors, or statuses. */
  readonly failures: readonly string[];
  readonly sent: number;
  readonly won: number;
}

const [hedge = "", threads = "", seed = "", usualPath = ""] = process.argv.slice(2);
const random = seededRandom(Number(seed));

let pool: Pool | undefined;
let usual: Search = { path: usualPath, body: {} };

process.on("message", async (order: HedgingOrder) => {
  process.send?.(order.kind === "open" ? await open(order) : await load(order));
});

async function open({ urls, timeoutMs, body }: HedgingOrder & { readonly kind: "open" }): Promise<"open"> {
  usual = { path: usualPath, body };
  const options = {
    discovery: false,
    threads: Number(threads),
    timeoutMs,
    hedge: hedge === "on",
    logger: false,
  } as const;
  pool = createPool({ nodes: urls, ...options });
  await pool.ready();
  // One at a time: what is slow because all clients begin at once is not usual.
  for (let at = 0; at < 40; at++) await search(usual);
  return "open";
}

/** Why it failed; undefined: it has not. */
async function search({ path, body, hedgeKey }: Search): Promise<string | undefined> {
  const key = hedgeKey === undefined ? {} : { hedgeKey };
  try {
    const { status } = (await pool?.request({ method: "POST", path, body, ...key })) ?? {};
    return status === 200 ? undefined : String(status);
  } catch (error) {
    return error instanceof RollcallError ? error.code : String(error);
  }
}

async function load({ ms, perSecond, long }: HedgingOrder & { readonly kind: "load" }): Promise<HedgingRun> {
  await arrivals(usualMs, perSecond, () => void search(usual));
  const before = pool?.stats().hedges ?? { sent: 0, won: 0 };
  const failures: string[] = [];
  const timed = async (times: (number | null)[], what: Search) => {
    const beganMs = performance.now();
    const failure = await search(what);
    times.push(failure === undefined ? performance.now() - beganMs : null);
    if (failure !== undefined) failures.push(failure);
  };
  const tookMs: (number | null)[] = [];
  const longTookMs: (number | null)[] = [];
  const pending: Promise<void>[] = [];
  if (long !== undefined) pending.push(longOnes(long, performance.now() + ms, () => timed(longTookMs, long)));
  await arrivals(ms, perSecond, () => pending.push(timed(tookMs, usual)));
  await Promise.all(pending);
  const { sent, won } = pool?.stats().hedges ?? { sent: 0, won: 0 };
  return { tookMs, longTookMs, failures, sent: sent - before.sent, won: won - before.won };
}

/** Calls `arrive` by chance, at this rate for so long. */
async function arrivals(ms: number, perSecond: number, arrive: () => void): Promise<void> {
  const startedMs = performance.now();
  for (let dueMs = startedMs; dueMs < startedMs + ms; ) {
    dueMs += (-Math.log(1 - random()) * 1_000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    arrive();
  }
}

/** The first one begins at once, the next when it is answered and its time has come. */
async function longOnes({ everyMs }: LongSearch, untilMs: number, timed: () => Promise<void>): Promise<void> {
  while (performance.now() < untilMs) await Promise.all([timed(), sleep(everyMs)]);
}
