import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import type { FixtureCluster, FixtureNode } from "@rollcall/testing/fixture";
import { addressOf, nodeAt, startFixtureCluster } from "@rollcall/testing/fixture";
import { type Pool, type PoolEvents, type PoolRequest, RollcallError } from "@rollcall/worker";
import { testedThreads } from "../support/create-pool.js";
import { isComparison, isWell } from "../support/node-health.js";
import { type Replica, startReplica } from "../support/replica/index.js";
import {
  askInSlots,
  newDocument,
  patience,
  search,
  shareOf,
  startLoad,
  statusOf,
  withPool,
} from "./support-requests.js";
import type askAndBlock from "./tasks/ask-and-block.js";

/** Far beyond what an answer should take, and far below every request's own timeout of 30 s. */
const soonMs = 12_000;
const users = { kind: "other" } as const;

/** The outcome of a load of one kind of request. */
interface Tally {
  answered: number;
  /** Those with the code "REROUTED" among their attempts. */
  moved: number;
  slowestMs: number;
  readonly failures: (RollcallError | string)[];
}

/** A load of one kind of request. Resolves to its outcome when it is stopped. */
function keepAsking(pool: Pool, slots: number, request: PoolRequest) {
  const tally: Tally = { answered: 0, moved: 0, slowestMs: 0, failures: [] };
  const stop = askInSlots(pool, slots, request, (asked, tookMs) => {
    tally.slowestMs = Math.max(tally.slowestMs, tookMs);
    if ("error" in asked) {
      tally.failures.push(asked.error instanceof RollcallError ? asked.error : String(asked.error));
      return;
    }
    const { ok, status, attempts } = asked.answer;
    if (ok) tally.answered++;
    else tally.failures.push(`status ${status}`);
    if (attempts.some(({ code }) => code === "REROUTED")) tally.moved++;
  });
  return {
    tally,
    async stop(): Promise<Tally> {
      await stop();
      return tally;
    },
  };
}

const everyNodeServes = (pool: Pool) =>
  waitUntil("every node serves", () => pool.nodes().every(({ answers }) => answers > 20));

const servesAgain = (pool: Pool, node: FixtureNode) => {
  const { answers } = statusOf(pool, node);
  return waitUntil("the node serves again", () => statusOf(pool, node).answers > answers + 5);
};

/** Does the work while these nodes are paused. */
async function whilePaused(nodes: readonly FixtureNode[], work: () => Promise<void>): Promise<void> {
  for (const node of nodes) node.pause();
  try {
    await work();
  } finally {
    for (const node of nodes) node.resume();
  }
}

function nodeEvents(pool: Pool): PoolEvents["node"][0][] {
  const events: PoolEvents["node"][0][] = [];
  pool.on("node", (event) => isComparison(event) || events.push(event));
  return events;
}

