import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { type FixtureCluster, startFixtureCluster } from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import { type Replica, startReplica } from "../support/replica/index.js";

const fleetPerNode = 40;
/** What the issue of it allows: a tenth more. */
const most = 44;
/** Far more requests at a time than there may be connections. */
const load = { slots: 40, pauseMs: 0, request: { method: "GET", path: "/i/_search" } } as const;

/** Counts at the nodes, again and again, until it is stopped. */
function countConnections(cluster: FixtureCluster) {
  let greatest = 0;
  let stopped = false;
  const now = async () => {
    const counts = await Promise.all(cluster.nodes.map((node) => node.counts()));
    return counts.map(({ openConnections }) => openConnections);
  };
  const counting = (async () => {
    while (!stopped) {
      greatest = Math.max(greatest, ...(await now()));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    now,
    async stop() {
      stopped = true;
      await counting;
      return greatest;
    },
  };
}

/** So that asking costs little while a fleet takes its time. */
const seldom = { everyMs: 250 } as const;

async function admitted(replica: Replica): Promise<boolean> {
  return (await replica.ask("stats")).connections?.isAdmitted === true;
}

async function perThread(...replicas: readonly Replica[]): Promise<(number | undefined)[]> {
  return Promise.all(replicas.map(async (replica) => (await replica.ask("stats")).connections?.perThread));
}

describe("connections.fleetPerNode", () => {
  it("bounds the sockets at every node while processes join, are killed and are replaced, and is used", async (t) => {
    await using redis = await startRedis();
    const faults = { requests: [{ kind: "delay", ms: 1_000, on: { kind: "other" } }] } as const;
    await using cluster = await startFixtureCluster({ nodes: 2, faults });
    const start = (threads: number) => {
      const view = { redis: redis.url, name: "budget" };
      const pool = { nodes: [...cluster.urls], ...view, threads, connections: { fleetPerNode }, timeoutMs: 60_000 };
      return startReplica({ pool, load });
    };
    await using first = await start(0);
    const counted = countConnections(cluster);
    const open = (what: string, least: number) =>
      waitUntil(what, async () => (await counted.now()).every((count) => count >= least), seldom);
    await waitUntil("the leader has given all to the only thread", () => admitted(first), seldom);
    // As many threads again may join: a tenth is held in reserve for them.
    assert.deepEqual(await perThread(first), [36]);

    await using second = await start(1);
    await waitUntil("the process that joins is admitted", () => admitted(second), seldom);
    assert.deepEqual(await perThread(first, second), [18, 18]);
    await open("each node has the connections of both", 36);

    await first.process.kill();
    await using third = await start(0);
    await waitUntil("what replaces the killed one is admitted", () => admitted(third), seldom);
    await open("each node has its connections", 36);
    await using fourth = await start(0);
    await Promise.all([
      second.close(),
      waitUntil("what replaces the other is admitted", () => admitted(fourth), seldom),
    ]);

    const greatest = await counted.stop();
    t.diagnostic(`at most ${greatest} connections at a node, of ${fleetPerNode}`);
    assert.ok(greatest <= most, `${greatest} connections at a node`);
    for (const replica of [third, fourth]) assert.deepEqual((await replica.ask("tally")).failures, []);
    await Promise.all([third.close(), fourth.close()]);
  });
});
