import { createRequire } from "node:module";
import { join } from "node:path";
import { createPool, type PoolOptions } from "rollcall";
import { type ClientPackage, clientKinds } from "../clients/client-contenders.js";
import { query } from "../hot-path/bare-undici.js";
import { type Contender, contenderOf } from "../hot-path/contenders.js";
import { type ObservationName, observations, observe } from "../observed/observations.js";
import { root } from "../report.js";
import { credential, startBarePools } from "./bare-pool.js";
import { startBareThread } from "./bare-thread.js";

/** One option that is off by default: how a pool is opened with it, and how it is observed. */
export interface Priced {
  readonly label: string;
  readonly options?: Partial<PoolOptions>;
  readonly observation?: ObservationName;
}

const observed = (observation: ObservationName): Priced => ({ label: observations[observation].label, observation });

export const priced = {
  metrics: observed("prometheus"),
  sdk: observed("sdk"),
  otelMetrics: observed("metrics"),
  tracing: observed("spans"),
  tracingTenth: observed("tenth"),
  compression: { label: "compression, of bodies above 32 KB and all answers", options: { compression: true } },
  hedging: { label: "hedging", options: { hedge: true } },
  adaptiveQueue: { label: "adaptive queue", options: { queue: { adaptive: true } } },
} as const satisfies Readonly<Record<string, Priced>>;
export type PricedName = keyof typeof priced;

/** `official`: a client of the repository's own tests, as it is published. */
export type FloorContender = "bare" | "plain" | `official ${"es8" | "es9"}` | PricedName;

/** A pool of Rollcall has so many threads, bare undici at most one; the others have none. */
export function startFloorContender(name: FloorContender, threads: number, urls: readonly string[]): Contender {
  if (name === "bare") return threads === 0 ? startBarePools(urls) : startBareThread(urls);
  if (name === "official es8" || name === "official es9") return startOfficial(name.slice(9) as "es8" | "es9", urls);
  const { options, observation }: Priced = name === "plain" ? { label: "" } : priced[name];
  const pool = createPool({ nodes: [...urls], auth: credential, threads, discovery: false, logger: false, ...options });
  if (observation !== undefined) observe(pool, observations[observation]);
  return contenderOf(pool);
}

function startOfficial(kind: "es8" | "es9", urls: readonly string[]): Contender {
  const { Client } = createRequire(join(root, "package.json"))(clientKinds[kind].name) as ClientPackage;
  const client = new Client({ nodes: [...urls], auth: credential });
  return { parsed: (index) => client.search({ index, ...query }), close: () => client.close() };
}
