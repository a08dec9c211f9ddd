import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { heartbeatOf } from "./coordinating.test.support.js";
import { HeartbeatSender } from "./heartbeat-sender.js";
import { createMemoryStore } from "./store/memory-store.js";
import type { ViewStore } from "./store/view-store.js";

function rig(random: () => number = () => 0.5) {
  const timers = new ManualTimers();
  const connected = new Set<Parameters<ViewStore["onConnected"]>[0]>();
  const store = {
    ...createMemoryStore(timers),
    onConnected: (listener: Parameters<ViewStore["onConnected"]>[0]) => {
      connected.add(listener);
      return () => connected.delete(listener);
    },
  };
  const sentAtMs: number[] = [];
  store.onHeartbeat(() => sentAtMs.push(timers.nowMs()));
  const sender = new HeartbeatSender({
    store,
    timers,
    random,
    heartbeat: () => heartbeatOf("r1"),
  });
  sender.start();
  const reconnect = () => {
    for (const listener of connected) listener({ leasesStand: false });
  };
  return { timers, store, sentAtMs, sender, reconnect, connected };
}

describe("heartbeat sender", () => {
  it("a heartbeat goes out at the start, and then every 5 s", () => {
    const { timers, sentAtMs } = rig();
    timers.advance(15_500);
    assert.deepEqual(sentAtMs, [100, 5_100, 10_100, 15_100]);
  });

  it("a status request is answered at a random time within 200 ms, so that replicas do not answer together", () => {
    for (const [chance, answeredAtMs] of [
      [0, 3_000],
      [0.25, 3_050],
      [0.999, 3_199.8],
    ] as const) {
      const { timers, store, sentAtMs } = rig(() => chance);
      timers.advance(3_000);
      store.requestStatus();
      timers.advance(300);
      assert.deepEqual(sentAtMs.slice(1), [answeredAtMs]);
    }
  });

  it("status requests are answered once a second at most, and each has an answer after it", () => {
    const { timers, store, sentAtMs } = rig();
    timers.advance(3_000);
    for (let call = 0; call < 40; call++) {
      store.requestStatus();
      timers.advance(50);
    }
    assert.deepEqual(sentAtMs, [100, 3_100, 4_100]);
    timers.advance(1_000);
    assert.deepEqual(sentAtMs, [100, 3_100, 4_100, 5_100]);
  });

  it("the 5 s count from the last heartbeat, whatever caused it", () => {
    const { timers, store, sentAtMs } = rig();
    timers.advance(4_000);
    store.requestStatus();
    timers.advance(5_500);
    assert.deepEqual(sentAtMs, [100, 4_100, 9_100]);
  });

  it("a heartbeat follows a new connection to the store: the last one may not have arrived", () => {
    const { timers, sentAtMs, reconnect } = rig();
    timers.advance(2_000);
    reconnect();
    timers.advance(200);
    assert.deepEqual(sentAtMs, [100, 2_100]);
  });

  it("the close sends one last heartbeat that says so, and after it no status request is answered", () => {
    const { timers, store, sentAtMs, sender, connected } = rig();
    const endings: (true | undefined)[] = [];
    store.onHeartbeat(({ ending }) => endings.push(ending));
    timers.advance(2_000);
    store.requestStatus();
    sender.close();
    sender.close();
    store.requestStatus();
    timers.advance(60_000);
    assert.deepEqual(
      [sentAtMs, endings],
      [
        [100, 2_000],
        [undefined, true],
      ],
    );
    assert.equal(connected.size, 0);
  });
});
