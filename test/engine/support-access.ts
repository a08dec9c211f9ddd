import assert from "node:assert/strict";
import { canary, collectingLogger, waitUntil } from "@rollcall/testing";
import { openPool, patient, searchUntilServed } from "./support-engine.js";
import type { Statement } from "./support-statements.js";

/** What TLS and credentials are, on every engine with security. */
export const accessStatements: readonly Statement[] = [
  {
    says: "a pool finds and uses every node over TLS with a user and password",
    check: async ({ pool, nodes }) => {
      await pool.ready();
      await searchUntilServed(pool, nodes, 3);
    },
  },
  {
    says: "a pool with a wrong password returns 401, names the missing privilege, and marks no node down",
    check: async ({ cluster, access }) => {
      const logger = collectingLogger();
      const auth = { username: "admin", password: canary("wrong-password") };
      await using pool = openPool({ ...access, nodes: [...cluster.urls], auth, logger });
      assert.equal((await pool.request({ method: "GET", path: "/" })).status, 401);
      const warned = () => logger.messages("warn", "cluster:monitor/main").length > 0;
      await waitUntil("the warning is there", warned, patient);
      await assert.rejects(pool.ready({ timeoutMs: 500 }), /cluster:monitor\/main/);
      // A busy node takes so long to hash a password that its probes may run out of time for a moment.
      const isKept = () => pool.nodes().every(({ state }) => state !== "down" && state !== "unusable");
      await waitUntil("no node is down", isKept, patient);
    },
  },
  {
    says: "a pool that does not trust the certificate authority sends nothing",
    check: async ({ access: { nodes } }) => {
      await using pool = openPool({ nodes, retry: false });
      await assert.rejects(pool.request({ method: "GET", path: "/", timeoutMs: 20_000 }), { code: "TLS", sent: "no" });
    },
  },
];