describe("frozen node", patience, () => {
  it('Reads leave a frozen node; writes on it time out with sent "maybe", and are not doubled', async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const node = nodeAt(cluster, 1);
      const events = nodeEvents(pool);
      const reads = keepAsking(pool, 12, search);
      const writes = keepAsking(pool, 9, { ...newDocument, timeoutMs: 3_000 });
      await everyNodeServes(pool);
      // Writes linger, so that some are on the node when it freezes. They linger at every node: otherwise its penalty
      // would grow and Reads would choose others.
      const linger = { kind: "delay", ms: 1_500, on: { method: newDocument.method, path: newDocument.path } } as const;
      await Promise.all(cluster.nodes.map((one) => one.set({ requests: [linger] })));
      await sleep(500);
      await waitUntil("some wait on it", () => statusOf(pool, node).inFlight >= 2);
      await whilePaused([node], async () => {
        await waitUntil("the node is left", () => ["ejected", "down"].includes(statusOf(pool, node).state));
        assert.match(events[0]?.reason ?? "", /^stalled: no answer/);
        await waitUntil("its Reads have moved", () => reads.tally.moved > 0);
        const { answered } = reads.tally;
        await waitUntil("the others serve", () => reads.tally.answered > answered + 100);
        await waitUntil("writes on it have run out of time", () => writes.tally.failures.length > 0);
        // All that was on it has ended, and it is still frozen.
        await waitUntil("nothing waits on it", () => statusOf(pool, node).inFlight === 0);
        assert.ok(reads.tally.slowestMs < soonMs, `slowest ${reads.tally.slowestMs} ms`);
      });
      await Promise.all(cluster.nodes.map((one) => one.set({})));
      await servesAgain(pool, node);
      const read = await reads.stop();
      const written = await writes.stop();
      assert.deepEqual(read.failures, []);
      assert.ok(written.failures.length <= 9, `${written.failures.length} failed`);
      for (const failure of written.failures) {
        assert.ok(failure instanceof RollcallError, String(failure));
        assert.deepEqual([failure.code, failure.sent, failure.attempts.length], ["TIMEOUT", "maybe", 1]);
      }
      assert.equal(written.moved, 0);
      const { documents, commits } = await cluster.stats();
      assert.equal(documents.size, commits);
      assert.ok(commits >= written.answered && commits <= written.answered + written.failures.length);
    });
  });

  it("a node that freezes under load costs nothing when it is frozen for 3 s only, writes included", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const reads = keepAsking(pool, 8, search);
      const writes = keepAsking(pool, 4, newDocument);
      await everyNodeServes(pool);
      await whilePaused([nodeAt(cluster, 2)], () => sleep(3_000));
      await servesAgain(pool, nodeAt(cluster, 2));
      assert.deepEqual([(await reads.stop()).failures, (await writes.stop()).failures], [[], []]);
      const { documents, commits } = await cluster.stats();
      assert.deepEqual([documents.size, commits], [writes.tally.answered, writes.tally.answered]);
    });
  });

  it("a single Read leaves a frozen node, too: an idle node is probed first", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const [first, second] = [nodeAt(cluster, 0), nodeAt(cluster, 1)];
      await whilePaused([first, second], async () => {
        // Until one goes to a frozen node.
        for (let tries = 0; tries < 50; tries++) {
          const beganMs = performance.now();
          const { ok, node, attempts } = await pool.request(search);
          assert.ok(ok && performance.now() - beganMs < soonMs);
          assert.equal(node, addressOf(nodeAt(cluster, 2)));
          if (attempts.some(({ code }) => code === "REROUTED")) return;
        }
        assert.fail("no request has met a frozen node");
      });
    });
  });
});

describe("every node frozen", patience, () => {
  it("while every node is frozen, nothing is given up: all requests are answered when they go on", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const reads = keepAsking(pool, 8, search);
      const writes = keepAsking(pool, 4, newDocument);
      await everyNodeServes(pool);
      await whilePaused(cluster.nodes, () => sleep(3_000));
      const { answered } = reads.tally;
      await waitUntil("they serve again", () => reads.tally.answered > answered + 100);
      const [read, written] = [await reads.stop(), await writes.stop()];
      assert.deepEqual([read.failures, written.failures, read.moved], [[], [], 0]);
      const { documents, commits } = await cluster.stats();
      assert.deepEqual([documents.size, commits], [written.answered, written.answered]);
    });
  });

  it("requests stay with the only node while it is frozen", async () => {
    await withPool({ cluster: { nodes: 1 } }, async ({ cluster, pool }) => {
      const reads = keepAsking(pool, 4, search);
      await everyNodeServes(pool);
      await whilePaused(cluster.nodes, () => sleep(2_000));
      const { answered } = reads.tally;
      await waitUntil("it serves again", () => reads.tally.answered > answered + 20);
      const { failures, moved } = await reads.stop();
      assert.deepEqual([failures, moved], [[], 0]);
    });
  });
});

