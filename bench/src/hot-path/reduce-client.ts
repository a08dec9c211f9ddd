// Forked by reduce.ts: one way to fetch large answers and keep a few numbers of each.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Client as ElasticsearchClient } from "@elastic/elasticsearch";
import { createPool, type Pool } from "@rollcall/worker";
import { dispatchAndRead, overPools, query } from "./bare-undici.js";
import { reduceHits, type SearchAnswer, type Summary } from "./reduce-hits.js";
import type reduceTask from "./reduce-task.js";

export const reducerNames = [
  "nothing",
  "elasticsearch, on main",
  "undici-dispatch, on main",
  "rollcall, on main",
  "rollcall, tasks in 1 thread",
  "rollcall, tasks in 2 threads",
] as const;
export type ReducerName = (typeof reducerNames)[number];

export interface ReduceOrder {
  readonly index: string;
  readonly forMs: number;
  readonly inFlight: number;
}

export interface ReduceRound {
  readonly reduced: number;
  readonly wallMs: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
}

type Reduce = ((index: string) => Promise<Summary>) | undefined;

function startReducer(name: ReducerName, urls: readonly string[]): Reduce {
  switch (name) {
    case "nothing":
      return undefined;
    case "elasticsearch, on main": {
      const client = new ElasticsearchClient({ nodes: [...urls] });
      return async (index) => reduceHits(await client.search({ index, ...query }));
    }
    case "undici-dispatch, on main": {
      const { next } = overPools(urls, { headersTimeout: 0, bodyTimeout: 0 });
      return (index) => dispatchAndRead(next(), index, (body) => reduceHits(JSON.parse(body.toString("utf8"))));
    }
    case "rollcall, on main": {
      const pool = createPool({ nodes: urls, threads: 0, discovery: false, logger: false });
      return async (index) => {
        const answer = await pool.request<SearchAnswer>({ method: "POST", path: `/${index}/_search`, body: query });
        return reduceHits(answer.json());
      };
    }
    case "rollcall, tasks in 1 thread":
      return inTasks(createPool({ nodes: urls, threads: 1, discovery: false, logger: false }));
    case "rollcall, tasks in 2 threads":
      return inTasks(createPool({ nodes: urls, threads: 2, discovery: false, logger: false }));
  }
}

function inTasks(pool: Pool): Reduce {
  const module = new URL("./reduce-task.js", import.meta.url);
  return (index) => pool.run<typeof reduceTask>(module, index);
}

/** What a lag is above: a timer never runs before its time. */
const timerMs = 1;

async function runRound(reduce: Reduce, { index, forMs, inFlight }: ReduceOrder): Promise<ReduceRound> {
  const lag = monitorEventLoopDelay({ resolution: timerMs });
  const startedAtMs = performance.now();
  let over = false;
  const ended = new Promise<void>((resolve) => {
    setTimeout(() => {
      over = true;
      resolve();
    }, forMs);
  });
  let reduced = 0;
  const slot = async () => {
    while (!over) {
      const summary = await reduce?.(index);
      if (summary?.count === undefined || summary.count === 0)
        throw new Error("the answer is not the answer of a search");
      reduced++;
    }
  };
  lag.enable();
  const load = reduce === undefined ? [] : Array.from({ length: inFlight }, slot);
  await Promise.all([ended, ...load]);
  lag.disable();
  const overMs = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - timerMs);
  return {
    reduced,
    wallMs: performance.now() - startedAtMs,
    lagP99Ms: overMs(lag.percentile(99)),
    lagMaxMs: overMs(lag.max),
  };
}

if (process.send !== undefined) {
  const [name, ...urls] = process.argv.slice(2);
  const reduce = startReducer(name as ReducerName, urls);
  process.on("message", (order: ReduceOrder) => {
    void runRound(reduce, order).then((round) => process.send?.(round));
  });
  process.once("disconnect", () => process.exit(0));
}
