import assert from "node:assert/strict";
import { it } from "node:test";
import type { Lease, ViewStore } from "@rollcall/coordinator";
import { describeViewStore, publication } from "#view-store-contract";
import { Simulation } from "./simulation.js";

/** Two processes before one simulated Redis, whose time passes as long as a test waits. */
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

/** One process that leads and has published once; what it does may violate nothing. */
async function whileLeading(
  work: (scene: { store: ViewStore; lease: Lease; simulation: Simulation }) => Promise<void>,
): Promise<void> {
  const { stores, close, simulation } = await openStores();
  try {
    const [store] = stores;
    const lease = await store.acquire("a", 0);
    assert.ok(lease !== undefined);
    assert.ok(await store.publish(lease, publication(lease, 1)));
    await work({ store, lease, simulation });
    assert.deepEqual(simulation.violations, []);
  } finally {
    await close();
  }
}

it("never brings back an older head by a renewal that goes out while a publication is pending", () =>
  whileLeading(async ({ store, lease }) => {
    await Promise.all([store.publish(lease, publication(lease, 2)), store.renew(lease, 1)]);
    assert.equal((await store.read())?.head.marks.sequence, 2);
  }));

it("carries what one connection was given in its order, also what had to wait for the way to be open again", () =>
  whileLeading(async ({ store, lease, simulation }) => {
    for (let sequence = 2; sequence <= 20; sequence++) {
      simulation.network.set("one-1", "redis", "cut");
      const asked = [store.renew(lease, sequence), store.publish(lease, publication(lease, sequence))];
      simulation.network.set("one-1", "redis", "open");
      await Promise.all(asked);
    }
  }));
