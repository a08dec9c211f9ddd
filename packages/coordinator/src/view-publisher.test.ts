import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Drain, NodeRecord, View } from "@rollcall/core/view";
import { collectingLogger, ManualTimers, settled } from "@rollcall/testing";
import { createMemoryStore } from "./store/memory-store.js";
import type { Publication, ViewStore } from "./store/view-store.js";
import { type MonitorFindings, ViewPublisher } from "./view-publisher.js";
import { WarnOnce } from "./warn-once.js";

const nodeAt = (host: string): NodeRecord => ({ id: "", host, port: 9200 });

/** A publisher at a store that can be made to fail, with all that it publishes. */
async function publishing() {
  const timers = new ManualTimers(1_000);
  const store = createMemoryStore({ nowMs: () => timers.nowMs() + 50_000 });
  const publications: Publication[] = [];
  const views: View[] = [];
  const drains: readonly Drain[] = [];
  const open = { failing: false, gate: Promise.resolve(), mayPublish: true, losses: 0 };
  const state = { ...open, findings: findingsWith("es1"), drains };
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
  const publisher = new ViewPublisher({
    store: failable,
    lease,
    findings: () => state.findings,
    operations: () => ({ drains: state.drains, pause: undefined }),
    connections: () => undefined,
    replicas: () => 3,
    timers,
    mayPublish: () => state.mayPublish,
    lost: () => {
      state.losses++;
    },
    warnings: new WarnOnce(logger),
  });
  return { publisher, store, lease, publications, views, state, logger, timers };
}

function findingsWith(...hosts: string[]): MonitorFindings {
  return { clusterUuid: undefined, clusterName: undefined, source: "seeds", nodes: hosts.map(nodeAt), marks: {} };
}

const brought = ({ topology, marks }: Publication) => [topology?.version.sequence, marks?.version.sequence];

