import { ClusterAccess, HttpControlClient, openSigner } from "@rollcall/coordinator";
import { present, type Random, Semaphore, silentLogger, type Timers } from "@rollcall/core";
import { type ClusterConfig, fixed, type Seed, type ViewPlace } from "@rollcall/core/config";
import { collect, poolTimeouts } from "../collect.js";
import { unlessStopped } from "../unless-stopped.js";
import type { AccountObservation, Observations, SeedObservation } from "./observations.js";
import { observeAccount } from "./observe-account.js";
import { observeRedis } from "./observe-redis.js";
import { observeRefused } from "./observe-refused.js";
import { observeSeed, type SeedParts } from "./observe-seed.js";

export interface ObserveParts {
  readonly config: ClusterConfig;
  readonly place?: ViewPlace;
  readonly timeoutMs: number;
  readonly timers: Timers;
  readonly wallNowMs: () => number;
  readonly random: Random;
  /** Fires when the user interrupts it. */
  readonly interrupted: AbortSignal;
}

const seedsAtOnce = 16;
/** Of the nodes that are listed, those that are probed. */
const probedMax = 128;

/**
 * Looks at Redis, then at the seeds and the cluster behind them, all at once. Sends GET requests only, and writes nothing to
 * Redis. Ends when the time is over or it is interrupted, with what it has seen so far. Never rejects.
 */
export async function observe(parts: ObserveParts): Promise<Observations> {
  const { config, place, timers, interrupted, wallNowMs } = parts;
  const late = new AbortController();
  const cancel = timers.after(parts.timeoutMs, () => late.abort());
  const stop = AbortSignal.any([late.signal, interrupted]);
  try {
    // By itself: handshakes in this process would lengthen the PINGs.
    const redis = place && (await observeRedis({ ...parts, place, stop }));
    const [cluster, findings] = await Promise.all([
      observeCluster(parts, stop),
      collect(config, poolTimeouts, timers, { probedMax, stop }),
    ]);
    const listed = config.proxy === undefined ? (findings.list?.nodes ?? []) : [];
    const refused = await observeRefused(listed, { timers, wallNowMs, stop });
    const end = interrupted.aborted ? "interrupted" : late.signal.aborted ? "late" : "complete";
    return { atMs: wallNowMs(), end, ...cluster, findings, refused, ...present({ redis }) };
  } finally {
    cancel();
  }
}

async function observeCluster(
  { config, timers, wallNowMs }: ObserveParts,
  stop: AbortSignal,
): Promise<Pick<Observations, "seeds" | "account">> {
  const access = new ClusterAccess(config, timers, silentLogger);
  const signer = openSigner(config, timers, silentLogger);
  const { connectTimeoutMs } = fixed;
  const controlClient = new HttpControlClient({ timers, wallNowMs, connectTimeoutMs, signer: () => signer });
  try {
    const parts: SeedParts = { config, access, controlClient, timers, wallNowMs, stop };
    const limit = new Semaphore(seedsAtOnce);
    const seeds = await Promise.all(config.seeds.map((seed) => limit.run(() => observeSeed(seed, parts))));
    const account = await unlessStopped(firstAccount(config.seeds, seeds, parts), stop);
    return { seeds, ...present({ account }) };
  } finally {
    access.close();
    await controlClient.close();
  }
}

/** By the first seed that accepts the credential: it is the same user in the whole cluster. */
async function firstAccount(
  configured: readonly Seed[],
  seeds: readonly SeedObservation[],
  { access, controlClient }: SeedParts,
): Promise<AccountObservation | undefined> {
  const at = seeds.findIndex(({ answers, hasCredential }) => {
    return hasCredential && answers?.root.kind === "answered" && answers.root.status === 200;
  });
  const [seed, observed] = [configured[at], seeds[at]];
  if (seed === undefined || observed === undefined) return undefined;
  const reach = access.reach({ host: seed.host, port: seed.port });
  if (reach.kind === "refused") return undefined;
  return observeAccount(reach.endpoint, observed.url, observed.answers?.product, controlClient);
}
