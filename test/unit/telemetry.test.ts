import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Histogram } from "@opentelemetry/sdk-metrics";
import { RollcallError } from "rollcall";
import { type InstrumentedPool, type InstrumentOptions, instrument } from "rollcall/opentelemetry";
import { mockPool } from "rollcall/testing";
import { serverAttributes } from "#rollcall/opentelemetry/address-attributes";
import { metricDefinitions, prometheusName } from "#rollcall/prometheus/metric-definitions";
import { keepTelemetry } from "../support/telemetry.js";

const answering = (options = {}) => mockPool(options).answer("* /*", {});
const search = { method: "POST", path: "/orders/_search?routing=secret", body: { query: { match: { name: "Ada" } } } };

function isConfig(text: RegExp) {
  return (error: unknown) => error instanceof RollcallError && error.code === "CONFIG" && text.test(error.message);
}

/** Name, instrument, unit and Prometheus' name, as docs/tracing.md has them. */
function documentedMetrics(): string[][] {
  const guide = readFileSync(new URL("../../../docs/tracing.md", import.meta.url), "utf8");
  const [, table = ""] = guide.split("<!-- table: telemetry -->\n");
  const [lines = ""] = table.split("\n\n");
  const rows = lines.split("\n").slice(2);
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}

describe("instrument", () => {
  it("docs/tracing.md has a row for each metric, and the meter has it by that name, with that unit", async () => {
    const expected = metricDefinitions.flatMap((metric) => {
      const { name, unit = "", counters } = metric;
      if (counters === undefined) return [[name, unit, prometheusName(metric)]];
      const prometheus = prometheusName(metric);
      return [
        [counters.count, counters.unit, `${prometheus}_count`],
        [counters.sum, "s", `${prometheus}_sum`],
      ];
    });
    const rows = documentedMetrics();
    assert.deepEqual(
      rows.map(([name, , unit, prometheus]) => [name, unit, prometheus]),
      expected,
    );
    await using telemetry = keepTelemetry();
    await using pool = answering();
    instrument(pool, telemetry.providers);
    await pool.request(search);
    const shown = await telemetry.metrics();
    for (const [name, { unit }] of shown) assert.equal(rows.find(([row]) => row === name)?.[2], unit, name);
    // The mock has no view and no thread, and neither retries nor hedges.
    const without = rows.map(([name = ""]) => name).filter((name) => !shown.has(name));
    const absent = /^rollcall\.(?:retries|hedge|view\.|leader|replicas|thread\.)/;
    assert.deepEqual(
      without.filter((name) => !absent.test(name)),
      [],
    );
  });

  it("a request's duration is recorded by operation, node, class and status, with bounds from 1 ms to 60 s", async () => {
    await using telemetry = keepTelemetry();
    await using pool = answering().answer("POST /orders/_doc", { error: "TIMEOUT" });
    instrument(pool, { ...telemetry.providers, name: "orders" });
    await pool.request(search);
    await assert.rejects(pool.request({ method: "POST", path: "/orders/_doc", body: {} }));
    const points = (await telemetry.metrics()).get("db.client.operation.duration")?.points ?? [];
    const node = { "network.peer.address": "mock", "network.peer.port": 9200 };
    const common = { "db.system.name": "elasticsearch", ...node, "server.address": "mock", "server.port": 9200 };
    assert.deepEqual(
      points.map(({ attributes }) => attributes),
      [
        {
          ...{ ...common, "db.operation.name": "search", "rollcall.request.class": "read" },
          "db.response.status_code": "200",
        },
        { ...common, "db.operation.name": "index", "rollcall.request.class": "never", "error.type": "TIMEOUT" },
      ],
    );
    const value = points[0]?.value;
    assert.ok(typeof value === "object" && value !== null && "buckets" in value);
    const { boundaries } = (value as Histogram).buckets;
    assert.deepEqual([boundaries[0], boundaries.at(-1)], [0.001, 60]);
  });

  it("spans hold the URL and the text of a query only with `details`", async () => {
    await using telemetry = keepTelemetry();
    await using pool = answering();
    const end = instrument(pool, telemetry.providers);
    await pool.request(search);
    end();
    instrument(pool, { ...telemetry.providers, details: true });
    await pool.request(search);
    const [plain, detailed] = telemetry.spans();
    assert.doesNotMatch(JSON.stringify([plain?.name, plain?.attributes, plain?.events]), /secret|Ada/);
    assert.equal(detailed?.attributes["url.full"], "http://mock:9200/orders/_search?routing=secret");
    assert.equal(detailed?.attributes["db.query.text"], JSON.stringify(search.body));
  });

  it("pools are told apart by their names, and spans and metrics end with the pool, or with what it returns", async () => {
    await using telemetry = keepTelemetry();
    await using first = answering();
    const second = answering();
    const end = instrument(first, telemetry.providers);
    instrument(second, { ...telemetry.providers, name: "second" });
    const names = async () => {
      const points = (await telemetry.metrics()).get("rollcall.pending_requests")?.points ?? [];
      return points.map(({ attributes }) => attributes["db.client.connection.pool.name"]);
    };
    assert.deepEqual(await names(), ["default", "second"]);
    await second.close();
    end();
    await first.request(search);
    assert.equal(telemetry.spans().length, 0);
    instrument(first, { ...telemetry.providers, spans: false });
    await first.request(search);
    assert.equal(telemetry.spans().length, 0);
    assert.equal((await telemetry.metrics()).get("db.client.operation.duration")?.points.length, 1);
  });

  it("what is no pool, a child, a pool that is closed or instrumented already, and wrong options are refused", async () => {
    await using pool = answering();
    const child = pool.child({}) as unknown as InstrumentedPool;
    assert.throws(() => instrument(child), isConfig(/a child's requests are its parent's/));
    assert.throws(() => instrument({} as InstrumentedPool), isConfig(/must be a pool/));
    const wrong = { tracer: {} } as unknown as InstrumentOptions;
    assert.throws(() => instrument(pool, wrong), isConfig(/there is no option "tracer"/));
    assert.throws(() => instrument(pool, { spans: 1 as unknown as boolean }), isConfig(/spans must be true or false/));
    assert.throws(() => instrument(pool, { name: "" }), isConfig(/name must be a text of 1 to 64/));
    const end = instrument(pool);
    assert.throws(() => instrument(pool), isConfig(/traced already/));
    end();
    end();
    instrument(pool);
    const closed = answering();
    await closed.close();
    assert.throws(() => instrument(closed), isConfig(/is closed/));
  });

  it("a propagator or processor that throws makes no request fail", async () => {
    await using telemetry = keepTelemetry();
    await using pool = answering();
    const broken = () => {
      throw new Error("broken");
    };
    const tracerProvider = { getTracer: () => ({ startSpan: broken, startActiveSpan: broken }) };
    instrument(pool, { ...telemetry.providers, tracerProvider });
    assert.equal((await pool.request(search)).status, 200);
  });

  it("the address of the configured nodes is one text, with the ports in it where they differ", () => {
    assert.deepEqual(serverAttributes(["https://b:9200", "https://a:9200/es"]), {
      ...{ "server.address": "a,b", "server.port": 9200 },
    });
    assert.deepEqual(serverAttributes(["http://a:9201", "http://[::1]:9200"]), {
      "server.address": "[::1]:9200,a:9201",
    });
    assert.deepEqual(serverAttributes(["http://[::1]:80"]), { "server.address": "::1", "server.port": 80 });
  });
});
