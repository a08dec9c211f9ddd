import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualTimers } from "@rollcall/core/testing";
import type { NodeRecord, View } from "@rollcall/core/view";
import { Announcer, type Findings } from "./announcer.js";
import { createMemoryStore } from "./store/memory-store.js";
import type { Publication, ViewStore } from "./store/view-store.js";
import { Lines, settled } from "./testing.test.support.js";

const nodeAt = (host: string): NodeRecord => ({ id: "", host, port: 9200 });

/** An announcer at a store that can be made to fail, with all that it publishes. */
function announcing() {
  const timers = new ManualTimers(1_000);
  const store = createMemoryStore({ nowMs: () => timers.nowMs() + 50_000 });
  const publications: Publication[] = [];
  const views: View[] = [];
  const state = { failing: false, gate: Promise.resolve(), findings: findingsWith("es1") };
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
  const logger = new Lines();
  const announcer = new Announcer(
    failable,
    "me",
    () => state.findings,
    () => timers.nowMs(),
    logger,
  );
  return { announcer, store, publications, views, state, logger };
}

function findingsWith(...hosts: string[]): Findings {
  return { clusterUuid: undefined, clusterName: undefined, source: "seeds", nodes: hosts.map(nodeAt), marks: {} };
}

const brought = ({ topology, marks }: Publication) => [topology?.version.sequence, marks?.version.sequence];

describe("an announcer", () => {
  it("publishes both documents first, and then what has changed, each with its own number", async () => {
    const { announcer, publications } = announcing();
    announcer.topologyChanged();
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
    }
    assert.deepEqual(
      publications.map(({ head }) => head.topology.sequence),
      [1, 1, 2],
    );
  });

  it("publishes the newest findings and not each", async () => {
    const { announcer, publications, state } = announcing();
    for (const host of ["es1", "es2", "es3"]) {
      state.findings = findingsWith(host);
      announcer.topologyChanged();
    }
    await settled();
    assert.deepEqual(
      publications.map(({ topology }) => topology?.nodes),
      [[nodeAt("es3")]],
    );
  });

  it("publishes what changes while it publishes", async () => {
    const { announcer, views, store, state } = announcing();
    const stop = store.subscribe(() => {
      stop();
      state.findings = findingsWith("es2");
      announcer.topologyChanged();
    });
    announcer.topologyChanged();
    await settled();
    assert.deepEqual(views.at(-1)?.topology.nodes, [nodeAt("es2")]);
  });

  it("writes the times of marks on the clock of the store", async () => {
    const { announcer, views, state } = announcing();
    const mark = { kind: "down", sinceMs: 900, reason: "connection refused" } as const;
    state.findings = { ...state.findings, marks: { "@es1:9200": mark } };
    announcer.marksChanged();
    await settled();
    assert.deepEqual(views.at(-1)?.marks.nodes, { "@es1:9200": { ...mark, sinceMs: 50_900 } });
  });

  it("beats without publishing anew", async () => {
    const { announcer, publications, views } = announcing();
    announcer.topologyChanged();
    for (let beat = 0; beat < 3; beat++) {
      await settled();
      announcer.beat();
    }
    await settled();
    assert.deepEqual([publications.length, views.map(({ head }) => head.beat)], [1, [0, 1, 2, 3]]);
  });

  it("begins a new epoch with both documents when its lease was lost", async () => {
    const { announcer, publications, store, views } = announcing();
    announcer.topologyChanged();
    await settled();
    await store.release({ epoch: 1, leader: "me" });
    const other = await store.acquire("other", 0);
    announcer.marksChanged();
    announcer.beat();
    await settled();
    assert.equal(views.length, 1, "another leads");
    assert.ok(other !== undefined);
    await store.release(other);
    announcer.beat();
    await settled();
    assert.deepEqual(publications.at(-1)?.head.topology.epoch, 3);
    assert.ok(publications.at(-1)?.topology !== undefined && publications.at(-1)?.marks !== undefined);
    assert.equal(views.length, 2);
  });

  it("survives a store that fails, says so once, and publishes everything when it is back", async () => {
    const { announcer, views, state, logger } = announcing();
    announcer.topologyChanged();
    await settled();
    state.failing = true;
    state.findings = findingsWith("es9");
    announcer.topologyChanged();
    for (let beat = 0; beat < 3; beat++) {
      await settled();
      announcer.beat();
    }
    await settled();
    assert.deepEqual(logger.warnings, ["the view could not be published: the store is away"]);
    state.failing = false;
    announcer.beat();
    await settled();
    const last = views.at(-1);
    assert.deepEqual([last?.topology.nodes, last?.topology.version.epoch], [[nodeAt("es9")], 5]);
    state.failing = true;
    announcer.beat();
    await settled();
    assert.equal(logger.warnings.length, 2);
  });

  it("gives the lease back when it is closed, after what is under way, and publishes no more", async () => {
    const { announcer, store, views, state } = announcing();
    let go = () => {};
    state.gate = new Promise((resolve) => {
      go = resolve;
    });
    announcer.topologyChanged();
    await settled();
    announcer.marksChanged();
    const closing = announcer.close();
    await settled();
    assert.equal(await store.acquire("other", 0), undefined);
    go();
    await closing;
    announcer.topologyChanged();
    announcer.beat();
    await settled();
    assert.equal(views.length, 1);
    assert.ok((await store.acquire("other", 0)) !== undefined);
  });
});
