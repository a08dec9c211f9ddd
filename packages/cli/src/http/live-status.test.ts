import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@rollcall/coordinator";
import { RollcallError } from "@rollcall/core";
import type { Heartbeat, View } from "@rollcall/core/view";
import { ManualTimers, settled } from "@rollcall/testing";
import { esNode, heartbeat, keyOf, nowMs, version, viewOf } from "../status.test.support.js";
import { LiveStatus } from "./live-status.js";
import type { PageState } from "./page-state.js";

const load = (node: number, requests: number): NonNullable<Heartbeat["load"]> => ({
  overMs: 10_000,
  requests,
  failed: 0,
  queued: 0,
  nodes: [{ node: keyOf(node), requests, errors: 0, latency: [requests], inFlight: 1, sockets: 2 }],
});

function start({ view, away = false }: { readonly view?: View; readonly away?: boolean } = {}) {
  const timers = new ManualTimers(nowMs);
  const store = createMemoryStore(timers, view);
  const redis = { isAway: away };
  const coordinator = { isLeading: false, problem: undefined as string | undefined };
  let asked = 0;
  store.onStatusRequest(() => asked++);
  const live = new LiveStatus({
    store: {
      ...store,
      read: async () => {
        if (redis.isAway) throw new RollcallError("REDIS", "Redis: no answer");
        return store.read();
      },
    },
    timers,
    name: "logs",
    redis: "redis://r",
    coordinator,
  });
  const states: PageState[] = [];
  const listen = () => live.onChange((state) => states.push(state));
  return { live, store, timers, redis, coordinator, states, listen, asked: () => asked };
}

