import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { setAll, startFixtureCluster } from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { type Replica, startReplica } from "../support/replica/index.js";
import {
  blamedBy,
  closeAll,
  load,
  messagesOf,
  passTime,
  scenarioTimeout,
  search,
  waitUntilAllUp,
  waitUntilServed,
} from "./support-faults.js";

/** The retry budget of each process: what it has at its start, and what it earns without requests. */
const savedAtStart = 100;
const earnedPerSecond = 10;
const slots = 12;

describe("overload", { ...scenarioTimeout, concurrency: 2 }, () => {
  it("a cluster that answers 503 to everything gets a fifth more requests, not four times as many", async (t) => {
    await using cluster = await startFixtureCluster();
    const nodes = [...cluster.urls];
    const startedAtMs = performance.now();
    const heavy = { slots, pauseMs: 20, request: search };
    await using inThreads = await startReplica({ pool: { nodes, threads: 2 }, load: heavy });
    await using inProcess = await startReplica({ pool: { nodes, threads: 0 }, load: heavy });
    const replicas = [inThreads, inProcess];
    await waitUntilAllUp(replicas, cluster.nodes);

    const counted = async () => {
      // In this order: each request that was attempted is counted afterwards, or in flight.
      const { requests: attempts } = await cluster.stats();
      const tallies = await Promise.all(replicas.map((replica) => replica.ask("tally")));
      const requests = tallies.reduce((sum, { answered, failed }) => sum + answered + failed, 0);
      return { requests, attempts: attempts.other, atMs: performance.now() };
    };
    const between = async (ms: number) => {
      const before = await counted();
      await passTime(ms);
      const after = await counted();
      return {
        requests: after.requests - before.requests,
        attempts: after.attempts - before.attempts,
        seconds: (after.atMs - before.atMs) / 1_000,
      };
    };
    /** What the processes may have sent since they were started. */
    const atMost = ({ requests, atMs }: { readonly requests: number; readonly atMs: number }) =>
      1.2 * (requests + replicas.length * slots) +
      replicas.length * (savedAtStart + (earnedPerSecond * (atMs - startedAtMs)) / 1_000);

    await setAll(cluster, { requests: [{ kind: "reply", status: 503 }] });
    let most = 0;
    await waitUntil("what the budget had saved is spent", async () => {
      const seen = await between(1_000);
      most = Math.max(most, seen.attempts / seen.requests);
      const earned = replicas.length * earnedPerSecond * seen.seconds;
      return seen.requests > 0 && seen.attempts < 1.25 * seen.requests + earned;
    });
    const seen = await between(10_000);
    t.diagnostic(`${seen.requests} requests, ${seen.attempts} attempts; at first ${most.toFixed(2)} a request`);
    assert.ok(seen.attempts > seen.requests, "retries go on");
    // Below 150 requests a second and process, the budget earned per second would be more than a twentieth.
    if (seen.requests > 150 * replicas.length * seen.seconds) assert.ok(seen.attempts < 1.3 * seen.requests);
    const account = await counted();
    assert.ok(account.attempts <= atMost(account), JSON.stringify(account));
    const { failures } = await inThreads.ask("tally");
    assert.deepEqual([...new Set(failures)], ["status 503"], "the cluster's own answer is the caller's");

    await setAll(cluster, {});
    await Promise.all(replicas.map((replica) => replica.ask("forget tally")));
    await waitUntilServed(replicas);
    for (const replica of replicas) assert.deepEqual(blamedBy(replica), []);
    await closeAll(replicas);
  });

  it("a cluster that is slow, or answers 429 and 5xx, loses no node by it", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const shared = { redis: redis.url, name: "logs" };
    const nodes = [...cluster.urls];
    await using coordinator = await startCoordinatorProcess({ nodes, ...shared });
    const pool = { nodes, ...shared, coordinator: "external", timeoutMs: 1_000 } as const;
    await using inThreads = await startReplica({ pool: { ...pool, threads: 2 }, load });
    await using inProcess = await startReplica({ pool: { ...pool, threads: 0 }, load });
    const replicas = [inThreads, inProcess];
    await waitUntilAllUp(replicas, cluster.nodes);

    const timesOut = { kind: "delay", ms: 1_500, on: { kind: "other" } } as const;
    // Probes and sniffs get the same answers; the slow ones stay within their timeouts.
    for (const [fault, failure] of [
      [{ kind: "reply", status: 429 }, "status 429"],
      [{ kind: "reply", status: 500 }, "status 500"],
      [{ kind: "reply", status: 503 }, "status 503"],
      [timesOut, "TIMEOUT"],
    ] as const) {
      await setAll(cluster, { requests: [fault, { kind: "delay", ms: 150 }] });
      await Promise.all(replicas.map((replica) => replica.ask("forget tally")));
      await waitUntilAllFailWith(replicas, failure);
      await passTime(3_000);
    }
    await setAll(cluster, {});
    await Promise.all(replicas.map((replica) => replica.ask("forget tally")));
    await waitUntilServed(replicas);
    for (const replica of replicas) assert.deepEqual(blamedBy(replica), []);
    assert.deepEqual(messagesOf(coordinator, /is down|cannot be reached/), []);
    await closeAll(replicas);
  });
});

async function waitUntilAllFailWith(replicas: readonly Replica[], failure: string): Promise<void> {
  await waitUntil(`requests fail with ${failure}`, async () => {
    const tallies = await Promise.all(replicas.map((replica) => replica.ask("tally")));
    return tallies.every(({ failures }) => failures.filter((one) => one.startsWith(failure)).length > 10);
  });
}
