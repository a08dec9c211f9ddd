import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { waitUntil } from "@rollcall/testing";
import { addressOf, nodeAt, setAll } from "@rollcall/testing/fixture";
import { Client } from "es8";
import { createPool } from "rollcall";
import { onRollcall } from "rollcall/elasticsearch";
import { instrument } from "rollcall/opentelemetry";
import { keepTelemetry } from "../support/telemetry.js";
import { failureOf, newDocument, patience, search, withEcho, withPool } from "./support-requests.js";

type Echoed = { readonly headers: IncomingHttpHeaders };

const only = <T>([first, ...others]: readonly T[]): T => {
  assert.equal(others.length, 0);
  return first ?? assert.fail("there is none");
};
const idsOf = (span: ReadableSpan) => [span.spanContext().traceId, span.spanContext().spanId];
/** What a `traceparent` says: the trace, and the span that the node's work belongs to. */
const namedBy = (headers: IncomingHttpHeaders) => String(headers.traceparent).split("-").slice(1, 3);
const codesOf = ({ events }: ReadableSpan) => events.map(({ attributes }) => attributes?.["rollcall.attempt.outcome"]);

const rollcallAgent = /^rollcall\/\d+\.\d+\.\d+ \(node \d+\.\d+\.\d+; \w+ \w+\)$/;

