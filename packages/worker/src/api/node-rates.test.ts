import assert from "node:assert/strict";
import { it } from "node:test";
import { latencyBucketOf, latencyBuckets } from "@rollcall/core";
import type { RecentTraffic } from "../table/recent-traffic.js";
import { nodeRates } from "./node-rates.js";

/** So many answers, each after so many milliseconds. */
function latencies(...answers: readonly (readonly [times: number, tookMs: number])[]): number[] {
  const counts = new Array<number>(latencyBuckets).fill(0);
  for (const [times, tookMs] of answers) counts[latencyBucketOf(tookMs)] = times;
  return counts;
}

function openTraffics(overMs: number | undefined, nodes: Readonly<Record<number, RecentTraffic>>) {
  return {
    of: (slot: number) => nodes[slot],
    ofPool: () => (overMs === undefined ? undefined : { overMs, requests: 0, failed: 0 }),
  };
}

it("a node's traffic is its share, its rates and its latencies; a node without answers has no latency", () => {
  const traffics = openTraffics(10_000, {
    1: { requests: 300, errors: 5, latency: latencies([980, 4], [20, 900]) },
    4: { requests: 100, errors: 0, latency: latencies() },
  });
  const found = nodeRates([1, 4, 7], traffics);
  const { p50Ms = 0, p99Ms = 0, ...rates } = found.get(1) ?? assert.fail();
  assert.deepEqual(rates, { share: 0.75, perSecond: 30, errorsPerSecond: 0.5 });
  assert.ok(p50Ms >= 3 && p50Ms <= 6 && p99Ms >= 700 && p99Ms <= 1_100, `${p50Ms} ${p99Ms}`);
  assert.deepEqual(found.get(4), { share: 0.25, perSecond: 10, errorsPerSecond: 0 });
  assert.equal(found.has(7), false, "it has just got its slot");
});

it("a node has no traffic before anything was counted, and the share 0 while there are no requests", () => {
  const idle = { 1: { requests: 0, errors: 0, latency: latencies() } };
  assert.equal(nodeRates([1], openTraffics(undefined, idle)).size, 0);
  assert.equal(nodeRates([1], openTraffics(0, idle)).size, 0);
  const found = nodeRates([1], openTraffics(5_000, idle)).get(1);
  assert.deepEqual(found, { share: 0, perSecond: 0, errorsPerSecond: 0 });
});
