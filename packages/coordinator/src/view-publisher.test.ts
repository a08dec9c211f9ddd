import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NodeRecord, View } from "@rollcall/core/view";
import { collectingLogger, ManualTimers, settled } from "@rollcall/testing";
import { createMemoryStore } from "./store/memory-store.js";
import type { Publication, ViewStore } from "./store/view-store.js";
import { type Findings, ViewPublisher } from "./view-publisher.js";
import { WarnOnce } from "./warn-once.js";

const nodeAt = (host: string): NodeRecord => ({ id: "", host, port: 9200 });

/** An announcer at a store that can be made to fail, with all that it publishes. */
async function announcing() {
  const timers = new ManualTimers(1_000);
  const store = createMemoryStore({ nowMs: () => timers.nowMs() + 50_000 });
  const publications: Publication[] = [];
  const views: View[] = [];
  const state = { failing: false, gate: Promise.resolve(), findings: findingsWith("es1"), mayPublish: true, losses: 0 };
  const failable: ViewStore = {
    ...store,
    async publish(lease, publication) {
      if (state.failing) throw new Error("the store is away");
      publications.push(publication);
      await state.gate;
      return store.publish(lease, publication);
    },
    async renew(lease, beat) {
      if (state.failing) throw new Error("the store is away");
      return store.renew(lease, beat);
    },
  };
  store.subscribe((view) => views.push(view));
  const lease = await store.acquire("me", 0);
  assert.ok(lease !== undefined);
  const logger = collectingLogger();
  const announcer = new ViewPublisher({
    store: failable,
    lease,
    findings: () => state.findings,
    replicas: () => 3,
    clock: timers,
    mayPublish: () => state.mayPublish,
    lost: () => {
      state.losses++;
    },
    notices: new WarnOnce(logger),
  });
  return { announcer, store, lease, publications, views, state, logger };
}

function findingsWith(...hosts: string[]): Findings {
  return { clusterUuid: undefined, clusterName: undefined, source: "seeds", nodes: hosts.map(nodeAt), marks: {} };
}

const brought = ({ topology, marks }: Publication) => [topology?.version.sequence, marks?.version.sequence];

