import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, promisify } from "node:util";
import { compareVersions, type Version } from "@rollcall/core/view";
import { waitUntil } from "@rollcall/testing";
import {
  addressOf,
  type FixtureCluster,
  type FixtureNode,
  nodeAt,
  startFixtureCluster,
} from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import type { NodeEvent, NodeState, PoolStats } from "@rollcall/worker";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { isUsed, isWell } from "../support/node-health.js";
import { type Replica, type ReplicaOptions, startReplica } from "../support/replica/index.js";

// The tests run from test/dist/integration.
const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const run = promisify(execFile);

const search = { method: "POST", path: "/logs/_search", body: { size: 1 } } as const;
interface Fleet extends AsyncDisposable {
  readonly replicas: readonly Replica[];
  tally(): Promise<{ answered: number; failures: string[]; slowestMs: number }>;
  /** Every replica closes, and its process ends by itself. */
  close(): Promise<void>;
}

async function startFleet(count: number, options: ReplicaOptions): Promise<Fleet> {
  const replicas = await Promise.all(Array.from({ length: count }, () => startReplica(options)));
  return {
    replicas,
    async tally() {
      const tallies = await Promise.all(replicas.map((replica) => replica.ask("tally")));
      return {
        answered: tallies.reduce((sum, { answered }) => sum + answered, 0),
        failures: tallies.flatMap(({ failures }) => failures),
        slowestMs: Math.max(...tallies.map(({ slowestMs }) => slowestMs)),
      };
    },
    close: async () => void (await Promise.all(replicas.map((replica) => replica.close()))),
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map((replica) => replica[Symbol.asyncDispose]()));
    },
  };
}

const statsOf = (fleet: Fleet): Promise<PoolStats[]> => Promise.all(fleet.replicas.map((one) => one.ask("stats")));

/** The members that a replica uses, and which of them get requests. */
function standingsOf({ nodes }: PoolStats): string {
  return nodes
    .filter(({ tier }) => tier === "node")
    .map(({ address, state }) => `${address} ${isWell(state) ? "healthy" : state}`)
    .sort()
    .join();
}

async function waitForStandings(fleet: Fleet, wanted: Readonly<Record<string, string>>): Promise<void> {
  const expected = Object.entries(wanted)
    .map(([address, state]) => `${address} ${state}`)
    .sort()
    .join();
  await waitUntil(`every replica sees ${expected}`, async () => {
    const seen = (await statsOf(fleet)).map(standingsOf);
    return seen.every((one) => one === expected) || undefined;
  });
}

const allUp = (nodes: readonly FixtureNode[]) => Object.fromEntries(nodes.map((node) => [addressOf(node), "healthy"]));

/** Every thread of every replica has used each of the nodes since. */
async function waitUntilServedBy(cluster: FixtureCluster, nodes: readonly FixtureNode[]): Promise<void> {
  const served = () => Promise.all(nodes.map(async (node) => (await node.counts()).requests.other));
  const before = await served();
  await waitUntil("each of the nodes serves", async () =>
    (await served()).every((count, at) => count > (before[at] ?? 0) + 20),
  );
  assert.ok(cluster.nodes.length > 0);
}

