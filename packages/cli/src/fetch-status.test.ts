import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore, systemTimers } from "@rollcall/coordinator";
import { RollcallError } from "@rollcall/core";
import { fetchStatus } from "./fetch-status.js";
import { Roll } from "./roll.js";
import { digest, esNode, viewOf } from "./status.test.support.js";

const never = new AbortController().signal;

async function storeWithView() {
  const store = createMemoryStore(systemTimers);
  const lease = await store.acquire("replica-2", 6);
  assert.ok(lease !== undefined);
  const { topology, marks, head } = viewOf([esNode(1)]);
  assert.equal(await store.publish(lease, { topology, marks, head }), true);
  return store;
}

describe("a look", () => {
  it("reads the view before it calls the roll, and hears who answers", async () => {
    const store = await storeWithView();
    const roll = new Roll(systemTimers);
    const steps: string[] = [];
    store.onHeartbeat((told) => roll.hear(told));
    store.onStatusRequest(() => {
      steps.push("called");
      setTimeout(() => store.heartbeat(digest(1)), 5);
    });
    const watched = {
      ...store,
      read: async () => {
        steps.push("read");
        return store.read();
      },
    };
    const { seen, digests } = await fetchStatus(watched, roll, 300, never);
    assert.deepEqual(steps, ["read", "called"]);
    assert.ok(seen.kind === "view");
    assert.equal(seen.view.topology.nodes[0]?.name, "es1");
    assert.ok(seen.nowMs >= seen.view.head.atMs);
    assert.deepEqual(digests, [digest(1)]);
  });

  it("finds no view where none was published", async () => {
    const { seen } = await fetchStatus(createMemoryStore(systemTimers), new Roll(systemTimers), 1, never);
    assert.deepEqual(seen, { kind: "none" });
  });

  it("has patience with a connection that is being made, but calls Redis away in the end, and no roll", async () => {
    const store = await storeWithView();
    let reads = 0;
    const late = {
      ...store,
      read: async () => {
        if (++reads < 4) throw new RollcallError("REDIS", "not connected yet");
        return store.read();
      },
    };
    assert.equal((await fetchStatus(late, new Roll(systemTimers), 1, never)).seen.kind, "view");

    let calls = 0;
    const away = {
      ...store,
      read: async () => Promise.reject(new RollcallError("REDIS", "connection refused")),
      callRoll: () => calls++,
    };
    const { seen } = await fetchStatus(away, new Roll(systemTimers), 1, never);
    assert.deepEqual([seen, calls], [{ kind: "away", problem: "connection refused" }, 0]);
  });

  it("ends at once when it is told to", async () => {
    const store = await storeWithView();
    const stop = new AbortController();
    store.onStatusRequest(() => stop.abort());
    const { seen } = await fetchStatus(store, new Roll(systemTimers), 60_000, stop.signal);
    assert.equal(seen.kind, "view");
  });

  it("does not take a defect for a Redis that is away", async () => {
    const store = { ...createMemoryStore(systemTimers), read: () => Promise.reject(new TypeError("a defect")) };
    await assert.rejects(fetchStatus(store, new Roll(systemTimers), 1, never), TypeError);
  });
});