describe("live status", () => {
  it("it is ready once it has read a view of a verified cluster, says why not before, and stays ready", async () => {
    const { live, store, timers, redis } = start({ away: true });
    await settled();
    assert.deepEqual(live.readiness(), { ready: false, reason: "Redis has not answered yet" });
    assert.equal(live.report().state, "away");
    redis.isAway = false;
    timers.advance(1_000);
    await settled();
    assert.deepEqual(live.readiness(), { ready: false, reason: "no view has been read yet" });
    assert.equal(live.report().state, "none");

    const lease = await store.acquire("a", 0);
    assert.ok(lease !== undefined);
    const at = (sequence: number) => ({ epoch: lease.epoch, leader: "a", sequence });
    const publish = (sequence: number, clusterUuid?: string) =>
      store.publish(lease, {
        head: { topology: at(sequence), marks: at(1), beat: 1, replicas: 1 },
        topology: {
          version: at(sequence),
          source: "seeds",
          nodes: [esNode(1)],
          ...(clusterUuid === undefined ? {} : { clusterUuid }),
        },
        ...(sequence === 1 ? { marks: { version: at(1), nodes: {} } } : {}),
      });
    await publish(1);
    assert.deepEqual(live.readiness(), { ready: false, reason: "no node of the cluster has answered yet" });
    await publish(2, "u");
    assert.deepEqual(live.readiness(), { ready: true });
    await publish(3);
    assert.deepEqual(live.readiness(), { ready: true }, "the cluster is away");
    redis.isAway = true;
    timers.advance(60_000);
    assert.deepEqual([live.readiness(), live.report().state], [{ ready: true }, "orphan"]);
    live.close();
  });

  it("a change reaches the page within a fraction of a second, and changes at once make one state", async () => {
    const { store, timers, states, listen, live } = start({ view: viewOf([esNode(1), esNode(2)]) });
    await settled();
    store.heartbeat(heartbeat(1, { load: load(1, 40) }));
    timers.advance(1_000);
    assert.equal(states.length, 0, "no page is open");
    const stop = listen();
    timers.advance(100);
    assert.deepEqual(
      states.at(-1)?.status.nodes.map(({ name, traffic }) => [name, traffic?.perSecond]),
      [
        ["es1", 4],
        ["es2", undefined],
      ],
    );
    const before = states.length;
    timers.advance(300);
    for (const replica of [2, 3, 4]) store.heartbeat(heartbeat(replica, { ejected: [keyOf(2)] }));
    assert.equal(states.length, before);
    timers.advance(150);
    assert.equal(states.length, before + 1);
    assert.deepEqual(
      states.at(-1)?.status.nodes.map(({ name, ejectedBy }) => [name, ejectedBy]),
      [
        ["es2", 3],
        ["es1", 0],
      ],
    );
    stop();
    timers.advance(10_000);
    assert.equal(states.length, before + 1, "nothing is made for no page");
    live.close();
  });

  it("while a page is open replicas are asked every second, unless there are many; otherwise never", async () => {
    const { store, timers, listen, asked, live } = start({ view: viewOf([esNode(1)]) });
    await settled();
    const atStart = asked();
    timers.advance(10_000);
    assert.equal(asked(), atStart);
    const stop = listen();
    timers.advance(5_500);
    assert.equal(asked() - atStart, 6);
    for (let second = 0; second < 20; second++) {
      for (const one of [0, 1]) store.heartbeat(heartbeat(2 * second + one));
      timers.advance(500);
    }
    const before = asked();
    timers.advance(2_000);
    assert.equal(asked(), before, "40 replicas");
    stop();
    live.close();
  });

  it("the traffic of a node is sampled every 5 s, and ends with the node", async () => {
    const { store, timers, live } = start({ view: viewOf([esNode(1), esNode(2)]) });
    await settled();
    store.heartbeat(heartbeat(1, { load: load(1, 40) }));
    timers.advance(5_000);
    store.heartbeat(heartbeat(1, { load: load(1, 1_234.5) }));
    timers.advance(5_000);
    const { sample, everyMs, nodes } = live.traffic();
    assert.deepEqual([sample, everyMs, nodes[keyOf(1)]?.perSecond], [2, 5_000, [4, 123]]);
    assert.deepEqual(nodes[keyOf(2)], { perSecond: [0, 0], p99Ms: [null, null] });
    const lease = await store.acquire("a", 0);
    assert.ok(lease !== undefined);
    const next = { ...version(1, lease.epoch), leader: "a" };
    await store.publish(lease, {
      head: { topology: next, marks: next, beat: 1, replicas: 1 },
      topology: { version: next, source: "sniff", nodes: [esNode(1)] },
      marks: { version: next, nodes: {} },
    });
    for (let sample = 0; sample < 70; sample++) {
      store.heartbeat(heartbeat(1, { load: load(1, 40) }));
      timers.advance(5_000);
    }
    assert.deepEqual(Object.keys(live.traffic().nodes), [keyOf(1)]);
    assert.equal(live.traffic().nodes[keyOf(1)]?.perSecond.length, 60);
    live.close();
  });

  it("the page gets 500 nodes and 250 replicas at most, and the number of those that it does not get", async () => {
    const nodes = Array.from({ length: 600 }, (_, index) => ({ ...esNode(1), id: `id${index}`, port: 1_000 + index }));
    const { store, live, timers } = start({ view: viewOf(nodes) });
    await settled();
    for (let replica = 0; replica < 300; replica++) {
      store.heartbeat(heartbeat(replica));
      timers.advance(250 / 1_000);
      if (replica % 5 === 4) timers.advance(1_000 / 30);
    }
    const { status, hidden } = live.state();
    assert.deepEqual([status.nodes.length, hidden.nodes], [500, 100]);
    assert.equal(live.report().nodes.length, 600);
    assert.equal(status.replicas.length + hidden.replicas, live.report().replicas.length);
    live.close();
  });

  it("what stands in the coordinator's way is a warning", () => {
    const { live, coordinator } = start();
    coordinator.problem = "Redis does not answer";
    assert.deepEqual(live.report().warnings, ["Redis does not answer"]);
    live.close();
  });
});