describe("view shared over Redis", { timeout: 700_000 }, () => {
  it("a shared view is the same for two replicas with two threads each, whatever joins, leaves and dies", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const shared = { redis: redis.url, name: "logs" };
    const nodes = [nodeAt(cluster, 0).url];
    await using coordinator = await startCoordinatorProcess({ nodes, ...shared });
    await using fleet = await startFleet(2, {
      pool: { nodes, ...shared, coordinator: "external", threads: 2 },
      load: { slots: 2, pauseMs: 60, request: search },
    });
    await waitForStandings(fleet, allUp(cluster.nodes));
    await waitUntil("every thread goes by the view that its replica has applied", async () =>
      (await statsOf(fleet)).every(
        ({ threads, view }) =>
          threads.length === 2 &&
          threads.every(({ state, topology }) => state === "well" && isDeepStrictEqual(topology, view?.version)),
      ),
    );

    const joined = await cluster.addNode();
    await waitUntil("the node that joined is used by every replica", async () =>
      (await statsOf(fleet)).every((stats) => answersOf(stats, joined) > 20),
    );
    await waitUntilServedBy(cluster, [joined]);

    await cluster.removeNode(joined);
    await waitUntil(
      "the node that left is drained everywhere",
      async () => (await statsOf(fleet)).every((stats) => [undefined, "draining"].includes(stateOf(stats, joined))),
      { timeoutMs: 120_000 },
    );
    const served = (await joined.counts()).requests.other;
    await waitUntilServedBy(cluster, cluster.nodes.slice(0, 3));
    assert.equal((await joined.counts()).requests.other, served, "the node that left got a request");

    const killed = nodeAt(cluster, 2);
    await killed.kill();
    await waitUntil("the killed node is down for every replica", async () =>
      (await statsOf(fleet)).every((stats) => standingsOf(stats).includes(`${addressOf(killed)} down`)),
    );
    await killed.restart();
    await waitUntil("it is used again by every replica", async () =>
      (await statsOf(fleet)).every((stats) => isUsed(stateOf(stats, killed))),
    );
    const { failures, answered } = await fleet.tally();
    assert.deepEqual(failures, []);
    assert.ok(answered > 200);
    await fleet.close();
    assert.deepEqual(
      coordinator.log.filter(({ level }) => level >= 50),
      [],
    );
  });

  it("four replicas that share a view cost the cluster no more sniffs and probes than one", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const shared = { redis: redis.url, name: "logs" };
    const nodes = [...cluster.urls];
    await using _coordinator = await startCoordinatorProcess({
      nodes,
      ...shared,
      flags: ["--interval", "1000"],
    });
    await using fleet = await startFleet(4, {
      pool: { nodes, ...shared, threads: 1, coordinator: "candidate" },
      load: { slots: 1, pauseMs: 20, request: search },
    });
    await waitForStandings(fleet, allUp(cluster.nodes));
    const sinceMs = performance.now();
    const before = (await cluster.stats()).requests;
    await sleep(10_000);
    const after = (await cluster.stats()).requests;
    const seconds = (performance.now() - sinceMs) / 1_000;
    const asked = { sniffs: after.sniff - before.sniff, probes: after.probe - before.probe, seconds };
    // A busy machine sniffs less often than each second, never more often; five standalone processes would
    // sniff five times as often. A sniff begins with a probe of the node it asks; beside it each node is probed every
    // ten seconds. The virtual clock of the simulation counts exactly.
    assert.ok(asked.sniffs > 0 && asked.sniffs <= 2 * seconds, JSON.stringify(asked));
    assert.ok(asked.probes <= asked.sniffs + 1 + 3 * Math.ceil(1 + seconds / 10), JSON.stringify(asked));
    assert.deepEqual((await fleet.tally()).failures, []);
    await fleet.close();
  });

  it("no request fails when Redis is unreachable at the start, killed, frozen, or comes back empty", async () => {
    await using redis = await startRedis();
    await redis.kill();
    await using cluster = await startFixtureCluster();
    const shared = { redis: redis.url, name: "logs" };
    await using fleet = await startFleet(2, {
      pool: { nodes: [nodeAt(cluster, 0).url], ...shared, threads: 1 },
      load: { slots: 2, pauseMs: 60, request: search },
    });
    // Each finds the nodes for itself.
    await waitForStandings(fleet, allUp(cluster.nodes));
    assert.ok((await statsOf(fleet)).every(({ view }) => view?.freshness === "orphan"));

    const followed = () =>
      waitUntil("every replica follows one shared view", async () => {
        const views = (await statsOf(fleet)).map(({ view }) => view);
        const leaders = new Set(views.map((view) => view?.version.leader));
        return views.every((view) => view?.freshness === "fresh") && leaders.size === 1;
      });
    await redis.restart();
    await followed();

    const freshFor = async () => Math.max(...(await statsOf(fleet)).map(({ view }) => view?.ageMs ?? 0));
    await redis.kill();
    await waitUntil("the view is stale", async () => (await freshFor()) > 12_000);
    await redis.restart();
    await followed();

    redis.freeze();
    await waitUntil("the view is stale", async () => (await freshFor()) > 12_000);
    // A request that waited for Redis would not be answered before the thaw.
    const { answered: before } = await fleet.tally();
    await waitUntil(
      "requests are answered while Redis is frozen",
      async () => (await fleet.tally()).answered > before + 100,
    );
    redis.thaw();
    await followed();

    assert.deepEqual((await fleet.tally()).failures, []);
    await fleet.close();
  });

  it("a shared view is one and never goes backwards when coordinators die, double, and wake from a pause", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const shared = { redis: redis.url, name: "logs" };
    const nodes = [...cluster.urls];
    const startCoordinator = () => startCoordinatorProcess({ nodes, ...shared });
    await using first = await startCoordinator();
    await using fleet = await startFleet(2, {
      pool: { nodes, ...shared, coordinator: "external", threads: 1 },
      load: { slots: 2, pauseMs: 50, request: search },
    });
    await waitForStandings(fleet, allUp(cluster.nodes));

    const seen: Version[][] = fleet.replicas.map(() => []);
    let watching = true;
    const watch = (async () => {
      while (watching) {
        for (const [at, { view }] of (await statsOf(fleet)).entries()) if (view) seen[at]?.push(view.version);
        await sleep(50);
      }
    })();
    const leader = async () => new Set((await statsOf(fleet)).map(({ view }) => view?.version.leader));
    const [before] = await leader();
    const followAnother = (than: string | undefined) =>
      waitUntil("another leads", async () => {
        const leaders = [...(await leader())];
        const fresh = (await statsOf(fleet)).every(({ view }) => view?.freshness === "fresh");
        return fresh && leaders.length === 1 && leaders[0] !== than ? leaders[0] : undefined;
      });

    await using second = await startCoordinator();
    await first.process.kill();
    const next = await followAnother(before);

    await waitUntil("the history has it", async () => (await historyOf(redis.url)).includes("leader.lost"));
    await using _third = await startCoordinator();
    second.process.pause();
    await followAnother(next);
    const killed = nodeAt(cluster, 1);
    await killed.kill();
    await waitUntil("the killed node is down for every replica", async () =>
      (await statsOf(fleet)).every((stats) => stateOf(stats, killed) === "down"),
    );
    second.process.resume();
    await sleep(4_000);
    assert.ok((await statsOf(fleet)).every((stats) => stateOf(stats, killed) === "down"));

    await killed.restart();
    await waitUntil("it is used again by every replica", async () =>
      (await statsOf(fleet)).every((stats) => isUsed(stateOf(stats, killed))),
    );
    await waitUntil("the history has it", async () => (await historyOf(redis.url)).includes("node.recovered"));
    await redis.client.flushall();
    await waitUntil("the history is there again", async () => (await historyOf(redis.url)).includes("view.refilled"));
    const story = ["leader.elected", "leader.lost", "leader.lost", "node.down", "node.recovered", "view.refilled"];
    const told = (await historyOf(redis.url)).filter((event) => story.includes(event));
    assert.deepEqual(
      told.filter((event) => event !== "leader.elected"),
      story.slice(1),
      "each once, in order",
    );
    assert.equal(told[0], "leader.elected");

    watching = false;
    await watch;
    for (const versions of seen) {
      assert.ok(versions.length > 20);
      for (const [at, version] of versions.entries()) {
        const earlier = versions[at - 1];
        assert.ok(earlier === undefined || compareVersions(version, earlier) >= 0, JSON.stringify([earlier, version]));
      }
    }
    assert.deepEqual((await fleet.tally()).failures, []);
    await fleet.close();
  });

  it("every replica marks a killed node down once one of them has noticed", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const shared = { redis: redis.url, name: "logs" };
    const pool = { nodes: [...cluster.urls], ...shared, threads: 2 } as const;
    await using busy = await startReplica({ pool, load: { slots: 8, pauseMs: 10, request: search } });
    await using idle = await startReplica({ pool });
    for (const replica of [busy, idle]) {
      await waitUntil(
        "the nodes are known",
        async () => standingsOf(await replica.ask("stats")).split(" healthy").length === 4,
      );
    }
    const killed = nodeAt(cluster, 1);
    await killed.kill();
    const downAtMs = async (replica: Replica) => {
      const isDown = ({ name, event }: Replica["events"][number]) => {
        const { address, to } = event as NodeEvent;
        return name === "node" && address === addressOf(killed) && to === "down";
      };
      await waitUntil("the node is down", () => replica.events.some(isDown));
      return replica.events.find(isDown)?.atMs ?? Number.NaN;
    };
    const [, idleMs] = await Promise.all([downAtMs(busy), downAtMs(idle)]);
    const firstMs = busy.events.find(({ name, event }) => {
      const { address, to } = event as NodeEvent;
      return name === "node" && address === addressOf(killed) && (to === "ejected" || to === "down");
    })?.atMs;
    assert.ok(firstMs !== undefined && idleMs - firstMs < 20_000, `${idleMs - (firstMs ?? 0)} ms`);
    assert.deepEqual((await busy.ask("tally")).failures, []);
    await Promise.all([busy.close(), idle.close()]);
  });
});

/** The events of the view's history, as the command shows them, oldest first. */
async function historyOf(redis: string): Promise<string[]> {
  const words = [program, "history", "--redis", redis, "--name", "logs", "--json"];
  const { stdout } = await run(process.execPath, words).catch(({ stdout }: { stdout: string }) => ({ stdout }));
  const { entries }: { readonly entries: readonly { readonly event: string }[] } = JSON.parse(stdout);
  return entries.map(({ event }) => event);
}

function answersOf({ nodes }: PoolStats, node: FixtureNode): number {
  return nodes.find(({ address }) => address === addressOf(node))?.answers ?? 0;
}

function stateOf({ nodes }: PoolStats, node: FixtureNode): NodeState | undefined {
  return nodes.find(({ address }) => address === addressOf(node))?.state;
}