describe("an announcer", () => {
  it("publishes both documents first, and then what has changed, each with its own number", async () => {
    const { announcer, publications } = await announcing();
    announcer.publishAll();
    await settled();
    announcer.marksChanged();
    await settled();
    announcer.marksChanged();
    announcer.topologyChanged();
    await settled();
    assert.deepEqual(publications.map(brought), [
      [1, 1],
      [undefined, 2],
      [2, 3],
    ]);
    for (const { head, topology, marks } of publications) {
      assert.deepEqual([head.topology.epoch, head.topology.leader, head.marks.leader], [1, "me", "me"]);
      assert.deepEqual(topology?.version ?? head.topology, head.topology);
      assert.deepEqual(marks?.version ?? head.marks, head.marks);
      assert.equal(head.replicas, 3);
    }
    assert.deepEqual(
      publications.map(({ head }) => head.topology.sequence),
      [1, 1, 2],
    );
  });

  it("publishes the newest findings and not each", async () => {
    const { announcer, publications, state } = await announcing();
    for (const host of ["es1", "es2", "es3"]) {
      state.findings = findingsWith(host);
      announcer.publishAll();
    }
    await settled();
    assert.deepEqual(
      publications.map(({ topology }) => topology?.nodes),
      [[nodeAt("es3")]],
    );
  });

  it("publishes what changes while it publishes", async () => {
    const { announcer, views, store, state } = await announcing();
    const stop = store.subscribe(() => {
      stop();
      state.findings = findingsWith("es2");
      announcer.topologyChanged();
    });
    announcer.publishAll();
    await settled();
    assert.deepEqual(views.at(-1)?.topology.nodes, [nodeAt("es2")]);
  });

  it("writes the times of marks on the clock of the store", async () => {
    const { announcer, views, state } = await announcing();
    const down = { flaps: 2, holdUntilMs: 5_900, failedProbes: 2, reporters: 1 };
    const mark = { kind: "down", sinceMs: 900, reason: "connection refused" } as const;
    state.findings = { ...state.findings, marks: { "@es1:9200": { ...mark, down } } };
    announcer.publishAll();
    await settled();
    assert.deepEqual(views.at(-1)?.marks.nodes, {
      "@es1:9200": { ...mark, sinceMs: 50_900, down: { ...down, holdUntilMs: 55_900 } },
    });
  });

  it("beats without publishing anew", async () => {
    const { announcer, publications, views } = await announcing();
    announcer.publishAll();
    await settled();
    for (let beat = 0; beat < 3; beat++) assert.equal(await announcer.renew(), "kept");
    await settled();
    assert.deepEqual([publications.length, views.map(({ head }) => head.beat)], [1, [0, 1, 2, 3]]);
  });

  it("publishes both documents again when it is told to", async () => {
    const { announcer, publications } = await announcing();
    announcer.publishAll();
    await settled();
    announcer.publishAll();
    await settled();
    assert.deepEqual(publications.map(brought), [
      [1, 1],
      [2, 2],
    ]);
  });

  it("tells once that its lease is lost, and publishes nothing more", async () => {
    const { announcer, publications, store, lease, views, state } = await announcing();
    announcer.publishAll();
    await settled();
    await store.release(lease);
    await store.acquire("other", 0);
    announcer.marksChanged();
    await settled();
    assert.deepEqual([state.losses, views.length, publications.length], [1, 1, 2]);
    announcer.marksChanged();
    await settled();
    assert.deepEqual([state.losses, publications.length, await announcer.renew()], [1, 2, "lost"]);
  });

  it("sends nothing once our own clock says that the lease is over", async () => {
    const { announcer, publications, state } = await announcing();
    announcer.publishAll();
    await settled();
    state.mayPublish = false;
    announcer.publishAll();
    await settled();
    assert.deepEqual([publications.length, state.losses], [1, 1]);
  });

  it("survives a store that fails, says so once, and publishes what it did not take when it is back", async () => {
    const { announcer, views, state, logger } = await announcing();
    announcer.publishAll();
    await settled();
    state.failing = true;
    state.findings = findingsWith("es9");
    for (let time = 0; time < 3; time++) {
      announcer.topologyChanged();
      await settled();
      await assert.rejects(announcer.renew());
    }
    assert.deepEqual(logger.messages("warn"), ["the view could not be published: the store is away"]);
    assert.equal(state.losses, 0, "that a store fails takes nothing away");
    state.failing = false;
    assert.equal(await announcer.renew(), "kept");
    await settled();
    const last = views.at(-1);
    assert.deepEqual([last?.topology.nodes, last?.topology.version.epoch], [[nodeAt("es9")], 1]);
    state.failing = true;
    announcer.marksChanged();
    await settled();
    assert.equal(logger.messages("warn").length, 2);
  });

  it("brings both documents again where its first publication failed", async () => {
    const { announcer, views, state } = await announcing();
    state.failing = true;
    announcer.publishAll();
    await settled();
    state.failing = false;
    announcer.marksChanged();
    await settled();
    assert.deepEqual(
      views.map(({ topology, marks }) => [topology.version.sequence, marks.version.sequence]),
      [[2, 2]],
    );
  });

  it("stops after what is under way, and publishes no more", async () => {
    const { announcer, views, publications, state } = await announcing();
    let go = () => {};
    announcer.publishAll();
    await settled();
    state.gate = new Promise((resolve) => {
      go = resolve;
    });
    announcer.marksChanged();
    await settled();
    const stopped = announcer.stop();
    announcer.topologyChanged();
    const first = await Promise.race([stopped.then(() => "stopped"), settled().then(() => "still under way")]);
    assert.equal(first, "still under way");
    go();
    await stopped;
    await settled();
    assert.deepEqual([views.length, publications.length], [2, 2]);
  });
});
