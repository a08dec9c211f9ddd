// node client.js CONTENDER SEED: on order, calls that come by chance at a given rate whatever becomes of the others, or
// callers that wait for their answers; and reports each call.
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "@elastic/elasticsearch";
import { Client as OpenSearchClient } from "@opensearch-project/opensearch";
import { seededRandom } from "@rollcall/testing";
import { createPool } from "@rollcall/worker";

export const contenders = ["adaptive", "adaptive, 2 threads", "by default", "elasticsearch", "opensearch"] as const;
export type Contender = (typeof contenders)[number];

export interface Opening {
  readonly urls: readonly string[];
  readonly timeoutMs: number;
  readonly index: string;
  readonly body: object;
  /** Of each search, beside its body. */
  readonly query: Readonly<Record<string, string>>;
}

export interface Load {
  /** One after the other: so long, so many calls a second. */
  readonly phases: readonly { readonly ms: number; readonly perSecond: number }[];
  /** In place of a rate: so many callers in each phase. */
  readonly callers?: number;
}

/** What has no answer so long after the load has failed: some clients try again for long after their timeout. */
const longestAfterMs = 3_000;

export type Outcome = "good" | "refused" | "rejected" | "failed";

/** One call: when it began, from the beginning of the load; how long it took; and what became of it. */
export type Call = readonly [beganMs: number, tookMs: number, outcome: Outcome];

const [contender = "", seed = ""] = process.argv.slice(2);
const random = seededRandom(Number(seed));

let search: Search | undefined;

process.on("message", async (order: Opening | Load) => {
  if ("urls" in order) {
    search = await open(order);
    // Each has its connections and its code warm.
    for (let call = 0; call < 10; call++) await search();
    process.send?.([]);
  } else if (search !== undefined) process.send?.(await run(order, search));
});

type Search = () => Promise<Outcome>;

async function open({ urls, timeoutMs, index, body, query }: Opening): Promise<Search> {
  if (contender === "elasticsearch") {
    const client = new Client({ nodes: [...urls], requestTimeout: timeoutMs });
    return () => client.search({ index, ...query, ...body }).then(() => "good", outcomeOf);
  }
  if (contender === "opensearch") {
    const client = new OpenSearchClient({ nodes: [...urls], requestTimeout: timeoutMs });
    return () => client.search({ index, ...query, body }).then(() => "good", outcomeOf);
  }
  const pool = createPool({
    nodes: urls,
    discovery: false,
    threads: contender === "adaptive, 2 threads" ? 2 : 0,
    timeoutMs,
    queue: { adaptive: contender !== "by default" },
    logger: false,
  });
  await pool.ready();
  const path = `/${index}/_search?${new URLSearchParams(query)}`;
  return () =>
    pool.request({ method: "POST", path, body }).then(
      ({ status }) => (status === 200 ? "good" : status === 429 ? "rejected" : "failed"),
      (error: { readonly code?: string }) => (error.code === "QUEUE_FULL" ? "refused" : "failed"),
    );
}

function outcomeOf({ statusCode }: { readonly statusCode?: number }): Outcome {
  return statusCode === 429 ? "rejected" : "failed";
}

async function run({ phases, callers }: Load, search: Search): Promise<readonly Call[]> {
  const calls: Call[] = [];
  const startedMs = performance.now();
  const lastMs = phases.reduce((sum, { ms }) => sum + ms, 0);
  const call = async () => {
    const beganMs = performance.now();
    const outcome = await search();
    calls.push([beganMs - startedMs, performance.now() - beganMs, outcome]);
  };
  if (callers !== undefined) {
    const caller = async () => {
      while (performance.now() - startedMs < lastMs) await call();
    };
    await Promise.all(Array.from({ length: callers }, caller));
    return calls;
  }
  const pending = new Map<Promise<void>, number>();
  let dueMs = startedMs;
  let endMs = startedMs;
  for (const { ms, perSecond } of phases) {
    dueMs = endMs;
    endMs += ms;
    while (dueMs < endMs) {
      dueMs += (-Math.log(1 - random()) * 1_000) / perSecond;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      if (dueMs >= endMs) break;
      const one: Promise<void> = call().then(() => void pending.delete(one));
      pending.set(one, performance.now() - startedMs);
    }
  }
  await Promise.race([Promise.all(pending.keys()), sleep(longestAfterMs)]);
  const endedMs = performance.now() - startedMs;
  const unended: Call[] = Array.from(pending.values(), (beganMs) => [beganMs, endedMs - beganMs, "failed"]);
  return [...calls, ...unended];
}
