import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { canary, freePort, waitUntil } from "@rollcall/testing";
import { createApiKey, createServiceToken, type SecuredCluster, type SecuredNode } from "@rollcall/testing/engines";
import type { Auth, Pool, PoolOptions, PoolResponse } from "@rollcall/worker";
import { scroll } from "rollcall/helpers";
import { isFullMatrix, openPool, patient, search, searchUntilServed, waitForMembers } from "./support-engine.js";
import type { Statement, Tested } from "./support-statements.js";

/** What holds where each node has a user and password of its own that the others refuse: Elasticsearch alone can. */
export const ownUserStatements: readonly Statement[] = [
  {
    says: "from one seed a pool finds every node of the cluster, and sends each its own user's credential, from every thread",
    check: async (tested) => {
      const { nodes, tls } = securedOf(tested);
      const [seed, ...others] = nodes;
      assert.ok(seed !== undefined);
      for (const threads of [0, 2]) {
        await using pool = openPool({
          tls,
          threads,
          // Of the others the pool has the host and the user; their ports come from the cluster.
          nodes: [seed, ...others].map((node, at) => ({
            url: at === 0 ? node.url : `https://${hostOf(node)}:${closedPort}`,
            auth: node.user,
          })),
        });
        await pool.ready();
        await waitForMembers(pool, nodes);
        await searchUntilServed(pool, nodes, 3);
        for (const node of nodes) assert.equal(await usernameAt(pool, node), node.user.username);
        const foreign: Auth | undefined = others[0]?.user;
        const { status }: PoolResponse = await pool.request({
          method: "GET",
          path: "/",
          node: seed.address,
          auth: foreign,
        });
        assert.equal(status, 401, "a node refuses the users of the others");
      }
    },
  },
  {
    says: "no search fails while nodes freeze, die and come back at another port, and while passwords of nodes are changed",
    check: async (tested) => {
      const { cluster, nodes, tls } = securedOf(tested);
      const [first, second, third] = nodes;
      assert.ok(first !== undefined && second !== undefined && third !== undefined);
      const options = {
        tls,
        nodes: nodes.map((node) => ({ url: node.url, auth: async () => node.user })),
        discovery: { intervalMs: 1_000 },
      };
      await using loads = startLoads(options);
      await loads.untilUsed(nodes);

      third.pause();
      await loads.untilAvoided(third);
      third.resume();
      await loads.untilUsed([third]);
      await cluster.waitForNodes(nodes.length);

      await second.kill();
      await loads.untilAvoided(second);
      await second.start({ port: await freePort() });
      await loads.untilUsed([second]);

      // The pool that all statements share sends nothing meanwhile, and finds the new port by a list of its own.
      await waitForMembers(tested.pool, nodes);
      // Those that have just come back get few requests at first: they take the matrix's time.
      for (const node of isFullMatrix ? nodes : [first]) {
        const old = node.user;
        await node.rotatePassword();
        await loads.untilUsed([node]);
        const refused = { method: "GET", path: "/", node: node.address, auth: old } as const;
        assert.equal((await tested.pool.request(refused)).status, 401, "the old password is refused");
      }
      assert.deepEqual(await loads.failures(), []);
    },
  },
  {
    says: "scrolls through a pool are complete, although each belongs to the user of one node",
    check: async (tested) => {
      const { nodes, tls } = securedOf(tested);
      const auth = (node: SecuredNode) => ({ url: node.url, auth: node.user });
      await using pool = openPool({ tls, nodes: nodes.map(auth), threads: 1 });
      const documents = Array.from({ length: 200 }, (_, n) => [{ index: { _id: `${n}` } }, { n }]).flat();
      const write = { method: "POST", path: "/scrolled/_bulk", query: { refresh: true }, timeoutMs: 60_000 } as const;
      assert.equal((await pool.request({ ...write, ndjson: documents })).status, 200);
      for (let count = 0; count < 12; count++) {
        const found = new Set<string>();
        for await (const { hits } of scroll(pool, { index: "scrolled", size: 40, timeoutMs: 60_000 }).pages()) {
          for (const { _id } of hits) found.add(_id);
        }
        assert.equal(found.size, 200);
      }
    },
  },
  {
    says: "a user of the whole cluster, an API key in both forms and a service token reach every node",
    check: async (tested) => {
      const { nodes, tls } = securedOf(tested);
      const [node] = nodes;
      assert.ok(node !== undefined);
      const shared = { username: "shared", password: canary("shared-user") };
      await node.ask("POST", `/_security/user/${shared.username}`, { password: shared.password, roles: ["superuser"] });
      const { id, key, encoded } = await createApiKey(node, "tests");
      const token = await createServiceToken(node, "tests");
      const credentials: readonly Auth[] = [shared, { apiKey: encoded }, { apiKey: { id, key } }, { bearer: token }];
      for (const auth of credentials) {
        await using pool = openPool({ nodes: [node.url], auth, tls, threads: 1, discovery: { allow: loopback } });
        await pool.ready({ timeoutMs: 60_000 });
        await waitForMembers(pool, nodes);
        for (const each of nodes) {
          const answer = await pool.request({ method: "GET", path: "/_security/_authenticate", node: each.address });
          assert.equal(answer.status, 200, answer.text());
        }
      }
    },
  },
];

