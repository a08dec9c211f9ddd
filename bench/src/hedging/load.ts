import { setTimeout as sleep } from "node:timers/promises";
import { type MeasuredProcess, startMeasured } from "../measured-process.js";
import type { HedgingOrder, HedgingRun, LongSearch } from "./client.js";
import { processes, usualMs } from "./terms.js";

export type Hedge = "off" | "on";

export interface Load {
  readonly urls: readonly string[];
  readonly path: string;
  readonly body: object;
  readonly timeoutMs: number;
  readonly ms: number;
  /** Of all clients together. */
  readonly perSecond: number;
  /** Of each client. */
  readonly threads: number;
  readonly long?: LongSearch | undefined;
  /** The same seed brings the same searches at the same times. */
  readonly seed: number;
}

/** Some clients search; `disturb` begins when they measure, and the run ends when both have. */
export async function underLoad(
  hedge: Hedge,
  { urls, path, body, timeoutMs, ms, perSecond, threads, long, seed }: Load,
  disturb: () => Promise<void>,
): Promise<readonly HedgingRun[]> {
  const clients: MeasuredProcess<HedgingOrder, HedgingRun>[] = [];
  try {
    for (let at = 0; at < processes; at++) {
      const parameters = [hedge, String(threads), String(seed * processes + at), path];
      clients.push(await startMeasured(new URL("client.js", import.meta.url), parameters));
    }
    await Promise.all(clients.map((client) => client.run({ kind: "open", urls, timeoutMs, body })));
    const order = (at: number): HedgingOrder => ({
      ...{ kind: "load", ms, perSecond: perSecond / processes },
      // One client alone has the long ones.
      ...(at === 0 && long !== undefined ? { long } : {}),
    });
    const runs = Promise.all(clients.map((client, at) => client.run(order(at))));
    const [done] = await Promise.all([runs, sleep(usualMs).then(disturb)]);
    return done;
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
  }
}
