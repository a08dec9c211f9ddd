import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectingLogger, ManualTimers, settled } from "@rollcall/testing";
import { createMemoryStore } from "./memory-store.js";
import { storeLater } from "./store-later.js";
import type { ViewStore } from "./view-store.js";

/** A store whose client is loaded when the test says so. */
function later() {
  const inner = createMemoryStore(new ManualTimers());
  let opened = 0;
  const { promise, resolve, reject } = withResolvers<() => ViewStore>();
  const logger = collectingLogger();
  const store = storeLater(
    () => promise,
    () => 42,
    logger,
  );
  const open = () => {
    opened++;
    return inner;
  };
  return { store, inner, logger, load: () => resolve(open), fail: reject, opened: () => opened };
}

function withResolvers<Value>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<Value>((accept, refuse) => {
    resolve = accept;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

describe("a store whose client is still to be loaded", () => {
  it("rejects with REDIS, loses messages and shows the wall clock until it is loaded", async () => {
    const { store, load } = later();
    await assert.rejects(store.acquire("one", 0), { code: "REDIS" });
    await assert.rejects(store.read(), { code: "REDIS" });
    store.requestStatus();
    assert.deepEqual([store.isConnected, store.nowMs()], [false, 42]);
    load();
    await store.close();
  });

  it("keeps the listeners that were added before, and forgets those that were removed", async () => {
    const { store, inner, load } = later();
    const calls: string[] = [];
    store.onStatusRequest(() => calls.push("kept"));
    const remove = store.onStatusRequest(() => calls.push("removed at once"));
    const removeLater = store.onStatusRequest(() => calls.push("removed later"));
    remove();
    load();
    await settled();
    store.onStatusRequest(() => calls.push("added later"));
    inner.requestStatus();
    removeLater();
    store.requestStatus();
    assert.deepEqual(calls, ["kept", "removed later", "added later", "kept", "added later"]);
    assert.equal((await store.acquire("one", 0))?.leader, "one");
    await store.close();
  });

  it("opens nothing once it is closed", async () => {
    const { store, load, opened } = later();
    const closed = store.close();
    load();
    await closed;
    assert.equal(opened(), 0);
  });

  it("says in one log line that its client cannot be loaded, and stays unconnected", async () => {
    const { store, fail, logger } = later();
    fail(new Error("Cannot find package 'ioredis'"));
    await store.close();
    assert.deepEqual(logger.lines, ["error the client of Redis cannot be loaded: Cannot find package 'ioredis'"]);
    assert.equal(store.isConnected, false);
  });
});