describe("view publisher", () => {
  it("the first publication has both documents, later ones what changed, each with its own number", async () => {
    const { publisher, publications } = await publishing();
    publisher.publishAll();
    await settled();
    publisher.marksChanged();
    await settled();
    publisher.marksChanged();
    publisher.topologyChanged();
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

  it("the newest findings are published, and not each", async () => {
    const { publisher, publications, state } = await publishing();
    for (const host of ["es1", "es2", "es3"]) {
      state.findings = findingsWith(host);
      publisher.publishAll();
    }
    await settled();
    assert.deepEqual(
      publications.map(({ topology }) => topology?.nodes),
      [[nodeAt("es3")]],
    );
  });

  it("changes that go on and on are gathered: sixteen publications at once, then ten a second", async () => {
    const { publisher, publications, state, timers } = await publishing();
    const change = async (at: number) => {
      state.findings = findingsWith(`es${at}`);
      publisher.topologyChanged();
      await settled();
    };
    for (let at = 0; at < 50; at++) await change(at);
    assert.ok(publications.length <= 16, `${publications.length} at once`);
    const atOnce = publications.length;
    for (let at = 0; at < 1_000; at++) {
      timers.advance(10);
      await change(at);
    }
    const perSecond = (publications.length - atOnce) / 10;
    assert.ok(perSecond > 9 && perSecond <= 10, `${perSecond} a second`);
    await change(1_000);
    timers.advance(200);
    await settled();
    assert.deepEqual(publications.at(-1)?.topology?.nodes, [nodeAt("es1000")]);
  });

  it("a publisher that stops publishes no change that waits, and does not wait for its turn", async () => {
    const { publisher, publications, state } = await publishing();
    for (let at = 0; at < 50; at++) {
      state.findings = findingsWith(`es${at}`);
      publisher.topologyChanged();
      await settled();
    }
    const before = publications.length;
    await publisher.stop();
    assert.equal(publications.length, before);
  });

  it("a change during a publication is published after it", async () => {
    const { publisher, views, store, state } = await publishing();
    const stop = store.subscribe(() => {
      stop();
      state.findings = findingsWith("es2");
      publisher.topologyChanged();
    });
    publisher.publishAll();
    await settled();
    assert.deepEqual(views.at(-1)?.topology.nodes, [nodeAt("es2")]);
  });

  it("the times of marks are written on the clock of the store", async () => {
    const { publisher, views, state } = await publishing();
    const down = { flaps: 2, holdUntilMs: 5_900, failedProbes: 2, reporters: 1 };
    const mark = { kind: "down", sinceMs: 900, reason: "connection refused" } as const;
    state.findings = { ...state.findings, marks: { "@es1:9200": { ...mark, down } } };
    publisher.publishAll();
    await settled();
    assert.deepEqual(views.at(-1)?.marks.nodes, {
      "@es1:9200": { ...mark, sinceMs: 50_900, down: { ...down, holdUntilMs: 55_900 } },
    });
  });

  it("a renewal beats and publishes nothing", async () => {
    const { publisher, publications, views } = await publishing();
    publisher.publishAll();
    await settled();
    for (let beat = 0; beat < 3; beat++) assert.equal(await publisher.renew(), "kept");
    await settled();
    assert.deepEqual([publications.length, views.map(({ head }) => head.beat)], [1, [0, 1, 2, 3]]);
  });

  it("a lost lease is reported once, and nothing more is published", async () => {
    const { publisher, publications, store, lease, views, state } = await publishing();
    publisher.publishAll();
    await settled();
    await store.release(lease);
    await store.acquire("other", 0);
    publisher.marksChanged();
    await settled();
    assert.deepEqual([state.losses, views.length, publications.length], [1, 1, 2]);
    publisher.marksChanged();
    await settled();
    assert.deepEqual([state.losses, publications.length, await publisher.renew()], [1, 2, "lost"]);
  });

  it("nothing is sent once the lease is over by our own clock", async () => {
    const { publisher, publications, state } = await publishing();
    publisher.publishAll();
    await settled();
    state.mayPublish = false;
    publisher.publishAll();
    await settled();
    assert.deepEqual([publications.length, state.losses], [1, 1]);
  });

  it("what a failing store did not take is published when it is back, with one warning", async () => {
    const { publisher, views, state, logger } = await publishing();
    publisher.publishAll();
    await settled();
    state.failing = true;
    state.findings = findingsWith("es9");
    for (let time = 0; time < 3; time++) {
      publisher.topologyChanged();
      await settled();
      await assert.rejects(publisher.renew());
    }
    assert.deepEqual(logger.messages("warn"), ["the view could not be published: the store is away"]);
    assert.equal(state.losses, 0, "that a store fails takes nothing away");
    state.failing = false;
    assert.equal(await publisher.renew(), "kept");
    await settled();
    const last = views.at(-1);
    assert.deepEqual([last?.topology.nodes, last?.topology.version.epoch], [[nodeAt("es9")], 1]);
    state.failing = true;
    publisher.marksChanged();
    await settled();
    assert.equal(logger.messages("warn").length, 2);
  });

  it("both documents come again if the first publication failed", async () => {
    const { publisher, views, state } = await publishing();
    state.failing = true;
    publisher.publishAll();
    await settled();
    state.failing = false;
    publisher.marksChanged();
    await settled();
    assert.deepEqual(
      views.map(({ topology, marks }) => [topology.version.sequence, marks.version.sequence]),
      [[2, 2]],
    );
  });

  it("what operators have asked for is published with the marks, and is known to be once a store has taken it", async () => {
    const { publisher, views, state } = await publishing();
    const done: (number | undefined)[] = [];
    const note = () => void publisher.marksPublished().then((version) => done.push(version?.sequence));
    publisher.publishAll();
    note();
    await settled();
    note();
    await settled();
    assert.deepEqual([done, views.at(-1)?.marks.drains], [[1, 1], undefined]);
    const drain = { id: "n1", address: "es1:9200", sinceMs: 5, untilMs: 9, by: "ops@host", reason: "" };
    state.failing = true;
    state.drains = [drain];
    publisher.marksChanged();
    note();
    await settled();
    assert.equal(done.length, 2, "the store has not taken it");
    state.failing = false;
    await publisher.renew();
    await settled();
    assert.deepEqual([done.slice(2), views.at(-1)?.marks.drains], [[3], [drain]], "by the clock of the store as it is");
    state.failing = true;
    publisher.marksChanged();
    note();
    await publisher.stop();
    note();
    await settled();
    assert.deepEqual(done.slice(3), [undefined, undefined], "publishing has ended before");
  });

  it("stop waits for the publication in flight, and nothing follows", async () => {
    const { publisher, views, publications, state } = await publishing();
    let go = () => {};
    publisher.publishAll();
    await settled();
    state.gate = new Promise((resolve) => {
      go = resolve;
    });
    publisher.marksChanged();
    await settled();
    const stopped = publisher.stop();
    publisher.topologyChanged();
    const first = await Promise.race([stopped.then(() => "stopped"), settled().then(() => "still pending")]);
    assert.equal(first, "still pending");
    go();
    await stopped;
    await settled();
    assert.deepEqual([views.length, publications.length], [2, 2]);
  });
});
