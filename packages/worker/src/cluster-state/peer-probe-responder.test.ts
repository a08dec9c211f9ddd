import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ClusterAccess, Coordinator, createMemoryStore, HttpControlClient, systemTimers } from "@rollcall/coordinator";
import { silentLogger } from "@rollcall/core";
import { parseClusterConfig } from "@rollcall/core/config";
import { addressOf, type Heartbeat, type PeerProbeResult, type View } from "@rollcall/core/view";
import { ManualTimers, waitUntil } from "@rollcall/testing";
import { PeerProbeResponder } from "./peer-probe-responder.js";
import { type ProbeResult, probeOnce } from "./probe-once.js";

const node = "id1@es1:9200";

/** The witness of process r1, and what a leader hears. */
function witnessing(known: readonly string[] = [node]) {
  const timers = new ManualTimers();
  const store = createMemoryStore(timers);
  const heard: PeerProbeResult[] = [];
  store.onPeerProbeResult((answer) => heard.push(answer));
  const looks: { readonly node: string; readonly answer: (seen: ProbeResult) => Promise<void> }[] = [];
  const look = (node: string): Promise<ProbeResult> =>
    new Promise((resolve) => {
      looks.push({
        node,
        async answer(seen) {
          resolve(seen);
          await nextTurn();
        },
      });
    });
  const witness = new PeerProbeResponder({
    replica: "r1",
    store,
    probe: (node) => (known.includes(node) ? look(node) : undefined),
    timers,
  });
  witness.start();
  const ask = (id: string, replicas: readonly string[] = ["r2", "r1"]) =>
    store.requestPeerProbes({ id, node, replicas });
  const answer = async (seen: ProbeResult) => {
    const look = looks.shift() ?? assert.fail("nobody looked");
    await look.answer(seen);
  };
  return { timers, store, heard, looks, witness, ask, answer };
}

const reached: ProbeResult = { kind: "reached" };
const unreachable: ProbeResult = { kind: "unreachable", reason: "connection refused" };

describe("a witness", () => {
  it("says whether one look of its own has reached the node", async () => {
    const { ask, answer, heard, looks } = witnessing();
    ask("7.1");
    assert.deepEqual([looks.length, looks[0]?.node], [1, node]);
    await answer(reached);
    ask("7.2");
    await answer(unreachable);
    assert.deepEqual(heard, [
      { id: "7.1", node, replica: "r1", ok: true },
      { id: "7.2", node, replica: "r1", ok: false },
    ]);
  });

  it("does not look unless it is asked, nor for a node that it does not know", async () => {
    const { ask, looks } = witnessing();
    ask("7.1", ["r2", "r3"]);
    assert.equal(looks.length, 0);
    const stranger = witnessing([]);
    stranger.ask("7.1");
    await nextTurn();
    assert.deepEqual([stranger.looks.length, stranger.heard], [0, []]);
  });

  it("says nothing where it has seen nothing, or another cluster", async () => {
    const { ask, answer, heard } = witnessing();
    ask("7.1");
    await answer({ kind: "void", reason: "this process was hardly running" });
    ask("7.2");
    await answer({ kind: "foreign", reason: "belongs to another cluster" });
    assert.deepEqual(heard, []);
  });

  it("says nothing too late", async () => {
    const { ask, answer, heard, timers } = witnessing();
    ask("7.1");
    timers.advance(1_401);
    await answer(unreachable);
    ask("7.2");
    timers.advance(1_400);
    await answer(unreachable);
    assert.deepEqual(
      heard.map(({ id }) => id),
      ["7.2"],
    );
  });

  it("answers ten questions a second at most, whoever asks how many", () => {
    const { ask, looks, timers } = witnessing();
    for (let time = 0; time < 50; time++) ask(`7.${time}`);
    assert.equal(looks.length, 10);
    timers.advance(1_000);
    for (let time = 0; time < 50; time++) ask(`8.${time}`);
    assert.equal(looks.length, 20);
  });

  it("says nothing more once it is closed", async () => {
    const { ask, answer, heard, looks, witness } = witnessing();
    ask("7.1");
    witness.close();
    await answer(reached);
    ask("7.2");
    assert.deepEqual([heard, looks.length], [[], 0]);
  });
});

describe("a witness to a leader that is cut off", () => {
  /** Two nodes that hang up on whom they are told to, by their credential. */
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

  it("keeps nodes in use by what it reaches, and confirms the death of one that it does not", async () => {
    const cutOff = new Set<string>();
    const [first, second] = await nodes(cutOff);
    const urls = [first, second].map((node) => `http://${addressOf(node)}`);
    const store = createMemoryStore(systemTimers);
    const open: (() => unknown)[] = [() => first.close(), () => second.close()];
    const process = (name: string) => {
      const config = parseClusterConfig({ nodes: urls, auth: { bearer: name }, discovery: false });
      const access = new ClusterAccess(config, systemTimers, silentLogger);
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
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (_fields: object, message: string) => warnings.push(message) };
    const common = { store, timers: systemTimers, random: Math.random, logger };
    const coordinator = new Coordinator({ ...common, ...process("a"), leader: "a", replica: "a" });
    const { access, controlClient } = process("b");
    const look = (key: string) => {
      const node = [first, second].find((node) => `@${addressOf(node)}` === key);
      return node === undefined ? undefined : probeOnce(controlClient, access, node, "u1");
    };
    const witness = new PeerProbeResponder({ replica: "b", store, probe: look, timers: systemTimers });
    open.unshift(
      () => coordinator.close(),
      () => witness.close(),
    );
    const digest: Heartbeat = {
      ...{ replica: "b", host: "app", pid: 1, role: "external", leading: false, freshness: "fresh" },
      ...{ ejected: [], threads: [] },
    };
    try {
      witness.start();
      coordinator.start();
      await waitUntil("both are verified", () => views.at(-1)?.topology.clusterUuid === "u1");
      store.heartbeat(digest);
      const telling = setInterval(() => store.heartbeat(digest), 1_000);
      open.unshift(() => clearInterval(telling));
      cutOff.add("Bearer a");
      for (const { port } of [first, second]) {
        store.report({ node: `@127.0.0.1:${port}`, reason: "cut off", replica: "a", probe: "failed" });
      }
      await waitUntil("it is told who reaches them", () => warnings.length === 2);
      for (const warning of warnings) assert.match(warning, /cannot be reached from here, but from replica b/);
      assert.deepEqual(marks(), {});

      await second.close();
      await waitUntil("the dead one is down", () => Object.keys(marks()).length > 0);
      const [[key, mark] = []] = Object.entries(marks());
      assert.deepEqual([key, mark?.kind, mark?.down?.reporters], [`@${addressOf(second)}`, "down", 2]);
    } finally {
      for (const close of open) await close();
    }
  });
});
