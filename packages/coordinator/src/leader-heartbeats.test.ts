import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { heartbeatOf } from "./coordinating.test.support.js";
import { LeaderHeartbeats } from "./leader-heartbeats.js";
import { createMemoryStore } from "./store/memory-store.js";

function receiving({ isShared = true, isConnected = true } = {}) {
  const timers = new ManualTimers();
  const store = createMemoryStore(timers);
  const replicas: string[] = [];
  const state = { isConnected, areMissed: false, requests: 0, listeners: 0 };
  const heartbeats = new LeaderHeartbeats({
    ...{ timers, isShared, receive: ({ replica }) => replicas.push(replica) },
    store: {
      onHeartbeat: (listener) => {
        state.listeners++;
        const remove = store.onHeartbeat(listener);
        return () => {
          state.listeners--;
          remove();
        };
      },
      missesHeartbeats: () => state.areMissed,
      requestStatus: () => state.requests++,
      get isConnected() {
        return state.isConnected;
      },
    },
  });
  return { timers, store, replicas, state, heartbeats };
}

it("heartbeats are received from the first term on until another process leads, and are asked for once", () => {
  const { timers, store, replicas, state, heartbeats } = receiving();
  store.heartbeat(heartbeatOf("before"));
  assert.equal(state.listeners, 0, "a process that follows subscribes to nothing");
  heartbeats.begin();
  timers.advance(250);
  // The next of two terms of its own.
  heartbeats.begin();
  store.heartbeat(heartbeatOf("while"));
  timers.advance(60_000);
  heartbeats.end();
  store.heartbeat(heartbeatOf("after"));
  assert.deepEqual([replicas, state.requests, state.listeners], [["while"], 1, 0]);
});

it("silence means nothing until all replicas had the time to answer, or to send their regular heartbeat", () => {
  const { timers, heartbeats, state } = receiving();
  const completeAfterMs = () => {
    const sinceMs = timers.nowMs();
    while (!heartbeats.areComplete) timers.advance(50);
    return timers.nowMs() - sinceMs;
  };
  assert.equal(heartbeats.areComplete, false);
  heartbeats.begin();
  assert.equal(completeAfterMs(), 2_750);
  heartbeats.restart();
  assert.equal(completeAfterMs(), 2_750, "some may have been lost");
  state.isConnected = false;
  heartbeats.restart();
  assert.equal(completeAfterMs(), 7_500, "the request may not have been sent");
  state.areMissed = true;
  assert.equal(heartbeats.areComplete, false, "a flood hides them");
});

it("a view of one process waits for no heartbeat and asks for none", () => {
  const { timers, heartbeats, state } = receiving({ isShared: false });
  heartbeats.begin();
  timers.advance(10_000);
  assert.deepEqual([heartbeats.areComplete, state.requests], [true, 0]);
});

it("a time in which no heartbeat comes, not even its own, is a gap: what is missed then says nothing of replicas", () => {
  const { timers, store, heartbeats, state } = receiving();
  heartbeats.begin();
  for (let beats = 0; beats < 4; beats++) {
    timers.advance(5_000);
    store.heartbeat(heartbeatOf("own"));
  }
  assert.equal(heartbeats.receivedForMs, 20_000);
  timers.advance(13_000);
  assert.equal(heartbeats.receivedForMs, 0);
  assert.equal(state.requests, 1);
  store.heartbeat(heartbeatOf("another"));
  timers.advance(5_000);
  assert.deepEqual([heartbeats.receivedForMs, state.requests], [5_000, 2]);
});
