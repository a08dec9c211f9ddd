import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { collectingLogger, waitUntil } from "@rollcall/testing";
import { type EngineCluster, type EngineKind, type EngineNode, startEngine } from "@rollcall/testing/engines";
import { createPool, type NodeState, type Pool, type PoolOptions, RollcallError } from "@rollcall/worker";

const patient = { timeoutMs: 120_000 } as const;
const documents = 200;

interface Found {
  readonly hits: { readonly total: { readonly value: number } };
}

/** Real nodes start slowly on a small machine; nothing here is about speed. */
describe("a pool on a real cluster", { timeout: 600_000 }, () => {
  for (const kind of ["opensearch", "elasticsearch"] as const satisfies readonly EngineKind[]) {
    describe(kind, () => {
      let cluster: EngineCluster;
      before(async () => {
        cluster = await startEngine({ kind, onProgress: (line) => console.log(line) });
      });
      after(() => cluster.close());

      it("finds every node from one seed, and spreads reads over all of them", async () => {
        await using pool = open({ nodes: [nodeAt(cluster, 0).url] });
        await pool.ready();
        await waitForMembers(pool, cluster.nodes);
        await fill(pool);
        const members = () => pool.nodes().filter(({ tier }) => tier === "node");
        // Nodes that have just started are not equally quick, and get as much as they are good for.
        await waitUntil(
          "every node has served",
          async () => {
            await Promise.all(Array.from({ length: 6 }, () => search(pool)));
            return members().every(({ answers }) => answers > 20);
          },
          patient,
        );

        const nodes = members();
        assert.deepEqual(nodes.map(({ name }) => name).sort(), ["n1", "n2", "n3"]);
        assert.ok(
          nodes.every(({ version, roles, id }) => version !== undefined && roles !== undefined && id !== undefined),
        );
        const { view } = pool.stats();
        assert.equal(view?.source, "sniff");
        assert.ok(view.clusterUuid);
      });

      it("gives answers as JSON, text and bytes, and error statuses as answers", async () => {
        await using pool = open({ nodes: [...cluster.urls] });
        const root = await pool.request<{ version: { number: string } }>({ method: "GET", path: "/" });
        assert.match(root.json().version.number, /^\d/);
        assert.equal(root.text().length, root.bytes().byteLength);
        const missing = await pool.request({ method: "GET", path: "/no-such-index/_doc/1" });
        assert.deepEqual([missing.status, missing.ok], [404, false]);
        assert.throws(() => missing.throwIfError(), { code: "STATUS", type: "index_not_found_exception" });
        const created = await pool.request({
          method: "PUT",
          path: "/things/_doc/a%2Fb",
          body: { n: 1 },
          query: { refresh: true },
        });
        assert.equal(created.status, 201);
        assert.equal((await pool.request({ method: "HEAD", path: "/things/_doc/a%2Fb" })).status, 200);
      });

      it("fails no read when a node is killed under load, and uses it again when it is back", async () => {
        await using pool = open({ nodes: [...cluster.urls] });
        await waitForMembers(pool, cluster.nodes);
        const victim = nodeAt(cluster, 1);
        const load = steadyLoad(pool, 8);
        await waitUntil("the load runs", () => load.answered() > 200, patient);
        await victim.kill();
        await waitUntil("the view marks it down", () => stateOf(pool, victim) === "down", patient);
        await victim.start();
        const requestsBefore = requestsOf(pool, victim);
        await waitUntil(
          "it serves again",
          () =>
            ["healthy", "slow-start"].includes(stateOf(pool, victim) ?? "") &&
            requestsOf(pool, victim) > requestsBefore,
          patient,
        );
        const { failures, answered } = await load.stop();
        assert.deepEqual(failures, []);
        assert.ok(answered > 500);
      });

      it("uses a node that joins, and forgets one that is shut down", async () => {
        await using pool = open({ nodes: [nodeAt(cluster, 0).url], discovery: { intervalMs: 2_000 } });
        await waitForMembers(pool, cluster.nodes);
        const fourth = await cluster.addNode();
        await waitUntil(
          "the new node serves",
          async () => {
            await search(pool);
            return requestsOf(pool, fourth) > 0;
          },
          patient,
        );
        await fourth.stop();
        await waitUntil(
          "it is avoided",
          () => stateOf(pool, fourth) !== "healthy" && stateOf(pool, fourth) !== "slow-start",
          patient,
        );
        const load = steadyLoad(pool, 4);
        await sleep(2_000);
        assert.deepEqual((await load.stop()).failures, []);
      });

      it("ends up with the whole cluster when it was started before the cluster", async () => {
        const alive: EngineNode[] = [...cluster.nodes].slice(0, 3);
        await Promise.all(cluster.nodes.map((node) => node.kill()));
        await using pool = open({ nodes: [nodeAt(cluster, 0).url] });
        const early = pool.request({ method: "GET", path: "/", timeoutMs: 120_000 }).catch((error: unknown) => error);
        await sleep(1_000);
        await Promise.all(alive.map((node) => node.start()));
        await waitForMembers(pool, alive);
        await search(pool);
        const first = await early;
        assert.ok(first instanceof RollcallError ? first.code === "NO_NODE" : true);
      });
    });
  }

  describe("opensearch with its security plugin", () => {
    let cluster: EngineCluster;
    before(async () => {
      cluster = await startEngine({ kind: "opensearch", secured: true, onProgress: (line) => console.log(line) });
    });
    after(() => cluster.close());

    const credentials = () => {
      const [auth] = cluster.users ?? [];
      assert.ok(auth && cluster.ca);
      return { auth, tls: { ca: cluster.ca } };
    };

    it("finds and uses every node over TLS with a user and password", async () => {
      const { auth, tls } = credentials();
      await using pool = open({ nodes: [nodeAt(cluster, 0).url], auth, tls });
      await pool.ready();
      await waitForMembers(pool, cluster.nodes);
      await fill(pool);
      for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 6 }, () => search(pool)));
      assert.ok(pool.nodes().every(({ answers }) => answers > 3));
    });

    it("serves what it can from the seeds with a wrong password, and says what is missing", async () => {
      const { auth, tls } = credentials();
      const logger = collectingLogger();
      await using pool = open({ nodes: [...cluster.urls], auth: { ...auth, password: "a-wrong-one" }, tls, logger });
      assert.equal((await pool.request({ method: "GET", path: "/" })).status, 401);
      await waitUntil(
        "the warning is there",
        () => logger.messages("warn", "cluster:monitor/main").length > 0,
        patient,
      );
      await assert.rejects(pool.ready({ timeoutMs: 500 }), /cluster:monitor\/main/);
      // To hash a password takes a busy node so long that this process may keep away from it for a moment; down it is not.
      const states = pool.nodes().map(({ state }) => state);
      assert.ok(!states.includes("down") && !states.includes("unusable"), states.join());
      assert.ok(!logger.text().includes("a-wrong-one"));
    });

    it("sends nothing to a node whose authority it does not trust", async () => {
      const { auth } = credentials();
      await using pool = open({ nodes: [...cluster.urls], auth, retry: false });
      await assert.rejects(pool.request({ method: "GET", path: "/", timeoutMs: 20_000 }), { code: "TLS", sent: "no" });
    });
  });
});

