import { latencyPercentileMs, present } from "@rollcall/core";
import type { RecentTraffics } from "../table/recent-traffic.js";

/** What a node has had from this process in the last 10 to 15 s. */
export interface NodeRates {
  /** The node's part of this process's attempts at all nodes, from 0 to 1; 0 where there were none. */
  readonly share: number;
  /** Attempts. */
  readonly perSecond: number;
  /** Attempts without a whole answer, and answers with 429 or 5xx. */
  readonly errorsPerSecond: number;
  /** Of its answers, in milliseconds: half of them, and 99 in 100, took no longer. Absent without answers. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/**
 * By slot. A node that has just got its slot is not among them, and none is before anything was counted. All is
 * computed here, from counts that the threads keep in any case: a request costs no more.
 */
export function nodeRates(
  slots: readonly number[],
  traffics: Pick<RecentTraffics, "of" | "ofPool">,
): ReadonlyMap<number, NodeRates> {
  const overMs = traffics.ofPool()?.overMs ?? 0;
  if (overMs <= 0) return new Map();
  const recent = slots.flatMap((slot) => {
    const traffic = traffics.of(slot);
    return traffic === undefined ? [] : [{ slot, ...traffic }];
  });
  const total = recent.reduce((sum, { requests }) => sum + requests, 0);
  const perSecond = (count: number) => (count * 1_000) / overMs;
  return new Map(
    recent.map(({ slot, requests, errors, latency }) => [
      slot,
      {
        share: total === 0 ? 0 : requests / total,
        perSecond: perSecond(requests),
        errorsPerSecond: perSecond(errors),
        ...present({ p50Ms: latencyPercentileMs(latency, 0.5), p99Ms: latencyPercentileMs(latency, 0.99) }),
      },
    ]),
  );
}
