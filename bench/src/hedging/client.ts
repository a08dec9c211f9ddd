// node client.js HEDGE SEED: on its first order, opens a pool and warms it; on the second, searches that come by chance at a
// given rate whatever becomes of the others. Reports how long each took, and how many hedges were sent.
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@rollcall/testing";
import { createPool, type Pool } from "@rollcall/worker";

export type HedgingOrder =
  | { readonly kind: "open"; readonly urls: readonly string[]; readonly timeoutMs: number }
  | { readonly kind: "load"; readonly ms: number; readonly perSecond: number };

export interface HedgingRun {
  /** Null: it failed. */
  readonly tookMs: readonly (number | null)[];
  readonly sent: number;
  readonly won: number;
}

const [hedge = "", seed = ""] = process.argv.slice(2);
const random = seededRandom(Number(seed));

let pool: Pool | undefined;

process.on("message", async (order: HedgingOrder) => {
  process.send?.(order.kind === "open" ? await open(order) : await load(order));
});

async function open({ urls, timeoutMs }: HedgingOrder & { readonly kind: "open" }): Promise<"open"> {
  const hedging = hedge === "on";
  pool = createPool({ nodes: urls, discovery: false, threads: 0, timeoutMs, hedge: hedging, logger: false });
  await pool.ready();
  // What is usual must be known: that takes twenty answers.
  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 6 }, search));
  return "open";
}

async function search(): Promise<boolean> {
  const request = { method: "POST", path: "/bench/_search", body: { query: { match_all: {} } } };
  const answer = await pool?.request(request).catch(() => undefined);
  return answer?.status === 200;
}

async function load({ ms, perSecond }: HedgingOrder & { readonly kind: "load" }): Promise<HedgingRun> {
  const before = pool?.stats().hedges ?? { sent: 0, won: 0 };
  const tookMs: (number | null)[] = [];
  const pending: Promise<void>[] = [];
  const startedMs = performance.now();
  for (let dueMs = startedMs; dueMs < startedMs + ms; ) {
    dueMs += (-Math.log(1 - random()) * 1_000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const beganMs = performance.now();
    pending.push(
      search().then((isGood) => {
        tookMs.push(isGood ? performance.now() - beganMs : null);
      }),
    );
  }
  await Promise.all(pending);
  const { sent, won } = pool?.stats().hedges ?? { sent: 0, won: 0 };
  return { tookMs, sent: sent - before.sent, won: won - before.won };
}