/** Nothing listens there. */
const closedPort = 9;
const loopback = { hosts: ["127.0.0.0/8"] };

function securedOf({ secured }: Tested) {
  assert.ok(secured !== undefined);
  const cluster: SecuredCluster = secured;
  return { cluster, nodes: cluster.nodes, tls: { ca: cluster.certificates.ca } };
}

function hostOf({ url }: SecuredNode): string {
  return new URL(url).hostname;
}

async function usernameAt(pool: Pool, { address }: SecuredNode): Promise<string> {
  const who = { method: "GET", path: "/_security/_authenticate", node: address } as const;
  return (await pool.request<{ username: string }>(who)).throwIfError().json().username;
}

interface Loads extends AsyncDisposable {
  /** Waits until every pool uses these nodes and each has answered more. */
  untilUsed(nodes: readonly SecuredNode[]): Promise<void>;
  untilAvoided(node: SecuredNode): Promise<void>;
  /** Ends the load. What has failed, in words. */
  failures(): Promise<readonly string[]>;
}

/** Searches without end through two pools, one that sends them itself and one with threads. */
function startLoads(options: PoolOptions): Loads {
  const pools = [0, 2].map((threads) => openPool({ ...options, threads }));
  const failed: string[] = [];
  let isOver = false;
  const searching = async (pool: Pool) => {
    while (!isOver) {
      const outcome = await pool.request(search).then(
        ({ status }) => (status === 200 ? undefined : `status ${status}`),
        (error: Error) => error.message,
      );
      if (outcome !== undefined) failed.push(outcome);
      await sleep(100);
    }
  };
  const running = pools.flatMap((pool) => Array.from({ length: 3 }, () => searching(pool)));
  const end = async () => {
    isOver = true;
    await Promise.all(running);
  };
  const statusIn = (pool: Pool, node: SecuredNode) => pool.nodes().find(({ address }) => address === node.address);
  const everywhere = (holds: (pool: Pool, at: number) => boolean) => () => failed.length > 0 || pools.every(holds);
  return {
    async untilUsed(nodes) {
      for (const node of nodes) {
        const before = pools.map((pool) => statusIn(pool, node)?.answers ?? 0);
        const isUsed = everywhere((pool, at) => (statusIn(pool, node)?.answers ?? 0) > (before[at] ?? 0) + 3);
        await waitUntil(`every pool uses ${node.name}`, isUsed, patient);
      }
    },
    async untilAvoided(node) {
      const away = ["down", "ejected", "absent"];
      const isAvoided = everywhere((pool) => away.includes(statusIn(pool, node)?.state ?? "absent"));
      await waitUntil(`no pool uses ${node.name}`, isAvoided, patient);
    },
    async failures() {
      await end();
      return failed;
    },
    async [Symbol.asyncDispose]() {
      await end();
      for (const pool of pools) await pool.close();
    },
  };
}
