import assert from "node:assert/strict";
import { it } from "node:test";
import type { View } from "@rollcall/core/view";
import { ManualTimers } from "@rollcall/testing";
import { createMemoryStore } from "./memory-store.js";
import { describeViewStore } from "./view-store.contract.test.support.js";

describeViewStore("the memory store", async () => {
  const timers = new ManualTimers();
  const store = createMemoryStore(timers);
  return {
    stores: [store, store],
    arrive: async () => timers.advance(1),
    close: async () => {},
  };
});

it("a memory store that begins with a view shows it, and grants only what comes after it", async () => {
  const version = { epoch: 1_700, leader: "gone", sequence: 3 };
  const view: View = {
    topology: { version, source: "seeds", nodes: [] },
    marks: { version, nodes: {} },
    head: { topology: version, marks: version, beat: 9, atMs: 5, replicas: 1 },
  };
  const store = createMemoryStore(new ManualTimers(), view);
  assert.deepEqual(await store.read(), view);
  const lease = await store.acquire("a", 0);
  assert.ok(lease !== undefined && lease.epoch > 1_700);
  assert.equal(await store.renew(lease, 1), "kept");
  assert.deepEqual(await store.read(), view, "a lease that has published nothing refreshes nothing");
  const head = { ...view.head, topology: { ...version, ...lease }, marks: { ...version, ...lease } };
  await assert.rejects(store.publish(lease, { head, topology: { ...view.topology, version: head.topology } }));
});