describe("spans of OpenTelemetry", patience, () => {
  for (const threads of [0, 2]) {
    it(`a request is one span below its caller's, and its node is sent that span's id, with ${threads} threads`, async () => {
      await using telemetry = keepTelemetry();
      await withEcho(
        async (pool) => {
          const end = instrument(pool, telemetry.providers);
          const caller = telemetry.tracer.startSpan("caller");
          const echoed = await context.with(trace.setSpan(context.active(), caller), () =>
            pool.request<Echoed>({ method: "POST", path: "/orders/_search?q=secret", opaqueId: "shop-42" }),
          );
          const span = only(telemetry.spans());
          assert.deepEqual(
            [span.name, span.kind, span.status.code],
            ["search orders", SpanKind.CLIENT, SpanStatusCode.UNSET],
          );
          assert.equal(span.parentSpanContext?.spanId, caller.spanContext().spanId);
          const { headers } = echoed.json();
          assert.deepEqual(namedBy(headers), idsOf(span));
          assert.equal(headers["x-opaque-id"], "shop-42");
          assert.match(String(headers["user-agent"]), rollcallAgent);
          const port = Number(new URL(echoed.nodeUrl).port);
          assert.deepEqual(span.attributes, {
            "db.system.name": "elasticsearch",
            "db.operation.name": "search",
            "db.collection.name": "orders",
            "http.request.method": "POST",
            "server.address": "127.0.0.1",
            "server.port": port,
            "network.peer.address": "127.0.0.1",
            "network.peer.port": port,
            "db.response.status_code": "200",
            "http.response.status_code": 200,
            "rollcall.request.class": "read",
          });
          assert.deepEqual(span.events, []);

          const metrics = await telemetry.metrics();
          const valuesOf = (name: string) => metrics.get(name)?.points.map(({ value }) => value);
          assert.deepEqual([valuesOf("rollcall.requests"), valuesOf("rollcall.accepted_requests")], [[1], [1]]);
          assert.deepEqual(valuesOf("db.client.connection.count"), [0, 1]);

          // Headers of the caller's own stay.
          const own = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, "user-agent": "shop/1" };
          const kept = (await pool.request<Echoed>({ method: "GET", path: "/", headers: own })).json();
          assert.deepEqual([kept.headers.traceparent, kept.headers["user-agent"]], Object.values(own));

          end();
          assert.equal((await pool.request<Echoed>(search)).json().headers.traceparent, undefined);
          assert.equal(telemetry.spans().length, 2);
        },
        { threads },
      );
    });

    it(`retries, reroutes, errors, streams and aborts are told by the span of their request, with ${threads} threads`, async () => {
      await using telemetry = keepTelemetry();
      await withPool({ cluster: { nodes: 2 }, pool: { threads } }, async ({ cluster, pool }) => {
        instrument(pool, { ...telemetry.providers, metrics: false });
        const last = () => telemetry.spans().at(-1) ?? assert.fail("no span has ended");
        const of = (span: ReadableSpan, ...names: readonly string[]) => names.map((name) => span.attributes[name]);
        const users = { kind: "other" } as const;

        await pool.request(search);
        const [system, node, namespace] = of(last(), "db.system.name", "opensearch.node.name", "db.namespace");
        assert.deepEqual([system, namespace], ["opensearch", "fixture"]);
        assert.ok(cluster.nodes.some(({ name }) => name === node));

        for (const one of cluster.nodes)
          await one.set({ requests: [{ kind: "reply", status: 503, on: users, times: 1 }] });
        await pool.request(search);
        assert.deepEqual(codesOf(last()), ["503", "503", "200"]);
        const { name, attributes = {} } = last().events[0] ?? assert.fail("it has no event");
        assert.deepEqual([name, attributes["network.peer.address"]], ["rollcall.attempt", "127.0.0.1"]);
        assert.ok(Number(attributes["rollcall.attempt.duration"]) >= 0);
        assert.deepEqual(of(last(), "rollcall.retries", "rollcall.reroutes", "error.type"), [2, 0, undefined]);
        const times = [last().startTime, ...last().events.map(({ time }) => time), last().endTime];
        assert.deepEqual(
          times,
          [...times].sort(([a, b], [c, d]) => a - c || b - d),
        );

        await setAll(cluster, { requests: [{ kind: "reset", when: "after-commit", on: users }] });
        const lost = await failureOf(pool.request({ ...newDocument, opaqueId: "shop-42" }));
        assert.deepEqual(of(last(), "error.type", "db.response.status_code"), ["DISCONNECTED", undefined]);
        assert.deepEqual(last().status, { code: SpanStatusCode.ERROR, message: "DISCONNECTED" });
        assert.deepEqual([lost.opaqueId, lost.traceId], ["shop-42", last().spanContext().traceId]);

        await setAll(cluster, { requests: [{ kind: "reply", status: 404, on: users }] });
        const missing = await pool.request({ ...search, opaqueId: "shop-43" });
        assert.deepEqual(of(last(), "error.type", "http.response.status_code"), ["404", 404]);
        const status = await failureOf(Promise.resolve().then(() => missing.throwIfError()));
        assert.deepEqual([status.opaqueId, status.traceId], ["shop-43", last().spanContext().traceId]);

        await setAll(cluster, {});
        const { body } = await pool.stream(search);
        for await (const _ of body);
        assert.deepEqual(of(last(), "http.response.status_code", "error.type"), [200, undefined]);
        await setAll(cluster, { requests: [{ kind: "cut-body", on: users }] });
        const cut = await pool.stream({ ...search, opaqueId: "shop-44" });
        const broken = await failureOf(cut.body.resume().toArray());
        assert.deepEqual(of(last(), "http.response.status_code", "error.type"), [200, "DISCONNECTED"]);
        assert.deepEqual([broken.opaqueId, broken.traceId], ["shop-44", last().spanContext().traceId]);

        await setAll(cluster, { requests: [{ kind: "silence", on: users }] });
        const abort = new AbortController();
        const aborted = failureOf(pool.request({ ...newDocument, signal: abort.signal }));
        await waitUntil("it is at a node", () => pool.stats().inFlight > 0);
        abort.abort();
        await aborted;
        assert.deepEqual([codesOf(last()), last().attributes["error.type"]], [["ABORTED"], "ABORTED"]);

        await setAll(cluster, {});
        nodeAt(cluster, 1).pause();
        const reads = Array.from({ length: 10 }, () => pool.request(search));
        await Promise.all(reads);
        const rerouted = telemetry.spans().filter((span) => span.attributes["rollcall.reroutes"] === 1);
        assert.ok(rerouted.length > 0);
        for (const span of rerouted) {
          assert.deepEqual(codesOf(span), ["REROUTED", "200"]);
          const [first] = span.events;
          assert.equal(first?.attributes?.["network.peer.port"], Number(addressOf(nodeAt(cluster, 1)).split(":")[1]));
        }
        nodeAt(cluster, 1).resume();
      });
    });
  }

  it("a span of undici's instrumentation is below the pool's, and its node is sent one traceparent", async () => {
    await using telemetry = keepTelemetry();
    const undici = new UndiciInstrumentation();
    undici.setTracerProvider(telemetry.providers.tracerProvider);
    try {
      await withEcho(
        async (pool) => {
          instrument(pool, { ...telemetry.providers, metrics: false });
          const calls = Array.from({ length: 20 }, () => pool.request<{ readonly rawHeaders: string[] }>(search));
          const answers = await Promise.all(calls);
          for (const answer of answers) {
            const { rawHeaders } = answer.json();
            const sent = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1] === "traceparent");
            const [, traceId, spanId] = only(sent).split("-");
            const inner = telemetry.spans().find((span) => span.spanContext().spanId === spanId);
            assert.deepEqual([inner?.name, inner?.spanContext().traceId], ["POST", traceId]);
            const outer = telemetry
              .spans()
              .find((span) => span.spanContext().spanId === inner?.parentSpanContext?.spanId);
            assert.equal(outer?.name, "search logs");
          }
        },
        { threads: 0, connections: { perNode: 2 } },
      );
    } finally {
      undici.disable();
    }
  });

  it("the span of an official client is the parent of the pool's, and each can be left out", async () => {
    await using telemetry = keepTelemetry();
    trace.setGlobalTracerProvider(telemetry.providers.tracerProvider);
    const seen: IncomingHttpHeaders[] = [];
    const probes: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      if (request.url === "/") probes.push(request.headers["user-agent"]);
      else seen.push(request.headers);
      response.setHeader("x-elastic-product", "Elasticsearch");
      response.setHeader("content-type", "application/json");
      response.end("{}");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const nodes = [`http://127.0.0.1:${(server.address() as AddressInfo).port}`];
    const pool = createPool({ nodes, threads: 0, logger: false, discovery: false });
    try {
      const end = instrument(pool, { metrics: false });
      const client = new Client(onRollcall(pool));
      await client.search({ index: "orders" });
      const [inner, outer] = telemetry.spans();
      assert.deepEqual([outer?.name, inner?.name], ["search", "search orders"]);
      assert.equal(inner?.parentSpanContext?.spanId, outer?.spanContext().spanId);
      assert.deepEqual(namedBy(seen[0] ?? {}), inner === undefined ? [] : idsOf(inner));
      assert.match(String(seen[0]?.["user-agent"]), /^elasticsearch-js\/8\./);
      await waitUntil("the node is probed", () => probes.length > 0);
      for (const userAgent of probes) assert.match(String(userAgent), rollcallAgent);

      await client.search({ index: "orders" }, { openTelemetry: { enabled: false } });
      assert.deepEqual(
        telemetry
          .spans()
          .slice(2)
          .map(({ name }) => name),
        ["search orders"],
      );
      end();
      await client.search({ index: "orders" });
      assert.deepEqual(
        telemetry
          .spans()
          .slice(3)
          .map(({ name }) => name),
        ["search"],
      );
    } finally {
      trace.disable();
      await pool.close({ timeoutMs: 0 });
      server.closeAllConnections();
      server.close();
    }
  });
});
