import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { Heartbeat, PeerProbeRequest } from "@rollcall/core/view";
import { closeAll, cluster, coordinating, fromSniff, heartbeatOf, markAt } from "./coordinating.test.support.js";
import type { StandIn } from "./stand-in.test.support.js";
import type { ViewStore } from "./store/view-store.js";

afterEach(closeAll);

/** A coordinator whose process is `r0`, and other processes that send a heartbeat every second. */
async function leading(size: number, live: readonly string[], name?: string) {
  const nodes = await cluster(size);
  const it = coordinating({ nodes: nodes.urls }, name === undefined ? {} : { name });
  const others = new Map(live.map((replica): [string, Heartbeat] => [replica, heartbeatOf(replica)]));
  const asks: PeerProbeRequest[] = [];
  it.store.onPeerProbeRequest((ask) => asks.push(ask));
  const sendHeartbeats = () => {
    for (const heartbeat of others.values()) it.store.heartbeat(heartbeat);
    it.timers.after(1_000, sendHeartbeats);
  };
  sendHeartbeats();
  await it.when("the list is the view", (view) => fromSniff(view) && view.topology.nodes.length === size);
  await it.pass(13_000);
  const key = (place: number) => `id${place}@${nodes.at(place).address}`;
  const isDown = (node: StandIn) => it.views.some((view) => markAt(view, node) === "down");
  return { ...it, ...nodes, others, asks, key, isDown };
}

/** From here on, these processes answer what they are asked. */
function answering(store: ViewStore, answers: Readonly<Record<string, boolean>>): void {
  store.onPeerProbeRequest(({ id, node, replicas }) => {
    for (const replica of replicas) {
      const ok = answers[replica];
      if (ok !== undefined) store.sendPeerProbeResult({ id, node, replica, ok });
    }
  });
}

describe("leader among other replicas", () => {
  it("a node is marked down when peer probes fail too, and the requests name only nodes and replicas", async () => {
    const { at, store, asks, key, when, logger } = await leading(3, ["r1", "r2", "r3", "r4"]);
    answering(store, { r1: false, r2: false, r3: false, r4: false });
    await at(2).down();
    store.report({ node: key(2), reason: "connection refused", replica: "r1", probe: "failed" });
    const { tookMs } = await when("it is down", (view) => markAt(view, at(2)) === "down");
    assert.ok(tookMs <= 2_000);
    const [ask] = asks;
    assert.deepEqual([asks.length, ask?.node, ask?.replicas.length], [1, key(2), 3]);
    assert.deepEqual([...(ask?.replicas ?? [])].sort(), ["r2", "r3", "r4"], "neither the reporter nor ourselves");
    assert.match(
      logger.messages("warn").join("\n"),
      /is down: connection refused \(2 failed probes, .*by 4 processes\)/,
    );
  });

  it("a node that only the leader cannot reach stays in use, with one line at the start and one at the end", async () => {
    const { at, store, pass, logger, isDown } = await leading(2, ["r1", "r2"]);
    answering(store, { r1: false, r2: true });
    await at(2).down();
    await pass(120_000);
    assert.equal(isDown(at(2)), false);
    assert.deepEqual(logger.messages("warn"), [
      `node n2 (${at(2).address}) cannot be reached from here, but from replica r2: connection refused`,
    ]);
    await at(2).up();
    await pass(60_000);
    const again = logger.lines.filter((line) => line.includes("can be reached from here again"));
    assert.deepEqual(again, [`info node n2 (${at(2).address}) can be reached from here again`]);
  });

  it("a node stays in use while the other replicas are silent, and reports of the leader's own process do not count", async () => {
    const { at, store, pass, key, isDown, logger } = await leading(2, ["r1"]);
    await at(2).down();
    for (let time = 0; time < 30; time++) {
      store.report({ node: key(2), reason: "connection refused", replica: "r0", probe: "failed" });
      await pass(1_000);
    }
    assert.equal(isDown(at(2)), false);
    assert.match(logger.messages("warn").join("\n"), /cannot be reached from here, and no other process confirms it/);
  });

  it("the leader decides alone if no other process has a pool", async () => {
    const { at, others, when, asks, store, key } = await leading(2, ["standing by"]);
    others.set("standing by", heartbeatOf("standing by", { role: "coordinator" }));
    await at(2).down();
    // Its next heartbeat replaces the one it sent as a pool.
    store.heartbeat(heartbeatOf("standing by", { role: "coordinator" }));
    store.report({ node: key(2), reason: "connection refused", replica: "r0" });
    const { tookMs } = await when("it is down", (view) => markAt(view, at(2)) === "down");
    assert.ok(tookMs <= 2_000);
    assert.deepEqual(asks, []);
  });

  it("the leader does not count as alone before every replica had the time for a heartbeat", async () => {
    const { urls, nodes } = await cluster(1);
    await nodes[0]?.down();
    const { when, views, pass } = coordinating({ nodes: urls }, { name: "logs" });
    await pass(7_000);
    const kinds = Object.values(views.at(-1)?.marks.nodes ?? {}).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["unverified"]);
    await when("it is down", (view) => nodes.every((node) => markAt(view, node) === "down"), 10_000);
  });

  it("failures reported by a replica that has ejected most nodes do not count", async () => {
    const { at, store, pass, when, key, others, asks, isDown } = await leading(3, ["r1"]);
    others.set("r1", heartbeatOf("r1", { ejected: [key(1), key(2), key(3)] }));
    await pass(2_000);
    await at(2).down();
    for (let time = 0; time < 20; time++) {
      store.report({ node: key(2), reason: "connection refused", replica: "r1", probe: "failed" });
      await pass(1_000);
    }
    assert.equal(isDown(at(2)), false);
    assert.deepEqual(asks, []);
    others.set("r1", heartbeatOf("r1", { ejected: [key(2)] }));
    await pass(2_000);
    store.report({ node: key(2), reason: "connection refused", replica: "r1", probe: "failed" });
    await when("it is down", (view) => markAt(view, at(2)) === "down", 5_000);
  });

  it("a peer probe result for another leader is ignored", async () => {
    const { at, store, pass, isDown } = await leading(2, ["r1"]);
    store.onPeerProbeRequest(({ id, node }) =>
      store.sendPeerProbeResult({ id: `9${id}`, node, replica: "r1", ok: false }),
    );
    await at(2).down();
    await pass(60_000);
    assert.equal(isDown(at(2)), false);
  });

  it("a node that is down is probed at once when a replica refutes the mark", async () => {
    const { at, store, others, when, pass, key } = await leading(2, ["r1"]);
    answering(store, { r1: false });
    const { reply } = at(2);
    at(2).reply = (request) => request.socket.destroy();
    await when("it is down", (view) => markAt(view, at(2)) === "down");
    // By now it is probed every 2.5 to 5 s: the last time just now.
    await pass(60_000);
    const asked = () => at(2).asked.length;
    for (const before = asked(); asked() === before; ) await pass(200);
    await pass(1_000);
    at(2).reply = reply;
    const before = asked();
    others.set("r1", heartbeatOf("r1", { refutes: [key(2)] }));
    const { tookMs } = await when("it is back", (view) => markAt(view, at(2)) === "slow-start");
    assert.ok(tookMs <= 4_000 && asked() - before <= 6, `after ${tookMs} ms and ${asked() - before} questions`);
  });
});
