import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { heartbeatOf } from "./coordinating.test.support.js";
import { ReplicaRegistry } from "./replica-registry.js";

describe("replica registry", () => {
  it("a replica counts once, by its newest heartbeat, and is dropped after 12 s without one", () => {
    const timers = new ManualTimers();
    const registry = new ReplicaRegistry(timers);
    const pids = () => registry.heartbeats().map(({ replica, pid }) => `${replica}${pid}`);
    registry.record(heartbeatOf("a"));
    registry.record(heartbeatOf("b"));
    timers.advance(7_000);
    registry.record(heartbeatOf("a", { pid: 2 }));
    assert.deepEqual([registry.count(), pids()], [2, ["b1", "a2"]]);
    timers.advance(4_999);
    assert.equal(registry.count(), 2);
    timers.advance(1);
    assert.deepEqual([registry.count(), pids(), registry.find("b")], [1, ["a2"], undefined]);
    timers.advance(12_000);
    assert.equal(registry.count(), 0);
  });

  it("a replica that says that it ends is dropped at once, and told apart from one that is lost", () => {
    const timers = new ManualTimers();
    const told: string[] = [];
    const tell = (what: string) => (heartbeat: { readonly replica: string }) =>
      told.push(`${heartbeat.replica} ${what}`);
    const registry = new ReplicaRegistry(timers, { joined: tell("joined"), left: tell("left"), lost: tell("lost") });
    for (const replica of ["a", "b"]) registry.record(heartbeatOf(replica));
    registry.record(heartbeatOf("a", { ending: true }));
    registry.record(heartbeatOf("never there", { ending: true }));
    assert.equal(registry.count(), 1);
    timers.advance(12_000);
    assert.equal(registry.count(), 0);
    assert.deepEqual(told, ["a joined", "b joined", "a left", "b lost"]);
  });

  it("a full registry keeps the 4,096 replicas it has, and takes new ones when those fall silent", () => {
    const timers = new ManualTimers();
    const registry = new ReplicaRegistry(timers);
    for (let replica = 0; replica < 5_000; replica++) registry.record(heartbeatOf(`${replica}`));
    assert.deepEqual([registry.count(), registry.find("4999")], [4_096, undefined]);
    timers.advance(6_000);
    registry.record(heartbeatOf("0", { pid: 2 }));
    assert.equal(registry.find("0")?.pid, 2);
    timers.advance(6_000);
    registry.record(heartbeatOf("late"));
    assert.deepEqual(
      registry.heartbeats().map(({ replica }) => replica),
      ["0", "late"],
    );
  });

  it("peers are the other replicas that have a pool; a process that may lead is none with the role external", () => {
    const registry = new ReplicaRegistry(new ManualTimers());
    const peers = () => registry.peersOf("me").map(({ replica, ejected }) => [replica, ...ejected]);
    registry.record(heartbeatOf("me"));
    registry.record(heartbeatOf("a", { role: "external", ejected: ["n1@es1:9200"] }));
    assert.deepEqual([peers(), registry.othersMayLead("me")], [[["a", "n1@es1:9200"]], false]);
    registry.record(heartbeatOf("c", { role: "coordinator" }));
    assert.deepEqual([peers().length, registry.othersMayLead("me")], [1, true]);
  });
});