function open(options: PoolOptions): Pool {
  return createPool({ logger: false, ...options });
}

function nodeAt(cluster: EngineCluster, position: number): EngineNode {
  const node = cluster.nodes[position];
  assert.ok(node);
  return node;
}

const statusOf = (pool: Pool, { port }: EngineNode) => pool.nodes().find(({ address }) => address.endsWith(`:${port}`));
const stateOf = (pool: Pool, node: EngineNode): NodeState | undefined => statusOf(pool, node)?.state;
const requestsOf = (pool: Pool, node: EngineNode): number => statusOf(pool, node)?.requests ?? 0;

async function waitForMembers(pool: Pool, nodes: readonly EngineNode[]): Promise<void> {
  const wanted = nodes.map(({ port }) => `127.0.0.1:${port}`).sort();
  await waitUntil(
    `the pool knows ${wanted.join(", ")}`,
    () => {
      const known = pool.nodes().filter(({ tier, state }) => tier === "node" && state !== "down");
      return wanted.every((address) => known.some((node) => node.address === address));
    },
    patient,
  );
}

async function fill(pool: Pool): Promise<void> {
  const lines = Array.from({ length: documents }, (_, n) => [
    { index: { _index: "logs", _id: String(n) } },
    { n },
  ]).flat();
  const { status } = await pool.request({
    method: "POST",
    path: "/_bulk",
    query: { refresh: true },
    ndjson: lines,
    timeoutMs: 60_000,
  });
  assert.equal(status, 200);
  const found = await search(pool);
  assert.equal(found.json().hits.total.value, documents);
}

function search(pool: Pool) {
  return pool.request<Found>({
    method: "POST",
    path: "/logs/_search",
    query: { ignore_unavailable: true },
    body: { size: 1 },
  });
}

function steadyLoad(pool: Pool, slots: number) {
  let stopped = false;
  let answered = 0;
  const failures: string[] = [];
  const running = Array.from({ length: slots }, async () => {
    while (!stopped) {
      try {
        const { ok, status } = await search(pool);
        if (ok) answered++;
        else failures.push(`status ${status}`);
      } catch (error) {
        failures.push(error instanceof RollcallError ? `${error.code} ${error.message}` : String(error));
      }
      await sleep(5);
    }
  });
  return {
    answered: () => answered,
    async stop() {
      stopped = true;
      await Promise.all(running);
      return { answered, failures };
    },
  };
}
