import assert from "node:assert/strict";
import { it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { type EngineNode, startEngine } from "@rollcall/testing/engines";
import type { Pool, PoolOptions } from "@rollcall/worker";
import { addressOf, engineTimeout, isFullMatrix, openPool, patient } from "./support-engine.js";

const managers = { "cluster.initial_master_nodes": "n1,n2" };
/** Two nodes of a zone have all roles, three of another one each. */
const settings = [
  { ...managers, "node.attr.zone": "a" },
  { ...managers, "node.attr.zone": "a" },
  ...["ingest", "data_frozen", "remote_cluster_client"].map((role) => ({
    ...{ ...managers, "node.attr.zone": "b" },
    "node.roles": role,
  })),
];

/** The names of the nodes that serve thirty requests. */
async function served(pool: Pool, nodes: readonly EngineNode[]): Promise<string> {
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => pool.request({ method: "GET", path: "/_cluster/health", query: { local: true } })),
  );
  for (const { status } of answers) assert.equal(status, 200);
  const names = answers.map(({ node }) => nodes.find((one) => addressOf(one) === node)?.name ?? node);
  return [...new Set(names)].sort().join(" ");
}

const inMatrix = isFullMatrix ? it : () => {};

inMatrix(
  "a selection goes by the roles and attributes that the engine lists, and a body has the version of `accept`",
  engineTimeout,
  async () => {
    const kind = "elasticsearch9";
    await using cluster = await startEngine({ kind, nodes: 5, settings, onProgress: (line) => console.log(line) });
    const { nodes } = cluster;
    const url = nodes[2]?.url ?? assert.fail("there are five nodes");
    const assertServing = async (expected: string, options: Pick<PoolOptions, "selection">) => {
      const pool = openPool({ nodes: [url], ...options });
      try {
        const listed = () => pool.nodes().filter(({ roles }) => roles !== undefined).length;
        await waitUntil("every node is listed", () => listed() === 5, patient);
        await waitUntil(`${expected} serve`, async () => (await served(pool, nodes)) === expected, patient);
      } finally {
        await pool.close();
      }
    };
    await assertServing("n1 n2 n3 n4 n5", {});
    await assertServing("n1 n2", { selection: { prefer: { attributes: { zone: "a" } } } });
    const inOtherZone = { except: { attributes: { zone: "a" } } };
    await assertServing("n3", { selection: { only: { roles: "ingest" }, ...inOtherZone } });
    await assertServing("n5", { selection: { only: { roles: "remote_cluster_client" }, ...inOtherZone } });
    // One of all roles, and one for data.
    await assertServing("n1 n2 n4", { selection: { only: { roles: "data_frozen" } } });
    await assertServing("n5", { selection: { except: [{ roles: "data" }, { roles: "ingest" }] } });
    await assertCompatible(nodes);
  },
);

/** Without the same version for the body, Elasticsearch answers 400 here. */
async function assertCompatible(nodes: readonly EngineNode[]): Promise<void> {
  const accept = "application/vnd.elasticsearch+json; compatible-with=8";
  const pool = openPool({ nodes: nodes.map(({ url }) => url), headers: { accept } });
  try {
    const found = await pool.request<{ hits: object }>({ method: "POST", path: "/_search", body: { size: 0 } });
    assert.equal(found.status, 200, found.text());
    assert.equal(found.headers["content-type"], accept.replace("; ", ";"));
    assert.ok(found.json().hits);
    const plain = { "content-type": "application/json" };
    const refused = await pool.request({ method: "POST", path: "/_search", body: { size: 0 }, headers: plain });
    assert.equal(refused.status, 400);
  } finally {
    await pool.close();
  }
}