describe("faulty node that answers", patience, () => {
  it("a node that answers 503 to everything is penalized and fails none, and gets its share again by itself", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const node = nodeAt(cluster, 0);
      const events = nodeEvents(pool);
      const reads = keepAsking(pool, 8, search);
      await everyNodeServes(pool);
      await node.set({ requests: [{ kind: "reply", status: 503, on: users }] });
      await waitUntil("it gets hardly a request", async () => (await shareOf(pool, node, 800)) < 0.05);
      await waitUntil("it is penalized", () => statusOf(pool, node).state === "penalized");
      const { reason, by, penalty } = statusOf(pool, node);
      assert.match(reason ?? "", /failing: \d+ % of its answers are 503/);
      assert.deepEqual([by, penalty?.refusedStatus], ["process", 503]);
      await node.set({});
      await waitUntil("it has its share again", async () => (await shareOf(pool, node, 300)) > 0.2);
      assert.deepEqual([(await reads.stop()).failures, events], [[], []]);
    });
  });

  it("a node is not taken for frozen for one search that hangs, as long as it answers a probe", async () => {
    await withPool({}, async ({ cluster, pool }) => {
      const node = nodeAt(cluster, 1);
      const events = nodeEvents(pool);
      await Promise.all(
        cluster.nodes.map((one) => one.set({ requests: [{ kind: "silence", on: { path: "/slow/_search" } }] })),
      );
      const before = await Promise.all(cluster.nodes.map((one) => one.counts()));
      const hanging = pool.request({ ...search, path: "/slow/_search", timeoutMs: 4_000 });
      await assert.rejects(hanging, (error: RollcallError) => {
        assert.deepEqual([error.code, error.attempts.map(({ code }) => code)], ["TIMEOUT", ["TIMEOUT"]]);
        return true;
      });
      assert.deepEqual(events, []);
      const after = await Promise.all(cluster.nodes.map((one) => one.counts()));
      const probes = after.reduce(
        (sum, { requests }, at) => sum + requests.probe - (before[at]?.requests.probe ?? 0),
        0,
      );
      assert.ok(probes >= 2 && probes <= 12, `${probes} probes`);
      assert.ok(isWell(statusOf(pool, node).state));
    });
  });
});

describe("process that does not run", patience, () => {
  async function withReplica(
    work: (scene: { cluster: FixtureCluster; replica: Replica; progress: () => Promise<void> }) => Promise<void>,
  ) {
    await using cluster = await startFixtureCluster();
    const load = { slots: 8, pauseMs: 5, request: search };
    await using replica = await startReplica({ pool: { nodes: [...cluster.urls], threads: testedThreads }, load });
    const progress = async () => {
      const { answered } = await replica.ask("tally");
      await waitUntil("it is served", async () => (await replica.ask("tally")).answered > answered + 100);
    };
    await waitUntil("every node serves", async () => {
      const nodes = await replica.ask("nodes");
      return nodes.length === 3 && nodes.every(({ answers, state }) => answers > 20 && isWell(state));
    });
    const eventCount = replica.events.length;
    await work({ cluster, replica, progress });
    await progress();
    // A probe that was asked for meanwhile has been judged by then.
    await sleep(1_000);
    assert.deepEqual(replica.events.slice(eventCount), []);
    assert.deepEqual(
      replica.log.filter((line) => /is ejected|down/.test(line)),
      [],
    );
    assert.equal((await replica.ask("tally")).failed, 0);
    await replica.close();
  }

  it("a process that was stopped and goes on blames no node", async () => {
    await withReplica(async ({ replica, progress }) => {
      for (const forMs of [700, 3_000]) {
        replica.process.pause();
        await sleep(forMs);
        replica.process.resume();
        await progress();
      }
    });
  });

  it("a process whose main thread was busy for 2 s blames no node", async () => {
    await withReplica(async ({ replica, progress }) => {
      for (const forMs of [600, 2_000]) {
        await replica.block(forMs);
        await progress();
      }
    });
  });

  it("a process whose worker thread a task kept busy for 2 s blames no node", async () => {
    await withPool({ pool: { threads: 2 } }, async ({ pool }) => {
      const events = nodeEvents(pool);
      const load = startLoad(pool, 8);
      const task = new URL("./tasks/ask-and-block.js", import.meta.url);
      const statuses = await pool.run<typeof askAndBlock>(task, { searches: 6, forMs: 2_000 });
      assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200]);
      await sleep(1_000);
      await load.stop();
      assert.deepEqual([events, load.failures], [[], []]);
    });
  });
});
