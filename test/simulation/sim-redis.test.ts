import assert from "node:assert/strict";
import { it } from "node:test";
import type { Lease } from "@rollcall/coordinator";
import { describeViewStore } from "#view-store-contract";
import { Simulation } from "./simulation.js";

/** Two processes before one simulated Redis, whose time passes as long as anybody waits. */
async function openStores() {
  const simulation = new Simulation({
    ...{ seed: 1, nodes: 1, replicas: 0, coordinators: 0, candidates: 0, requestsPerSecond: 0 },
  });
  const stores = [simulation.openStore("one"), simulation.openStore("two")] as const;
  let isOpen = true;
  const passing = (async () => {
    while (isOpen) await simulation.run(20, () => true);
  })();
  const arrive = async () => {
    const untilMs = simulation.world.nowMs() + 500;
    while (simulation.world.nowMs() < untilMs) await new Promise((resolve) => setImmediate(resolve));
  };
  await arrive();
  const close = async () => {
    await Promise.all(stores.map((store) => store.close()));
    isOpen = false;
    await passing;
  };
  return { stores, arrive, close, simulation };
}

describeViewStore("the simulated Redis", openStores);

/** A view's `sequence`th state under a lease: no node, and nothing said of any. */
function publicationOf({ epoch, leader }: Lease, sequence: number) {
  const version = { epoch, leader, sequence };
  return {
    head: { topology: version, marks: version, beat: 0, replicas: 0 },
    topology: { version, source: "seeds", nodes: [] },
    marks: { version, nodes: {} },
  } as const;
}

it("never brings back an older head by a renewal that goes out while a publication is under way", async () => {
  const { stores, close, simulation } = await openStores();
  try {
    const [store] = stores;
    const lease = await store.acquire("a", 0);
    assert.ok(lease !== undefined);
    assert.ok(await store.publish(lease, publicationOf(lease, 1)));
    await Promise.all([store.publish(lease, publicationOf(lease, 2)), store.renew(lease, 1)]);
    assert.equal((await store.read())?.head.marks.sequence, 2);
    assert.deepEqual(simulation.violations, []);
  } finally {
    await close();
  }
});

it("carries what one connection was given in its order, also what had to wait for the way to be open again", async () => {
  const { stores, close, simulation } = await openStores();
  try {
    const [store] = stores;
    const lease = await store.acquire("a", 0);
    assert.ok(lease !== undefined);
    assert.ok(await store.publish(lease, publicationOf(lease, 1)));
    for (let sequence = 2; sequence <= 20; sequence++) {
      simulation.network.set("one-1", "redis", "cut");
      const asked = [store.renew(lease, sequence), store.publish(lease, publicationOf(lease, sequence))];
      simulation.network.set("one-1", "redis", "open");
      await Promise.all(asked);
    }
    assert.deepEqual(simulation.violations, []);
  } finally {
    await close();
  }
});
