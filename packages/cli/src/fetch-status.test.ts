import assert from "node:assert/strict";
import { it } from "node:test";
import { createMemoryStore, ReplicaRegistry, systemTimers } from "@rollcall/coordinator";
import { RollcallError } from "@rollcall/core";
import { fetchStatus } from "./fetch-status.js";
import { esNode, heartbeat, viewOf } from "./status.test.support.js";

const never = new AbortController().signal;
const noReplicas = new ReplicaRegistry(systemTimers);

async function storeWithView() {
  const store = createMemoryStore(systemTimers);
  const lease = await store.acquire("replica-2", 6);
  assert.ok(lease !== undefined);
  const { topology, marks, head } = viewOf([esNode(1)]);
  assert.equal(await store.publish(lease, { topology, marks, head }), true);
  return store;
}

it("a snapshot reads the view before the status request, and collects the heartbeats that answer", async () => {
  const store = await storeWithView();
  const replicas = new ReplicaRegistry(systemTimers);
  const steps: string[] = [];
  store.onHeartbeat((received) => replicas.record(received));
  store.onStatusRequest(() => {
    steps.push("requested");
    setTimeout(() => store.heartbeat(heartbeat(1)), 5);
  });
  const recorded = {
    ...store,
    read: async () => {
      steps.push("read");
      return store.read();
    },
  };
  const { seen, heartbeats } = await fetchStatus(recorded, replicas, 300, never);
  assert.deepEqual(steps, ["read", "requested"]);
  assert.ok(seen.kind === "view");
  assert.equal(seen.view.topology.nodes[0]?.name, "es1");
  assert.ok(seen.nowMs >= seen.view.head.atMs);
  assert.deepEqual(heartbeats, [heartbeat(1)]);
});

it("a store in which nothing was published has no view", async () => {
  const { seen } = await fetchStatus(createMemoryStore(systemTimers), noReplicas, 1, never);
  assert.deepEqual(seen, { kind: "none" });
});

it("a connection has time to be made; then Redis counts as away and no status is requested", async () => {
  const store = await storeWithView();
  let reads = 0;
  const late = {
    ...store,
    read: async () => {
      if (++reads < 4) throw new RollcallError("REDIS", "not connected yet");
      return store.read();
    },
  };
  assert.equal((await fetchStatus(late, noReplicas, 1, never)).seen.kind, "view");

  let requests = 0;
  const away = {
    ...store,
    read: async () => Promise.reject(new RollcallError("REDIS", "connection refused")),
    requestStatus: () => requests++,
  };
  const { seen } = await fetchStatus(away, noReplicas, 1, never);
  assert.deepEqual([seen, requests], [{ kind: "away", problem: "connection refused" }, 0]);
});

it("a snapshot ends at once when it is stopped", async () => {
  const store = await storeWithView();
  const stop = new AbortController();
  store.onStatusRequest(() => stop.abort());
  const { seen } = await fetchStatus(store, noReplicas, 60_000, stop.signal);
  assert.equal(seen.kind, "view");
});

it("a defect is not mistaken for a Redis that is away", async () => {
  const store = { ...createMemoryStore(systemTimers), read: () => Promise.reject(new TypeError("a defect")) };
  await assert.rejects(fetchStatus(store, noReplicas, 1, never), TypeError);
});
