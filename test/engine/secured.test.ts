import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { collectingLogger, waitUntil } from "@rollcall/testing";
import { type SecuredCluster, startSecuredEngine } from "@rollcall/testing/engines";
import {
  createIndex,
  engineTimeout,
  isFullMatrix,
  nodeAt,
  openPool,
  patient,
  searchUntilServed,
  waitForMembers,
} from "./support-engine.js";

describe("OpenSearch with its security plugin", engineTimeout, () => {
  let cluster: SecuredCluster;
  before(async () => {
    const onProgress = (line: string) => console.log(line);
    cluster = await startSecuredEngine({ kind: "opensearch", nodes: isFullMatrix ? 3 : 2, onProgress });
  }, engineTimeout);
  after(() => cluster.close());

  const credentials = () => {
    const auth = cluster.nodes[0]?.user;
    assert.ok(auth);
    return { auth, tls: { ca: cluster.certificates.ca } };
  };

  it("a pool finds and uses every node over TLS with a user and password", async () => {
    await using pool = openPool({ nodes: [nodeAt(cluster, 0).url], ...credentials() });
    await pool.ready();
    await waitForMembers(pool, cluster.nodes);
    await createIndex(pool);
    await searchUntilServed(pool, cluster.nodes, 3);
  });

  it("a pool with a wrong password returns 401, names the missing privilege, and marks no node down", async () => {
    const { auth, tls } = credentials();
    const logger = collectingLogger();
    await using pool = openPool({ nodes: [...cluster.urls], auth: { ...auth, password: "a-wrong-one" }, tls, logger });
    assert.equal((await pool.request({ method: "GET", path: "/" })).status, 401);
    const warned = () => logger.messages("warn", "cluster:monitor/main").length > 0;
    await waitUntil("the warning is there", warned, patient);
    await assert.rejects(pool.ready({ timeoutMs: 500 }), /cluster:monitor\/main/);
    // A busy node takes so long to hash a password that its probes may run out of time for a moment.
    const isKept = () => pool.nodes().every(({ state }) => state !== "down" && state !== "unusable");
    await waitUntil("no node is down", isKept, patient);
    assert.ok(!logger.text().includes("a-wrong-one"));
  });

  it("a pool that does not trust the certificate authority sends nothing", async () => {
    const { auth } = credentials();
    await using pool = openPool({ nodes: [...cluster.urls], auth, retry: false });
    await assert.rejects(pool.request({ method: "GET", path: "/", timeoutMs: 20_000 }), { code: "TLS", sent: "no" });
  });
});
