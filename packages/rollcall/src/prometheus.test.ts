import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { RollcallError, type SettledRequest } from "@rollcall/worker";
import { Counter, type OpenMetricsContentType, Registry } from "prom-client";
import { type MetricsPool, registerMetrics } from "./prometheus.js";
import { type MockPool, mockPool } from "./testing.js";

const search = { method: "POST", path: "/logs/_search", body: {} };
const write = { method: "POST", path: "/logs/_doc", body: {} };

/** Each series of the registry, with its value. */
async function read(registry: { metrics(): Promise<string> }): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const series = lines.map((line): [string, number] => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  });
  assert.equal(new Set(series.map(([name]) => name)).size, series.length, "no series comes twice");
  return new Map(series);
}

async function namesOf(registry: Registry): Promise<string[]> {
  return [...(await read(registry)).keys()];
}

function isConfig(text: RegExp) {
  return (error: unknown) => error instanceof RollcallError && error.code === "CONFIG" && text.test(error.message);
}

function answering(options: Parameters<typeof mockPool>[0] = {}): MockPool {
  return mockPool(options).answer("* /*", {}).answer("POST /:index/_doc", { error: "TIMEOUT" });
}

describe("the metrics of a pool for Prometheus", () => {
  it("each request is counted by node, class and result, a child's to its parent, and timed", async () => {
    await using pool = answering();
    const registry = new Registry();
    registerMetrics(pool, registry);
    await pool.request(search);
    await pool.child({ opaqueId: "tenant" }).request(search);
    pool.answer("POST /logs/_search", [{ status: 429 }, { status: 404 }]);
    await pool.request(search);
    await pool.request(search);
    await assert.rejects(pool.request(write));
    const series = await read(registry);
    const of = (requestClass: string, more: string) =>
      `{pool="default",node="mock:9200",class="${requestClass}"${more}}`;
    const counted = [
      ["read", "2xx", 2],
      ["read", "429", 1],
      ["read", "4xx", 1],
      ["never", "TIMEOUT", 1],
    ] as const;
    for (const [requestClass, result, count] of counted) {
      assert.equal(series.get(`rollcall_requests_total${of(requestClass, `,result="${result}"`)}`), count, result);
    }
    const duration = "db_client_operation_duration_seconds";
    for (const [requestClass, count] of [["read", 4] as const, ["never", 1] as const]) {
      assert.equal(series.get(`${duration}_count${of(requestClass, "")}`), count);
      assert.equal(series.get(`${duration}_bucket${of(requestClass, ',le="+Inf"')}`), count);
      assert.equal(series.get(`${duration}_bucket${of(requestClass, ',le="60"')}`), count);
    }
    assert.ok((series.get(`${duration}_sum${of("read", "")}`) ?? 0) > 0);
    assert.equal(series.get('rollcall_errors_total{pool="default",code="TIMEOUT"}'), 1);
    assert.equal(series.get('rollcall_errors_total{pool="default",code="TLS"}'), 0);
  });

  it("a stream is counted by what its body ended with", async () => {
    await using pool = answering();
    const registry = new Registry();
    registerMetrics(pool, registry);
    pool.answer("POST /logs/_search", [{ body: "whole" }, { body: "half", error: "DISCONNECTED" }]);
    for (const end of ["close", "error"]) {
      const { body } = await pool.stream(search);
      await new Promise((ended) => body.resume().once(end, ended));
    }
    const series = await read(registry);
    for (const result of ["2xx", "DISCONNECTED"]) {
      const of = `{pool="default",node="mock:9200",class="read",result="${result}"}`;
      assert.equal(series.get(`rollcall_requests_total${of}`), 1, result);
    }
  });

  it("a node's state and its ejections are shown", async () => {
    await using pool = answering({ nodes: ["http://a:9200", "http://b:9200"] });
    const registry = new Registry();
    registerMetrics(pool, registry);
    pool.setNode("b:9200", "ejected", "connection refused");
    const series = await read(registry);
    const b = 'pool="default",node="b:9200"';
    assert.equal(series.get(`rollcall_node_state{${b},state="ejected"}`), 1);
    assert.equal(series.get(`rollcall_node_state{${b},state="healthy"}`), 0);
    assert.equal(series.get(`rollcall_ejections_total{${b}}`), 1);
    assert.equal(series.get('rollcall_ejections_total{pool="default",node="a:9200"}'), 0);
  });

  it("the series of a node end with the node, and one address has one series each", async () => {
    await using pool = answering({ nodes: ["http://a:9200", "http://b:9200"] });
    const registry = new Registry();
    registerMetrics(pool, registry);
    await pool.request(search);
    pool.setNode("a:9200", "ejected");
    const of = (names: Iterable<string>) => [...names].filter((name) => name.includes('node="a:9200"'));
    assert.ok(of((await read(registry)).keys()).length > 30);

    // A node that drains, and the next one at its address.
    const { nodes, ...stats } = pool.stats();
    const [first, second] = nodes;
    assert.ok(first !== undefined && second !== undefined);
    const next = { ...first, state: "healthy", openSockets: 3, penalty: { factor: 4 } } as const;
    const shown = mock.method(pool, "stats", () => ({ ...stats, nodes: [first, next] }));
    const series = await read(registry);
    const a = 'pool="default",node="a:9200"';
    for (const state of ["ejected", "healthy"])
      assert.equal(series.get(`rollcall_node_state{${a},state="${state}"}`), 1);
    assert.equal(series.get(`rollcall_attempts_total{${a}}`), 2);
    assert.equal(series.get(`rollcall_node_penalty{${a}}`), 4);
    assert.equal(series.get(`db_client_connection_count{${a},state="idle"}`), 3);

    shown.mock.mockImplementation(() => ({ ...stats, nodes: [second] }));
    assert.deepEqual(of((await read(registry)).keys()), []);
    shown.mock.restore();
    const back = await read(registry);
    assert.equal(back.get(`rollcall_ejections_total{${a}}`), 0);
    assert.equal(back.get(`rollcall_requests_total{${a},class="read",result="2xx"}`), undefined);
  });

  it("an attempt that had a further one counts as a retry at its node, by why, or as a reroute", async () => {
    await using pool = answering();
    const registry = new Registry();
    const on = mock.method(pool, "on");
    registerMetrics(pool, registry);
    const [settled] = on.mock.calls.flatMap(({ arguments: [event, listener] }) =>
      event === "settled" ? [listener] : [],
    );
    assert.ok(settled !== undefined);
    const codes = ["ECONNREFUSED", "ECONNRESET", "503", "CERT_HAS_EXPIRED", "constructor", "REROUTED", "200"];
    const attempts = codes.map((code) => ({ node: "mock:9200", code, ms: 1 }));
    (settled as (request: SettledRequest) => void)({
      ...{ class: "read", outcome: "answered", status: 200, node: "mock:9200", durationMs: 12, attempts },
    });
    const series = await read(registry);
    const of = 'pool="default",node="mock:9200",class="read"';
    for (const reason of ["connect", "disconnected", "503", "tls", "other"]) {
      assert.equal(series.get(`rollcall_retries_total{${of},reason="${reason}"}`), 1, reason);
    }
    assert.equal(series.get(`rollcall_reroutes_total{${of}}`), 1);
    const buckets = ["0.01", "0.025"].map((le) =>
      series.get(`db_client_operation_duration_seconds_bucket{${of},le="${le}"}`),
    );
    assert.deepEqual(buckets, [0, 1]);
  });

  it("two pools in one registry are told apart by their names, and a name or a pool comes once", async () => {
    await using first = answering();
    await using second = answering();
    const registry = new Registry();
    registerMetrics(first, registry);
    assert.throws(
      () => registerMetrics(first, registry, { name: "again" }),
      isConfig(/in the registry already, as "default"/),
    );
    assert.throws(() => registerMetrics(second, registry), isConfig(/has a pool "default" already/));
    registerMetrics(second, registry, { name: "second" });
    const series = await read(registry);
    for (const name of ["default", "second"]) {
      assert.equal(series.get(`rollcall_pending_requests{pool="${name}"}`), 0);
    }
    registerMetrics(first, new Registry());
  });

  it("what is no pool, no registry or no name is refused, and so is a metric of another library", async () => {
    await using pool = answering();
    const registry = new Registry();
    const child = pool.child({}) as unknown as MetricsPool;
    assert.throws(() => registerMetrics(child, registry), isConfig(/a child's requests are its parent's/));
    assert.throws(() => registerMetrics(pool, {} as Registry), isConfig(/must be a Registry of prom-client/));
    assert.throws(() => registerMetrics(pool, registry, { name: "" }), isConfig(/name must be a text of 1 to 64/));
    new Counter({ name: "http_client_active_requests", help: "another's", registers: [registry] });
    assert.throws(() => registerMetrics(pool, registry), isConfig(/another metric http_client_active_requests/));
    assert.equal(registry.getMetricsAsArray().length, 1);
    const closed = answering();
    await closed.close();
    assert.throws(() => registerMetrics(closed, new Registry()), isConfig(/is closed/));
  });

  it("series and listeners end with the function that was returned, and with close()", async () => {
    const pool = answering();
    await using other = answering();
    const registry = new Registry();
    const listeners = listenersOf(pool);
    const unregister = registerMetrics(pool, registry);
    assert.equal(listeners.count, 3);
    registerMetrics(other, registry, { name: "other" });
    unregister();
    unregister();
    assert.equal(listeners.count, 0);
    assert.ok((await namesOf(registry)).every((name) => name.includes('pool="other"')));
    registerMetrics(pool, registry);
    await pool.close();
    assert.ok((await namesOf(registry)).every((name) => name.includes('pool="other"')));
    assert.equal(listeners.count, 0);
    await other.close();
    await registry.metrics();
    assert.deepEqual(registry.getMetricsAsArray(), []);
  });

  it("a pool can be registered again after its registry was cleared, and under a closed one's name", async () => {
    await using pool = answering();
    const registry = new Registry();
    registerMetrics(pool, registry);
    registry.clear();
    registerMetrics(pool, registry);
    const closed = answering();
    registerMetrics(closed, registry, { name: "next" });
    await closed.close();
    await using next = answering();
    registerMetrics(next, registry, { name: "next" });
    assert.ok((await namesOf(registry)).includes('rollcall_pending_requests{pool="next"}'));
  });

  it("a registry with OpenMetrics shows the same names", async () => {
    await using pool = answering();
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    registerMetrics(pool, registry);
    await pool.request(search);
    for (let scrapes = 0; scrapes < 2; scrapes++) {
      assert.ok((await read(registry)).has('rollcall_accepted_requests_total{pool="default"}'));
    }
    await pool.close();
  });

  it("the metrics of hundreds of nodes are made in a turn each, and show one moment all the same", async () => {
    await using pool = answering();
    await pool.request(search);
    let requests = 0;
    const [node = assert.fail()] = pool.stats().nodes;
    const large: MetricsPool = {
      on: (event, listener) => pool.on(event, listener),
      off: (event, listener) => pool.off(event, listener),
      config: () => pool.config(),
      isClosed: false,
      stats: () => {
        requests++;
        const nodes = Array.from({ length: 600 }, (_, at) => ({ ...node, address: `es${at}:9200`, requests }));
        return { ...pool.stats(), nodes };
      },
    };
    const registry = new Registry();
    const end = registerMetrics(large, registry);
    let turns = 0;
    let isReading = true;
    const turn = () => {
      turns++;
      if (isReading) setImmediate(turn);
    };
    setImmediate(turn);
    const series = await read(registry);
    isReading = false;
    assert.ok(turns >= 10, `${turns} turns`);
    assert.equal(requests, 1);
    for (const at of [0, 599]) {
      assert.equal(series.get(`rollcall_attempts_total{pool="default",node="es${at}:9200"}`), 1);
    }
    end();
  });
});

/** How many listeners the pool has got and not lost since. */
function listenersOf(pool: MockPool) {
  const [on, off] = [mock.method(pool, "on"), mock.method(pool, "off")];
  return {
    get count() {
      return on.mock.callCount() - off.mock.callCount();
    },
  };
}
