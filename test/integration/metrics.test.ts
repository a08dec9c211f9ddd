import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { addressOf, nodeAt, setAll } from "@rollcall/testing/fixture";
import type { Pool } from "@rollcall/worker";
import { Registry } from "prom-client";
import { registerMetrics } from "rollcall/prometheus";
import { newDocument, patience, search, withPool } from "./support-requests.js";

/** The sum of the series of a metric that have these labels. */
async function sumOf(registry: Registry, metric: string, ...labels: readonly string[]): Promise<number> {
  return (await registry.metrics())
    .split("\n")
    .filter((line) => line.startsWith(`${metric}{`) && labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

const searches = (pool: Pool, count: number) =>
  Promise.all(Array.from({ length: count }, () => pool.request(search).catch(() => undefined)));

describe("metrics", patience, () => {
  for (const threads of [0, 2]) {
    it(`what a pool and its nodes do can be read as metrics, with ${threads} threads`, async () => {
      const options = { threads, connections: { perNode: 2 } };
      await withPool({ cluster: { nodes: 2 }, pool: options }, async ({ cluster, pool }) => {
        const registry = new Registry();
        registerMetrics(pool, registry);
        const read = (metric: string, ...labels: string[]) => sumOf(registry, metric, ...labels);
        const other = nodeAt(cluster, 1);
        const ofOther = `node="${addressOf(other)}"`;

        await searches(pool, 100);
        await pool.request(newDocument);
        assert.equal(await read("rollcall_requests_total", 'class="read"', 'result="2xx"'), 100);
        assert.equal(await read("db_client_operation_duration_seconds_count", 'class="never"'), 1);
        assert.equal(await read("rollcall_attempts_total"), 101);
        assert.ok((await read("db_client_connection_create_time_seconds_count", ofOther)) > 0);
        assert.ok((await read("db_client_connection_wait_time_seconds_count")) > 0);
        assert.equal(await read("http_client_active_requests"), 0);
        assert.ok((await read("db_client_connection_count", ofOther, 'state="idle"')) > 0);
        await waitUntil("its threads are up", async () => (await read("rollcall_threads", 'state="well"')) === threads);
        assert.equal(await read("rollcall_leader"), 1);

        await setAll(cluster, { requests: [{ kind: "reply", status: 503, on: { kind: "other" } }] });
        await searches(pool, 1);
        assert.equal(await read("rollcall_requests_total", 'result="503"'), 1);
        assert.ok((await read("rollcall_retries_total", 'reason="503"')) > 0);
        assert.ok((await read("rollcall_error_statuses_total")) > 1);

        await setAll(cluster, {});
        await other.kill();
        await waitUntil("this process or the leader has seen it", async () => {
          await searches(pool, 5);
          return (await read("rollcall_node_state", ofOther, 'state="healthy"')) === 0;
        });
        assert.ok((await read("rollcall_attempt_failures_total", ofOther)) > 0);
        assert.ok((await read("rollcall_retries_total", ofOther, 'class="read"')) > 0);

        await pool.close();
        assert.ok(!(await registry.metrics()).includes('pool="default"'));
      });
    });
  }
});
