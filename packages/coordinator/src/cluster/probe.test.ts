import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ProbeOutcome } from "@rollcall/core/health";
import { json, nodesHttp, root, type StandIn, standIn } from "../stand-in.test.support.js";
import { systemTimers } from "../system-timers.js";
import { endpointAt } from "../testing.test.support.js";
import { HttpControlClient } from "./http-control-client.js";
import { probe } from "./probe.js";
import { sniff, sniffContext, sniffPath } from "./sniff.js";

let server: StandIn;
const controlClient = new HttpControlClient({ timers: systemTimers, wallNowMs: Date.now, connectTimeoutMs: 3_000 });
before(async () => {
  server = await standIn(json({}));
});
after(async () => {
  await controlClient.close();
  await server.down();
});

const probeFor = (pinnedUuid?: string) =>
  probe(controlClient, endpointAt(server.port), { pinnedUuid, timeoutMs: 30_000, fresh: true });

describe("probe", () => {
  const answers: readonly [string, StandIn["reply"], ProbeOutcome][] = [
    ["the pinned cluster's node", json(root("n1", "u1")), "verified"],
    ["a node of another cluster", json(root("n1", "u2")), "foreign"],
    ["a node that has not joined", json(root("n1", "_na_")), "unverified"],
    ["a proxy's page", (_request, response) => response.end("<html>"), "unverified"],
    ["a list", json([]), "unverified"],
    ["a JSON text", json("{}"), "unverified"],
    ["an object without a uuid", json({}), "unverified"],
    ["a page of 70 KB", (_request, response) => response.end("x".repeat(70_000)), "unverified"],
    ["404", json(root("n1", "u1"), 404), "unverified"],
    ["a redirect", (_request, response) => response.writeHead(301, { location: "/x" }).end(), "unverified"],
    ["401", json(root("n1", "u1"), 401), "denied"],
    ["403", json({}, 403), "denied"],
    ["429", json({}, 429), "overloaded"],
    ["503", json({}, 503), "overloaded"],
    [
      "JSON after a byte order mark",
      (_request, response) => response.end(`\ufeff${JSON.stringify(root("n1", "u1"))}`),
      "verified",
    ],
    [
      "an answer after 100 Continue",
      (request, response) => {
        request.socket.write("HTTP/1.1 100 Continue\r\n\r\n");
        json(root("n1", "u1"))(request, response);
      },
      "verified",
    ],
    [
      "a node with 100 KB of headers",
      (request, response) => {
        response.setHeader("warning", "w".repeat(100_000));
        json(root("n1", "u1"))(request, response);
      },
      "verified",
    ],
    [
      "a node with 140 KB of headers",
      (request, response) => {
        response.setHeader("warning", "w".repeat(140_000));
        json(root("n1", "u1"))(request, response);
      },
      "unverified",
    ],
    ["bytes that are no HTTP", (request) => request.socket.end("\0 what?\r\n\r\n"), "unverified"],
    ["a reset", (request) => request.socket.destroy(), "unreachable"],
  ];
  for (const [name, reply, outcome] of answers) {
    it(`the outcome of ${name} is "${outcome}"`, async () => {
      server.reply = reply;
      const result = await probeFor("u1");
      assert.deepEqual([result.outcome, result.reason !== ""], [outcome, true]);
    });
  }

  it("a probe returns what the node says of itself, and accepts any cluster while none is pinned", async () => {
    server.reply = json(root("n1", "u9", "logs"));
    assert.deepEqual(await probeFor(), {
      outcome: "verified",
      reason: "answered as a node of the cluster",
      clusterUuid: "u9",
      clusterName: "logs",
      name: "n1",
      version: "2.19.1",
    });
  });

  it("what a node says of itself is fit for a log line", async () => {
    server.reply = json(root("n1\u001b[2J\n", "u1", "a".repeat(10_000)));
    const { name, clusterName } = await probeFor();
    assert.doesNotMatch(name ?? "\n", /\p{C}/u);
    assert.ok((clusterName ?? "").length < 1_000);
  });

  it("an unreachable node has the failure's code", async () => {
    server.reply = (request) => request.socket.destroy();
    assert.match((await probeFor()).code ?? "", /^(UND_ERR_SOCKET|ECONNRESET)$/);
  });
});

describe("sniff", () => {
  const list = nodesHttp({ id1: { name: "n1", address: "10.0.0.1:9200" } });
  const sniffFor = (pinnedUuid?: string) => {
    const endpoint = endpointAt(server.port);
    const context = { seed: endpoint, allowDirect: true };
    return sniff(controlClient, endpoint, { pinnedUuid, probeTimeoutMs: 30_000, sniffTimeoutMs: 30_000, context });
  };
  const serve = (first: StandIn["reply"], second: StandIn["reply"]) => {
    server.asked.length = 0;
    server.reply = (request, response) => (request.url === "/" ? first : second)(request, response);
  };

  it("a sniff sends GET / and then requests the list", async () => {
    serve(json(root("n1", "u1")), json(list));
    const { probe, parsed } = await sniffFor("u1");
    assert.equal(probe.outcome, "verified");
    assert.deepEqual(parsed?.ok === true && parsed.nodes.map(({ id, host }) => [id, host]), [["id1", "10.0.0.1"]]);
    assert.deepEqual(server.asked, ["/", sniffPath]);
  });

  it("a node of another cluster, or of none, is not asked for its list", async () => {
    for (const uuid of ["u2", "_na_"]) {
      serve(json(root("n1", uuid)), json(list));
      assert.equal((await sniffFor("u1")).parsed, undefined);
      assert.deepEqual(server.asked, ["/"]);
    }
  });

  it("a refused list differs from a node that does not answer", async () => {
    serve(json(root("n1", "u1")), json({}, 403));
    const denied = await sniffFor("u1");
    assert.deepEqual([denied.probe.outcome, denied.parsed?.ok === false && denied.parsed.kind], ["verified", "denied"]);
    serve(json(root("n1", "u1")), (request) => request.socket.destroy());
    const silent = await sniffFor("u1");
    assert.deepEqual([silent.probe.outcome, silent.parsed], ["unreachable", undefined]);
  });

  it("a list beyond the limit is malformed, and the node is alive", async () => {
    const megabyte = Buffer.alloc(1_048_576, " ");
    serve(json(root("n1", "u1")), (_request, response) => {
      for (let written = 0; written <= 16; written++) response.write(megabyte);
      response.end();
    });
    const { probe, parsed } = await sniffFor("u1");
    assert.deepEqual([probe.outcome, parsed?.ok === false && parsed.kind], ["verified", "malformed"]);
  });

  it("no published address is used if every seed has a path prefix, unless discovery.allow is set", () => {
    const endpoint = endpointAt(9200);
    const seed = { scheme: "http", host: "proxy", port: 80, pathPrefix: "/es" } as const;
    const discovery = { source: "sniff" as const, intervalMs: 30_000, addressMap: {} };
    const contextOf = (config: Parameters<typeof sniffContext>[0]) => sniffContext(config, endpoint).allowDirect;
    assert.equal(contextOf({ seeds: [seed], headers: {}, discovery }), false);
    assert.equal(contextOf({ seeds: [{ ...seed, pathPrefix: "" }], headers: {}, discovery }), true);
    const allow = { hosts: ["10.0.0.0/8"] };
    assert.equal(contextOf({ seeds: [seed], headers: {}, discovery: { ...discovery, allow } }), true);
  });
});
