import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ClusterAccess, Coordinator, createMemoryStore, HttpControlClient, systemTimers } from "@rollcall/coordinator";
import { parseClusterConfig } from "@rollcall/core/config";
import type { ProbeResult } from "@rollcall/core/health";
import { addressOf, type Heartbeat, type PeerProbeResult, type View } from "@rollcall/core/view";
import { collectingLogger, ManualTimers, waitUntil } from "@rollcall/testing";
import { PeerProbeResponder } from "./peer-probe-responder.js";
import { ControlProber } from "./prober.js";

const node = "id1@es1:9200";
const reached: ProbeResult = { kind: "reached" };
const unreachable: ProbeResult = { kind: "unreachable", reason: "connection refused" };

/** The responder of process r1, and what a leader receives. */
function responding(known: readonly string[] = [node]) {
  const timers = new ManualTimers();
  const store = createMemoryStore(timers);
  const results: PeerProbeResult[] = [];
  store.onPeerProbeResult((result) => results.push(result));
  const probes: ((result: ProbeResult) => void)[] = [];
  const responder = new PeerProbeResponder({
    replica: "r1",
    store,
    cluster: {
      probe: (key) => (known.includes(key) ? new Promise((answer) => probes.push(answer)) : undefined),
    },
    timers,
  });
  responder.start();
  const ask = (id: string, replicas: readonly string[] = ["r2", "r1"]) =>
    store.requestPeerProbes({ id, node, replicas });
  const answer = async (result: ProbeResult) => {
    (probes.shift() ?? assert.fail("no probe"))(result);
    await nextTurn();
  };
  return { timers, results, probes, responder, ask, answer };
}

describe("a peer probe", () => {
  it("reports to the leader whether one probe has reached the node", async () => {
    const { ask, answer, results } = responding();
    ask("7.1");
    await answer(reached);
    ask("7.2");
    await answer(unreachable);
    assert.deepEqual(results, [
      { id: "7.1", node, replica: "r1", ok: true },
      { id: "7.2", node, replica: "r1", ok: false },
    ]);
  });

  it("is not made where another process is asked, nor of an unknown node", async () => {
    const asked = responding();
    asked.ask("7.1", ["r2", "r3"]);
    const stranger = responding([]);
    stranger.ask("7.1");
    await nextTurn();
    assert.deepEqual([asked.probes, stranger.probes, stranger.results], [[], [], []]);
  });

  it("sends nothing where it has shown nothing or another cluster, nor later than 1.4 s, nor after the close", async () => {
    const { ask, answer, results, timers, responder } = responding();
    ask("7.1");
    await answer({ kind: "void", reason: "this process was hardly running" });
    ask("7.2");
    await answer({ kind: "foreign", reason: "belongs to another cluster" });
    ask("7.3");
    timers.advance(1_401);
    await answer(unreachable);
    ask("7.4");
    timers.advance(1_400);
    await answer(unreachable);
    ask("7.5");
    responder.close();
    await answer(reached);
    assert.deepEqual(
      results.map(({ id }) => id),
      ["7.4"],
    );
  });

  it("is made for ten questions in a second at most", () => {
    const { ask, probes, timers } = responding();
    for (let time = 0; time < 50; time++) ask(`7.${time}`);
    assert.equal(probes.length, 10);
    timers.advance(1_000);
    for (let time = 0; time < 50; time++) ask(`8.${time}`);
    assert.equal(probes.length, 20);
  });
});

describe("a leader that is cut off", () => {
  /** Two nodes that hang up on some processes, by their credential. */
  async function nodes(cutOff: Set<string>) {
    const start = async () => {
      const server = createServer((request, response) => {
        if (cutOff.has(request.headers.authorization ?? "")) request.socket.destroy();
        else response.end(JSON.stringify({ name: "n", cluster_uuid: "u1" }));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const close = async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      };
      return { host: "127.0.0.1", port, id: "", close };
    };
    return [await start(), await start()] as const;
  }

  it("marks no node down that a peer reaches, and marks one that no peer reaches", async () => {
    const cutOff = new Set<string>();
    const [first, second] = await nodes(cutOff);
    const urls = [first, second].map((node) => `http://${addressOf(node)}`);
    const store = createMemoryStore(systemTimers);
    const open: (() => unknown)[] = [() => first.close(), () => second.close()];
    const process = (name: string) => {
      const config = parseClusterConfig({ nodes: urls, auth: { bearer: name }, discovery: false });
      const access = new ClusterAccess(config, systemTimers, logger);
      const controlClient = new HttpControlClient({
        timers: systemTimers,
        wallNowMs: Date.now,
        connectTimeoutMs: 3_000,
      });
      open.unshift(
        () => controlClient.close(),
        () => access.close(),
      );
      return { config, access, controlClient };
    };
    const views: View[] = [];
    store.subscribe((view) => views.push(view));
    const marks = () => views.at(-1)?.marks.nodes ?? {};
    const logger = collectingLogger();
    const common = { store, timers: systemTimers, random: Math.random, logger };
    const coordinator = new Coordinator({ ...common, ...process("a"), leader: "a", replica: "a" });
    const { access, controlClient } = process("b");
    const prober = new ControlProber(controlClient, access);
    const cluster = {
      probe(key: string) {
        const node = [first, second].find((node) => `@${addressOf(node)}` === key);
        return node === undefined ? undefined : prober.probe(node, "u1");
      },
    };
    const responder = new PeerProbeResponder({ replica: "b", store, cluster, timers: systemTimers });
    open.unshift(
      () => coordinator.close(),
      () => responder.close(),
    );
    const heartbeat: Heartbeat = {
      ...{ replica: "b", host: "app", pid: 1, role: "external", leading: false, freshness: "fresh" },
      ...{ ejected: [], threads: [] },
    };
    try {
      responder.start();
      coordinator.start();
      await waitUntil("both are verified", () => {
        return views.at(-1)?.topology.clusterUuid === "u1" && Object.keys(marks()).length === 0;
      });
      store.heartbeat(heartbeat);
      const beating = setInterval(() => store.heartbeat(heartbeat), 1_000);
      open.unshift(() => clearInterval(beating));
      cutOff.add("Bearer a");
      for (const { port } of [first, second]) {
        store.report({ node: `@127.0.0.1:${port}`, reason: "cut off", replica: "a", probe: "failed" });
      }
      await waitUntil("the leader logs which process reaches them", () => logger.messages("warn").length === 2);
      for (const warning of logger.messages("warn"))
        assert.match(warning, /cannot be reached from here, but from replica b/);
      assert.deepEqual(marks(), {});

      await second.close();
      await waitUntil("the closed one is down", () => Object.keys(marks()).length > 0);
      const [[key, mark] = []] = Object.entries(marks());
      assert.deepEqual([key, mark?.kind, mark?.down?.reporters], [`@${addressOf(second)}`, "down", 2]);
    } finally {
      for (const close of open) await close();
    }
  });
});
