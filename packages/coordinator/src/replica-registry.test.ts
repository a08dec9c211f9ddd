import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { ReplicaRegistry } from "./replica-registry.js";

const of = (replica: string, role: "candidate" | "external" | "coordinator" = "candidate", ejected: string[] = []) => ({
  replica,
  role,
  ejected,
});

it("counts each process once, for 15 s after its last word", () => {
  const timers = new ManualTimers();
  const replicas = new ReplicaRegistry(timers);
  assert.equal(replicas.count(), 0);
  replicas.hear(of("a"));
  replicas.hear(of("b"));
  timers.advance(10_000);
  replicas.hear(of("a"));
  assert.equal(replicas.count(), 2);
  timers.advance(5_000);
  assert.equal(replicas.count(), 1);
  timers.advance(10_000);
  assert.equal(replicas.count(), 0);
});

it("keeps 4,096 at most, those that were heard of last", () => {
  const timers = new ManualTimers();
  const replicas = new ReplicaRegistry(timers);
  replicas.hear(of("oldest"));
  timers.advance(1_000);
  for (let place = 0; place < 4_096; place++) replicas.hear(of(`r${place}`));
  assert.equal(replicas.count(), 4_096);
  timers.advance(14_500);
  assert.equal(replicas.count(), 4_096, "the oldest is forgotten, and nobody else");
});

it("names as observers the other live processes that have a pool, with what they avoid", () => {
  const timers = new ManualTimers();
  const replicas = new ReplicaRegistry(timers);
  const observers = () => replicas.observersBut("me").map(({ replica, ejected }) => [replica, ...ejected]);
  replicas.hear(of("me"));
  replicas.hear(of("standing by", "coordinator"));
  assert.deepEqual(observers(), []);
  replicas.hear(of("a", "external", ["n1@es1:9200"]));
  timers.advance(5_000);
  replicas.hear(of("b"));
  assert.deepEqual(observers(), [["a", "n1@es1:9200"], ["b"]]);
  timers.advance(10_000);
  assert.deepEqual(observers(), [["b"]]);
  assert.deepEqual([replicas.observer("a"), replicas.observer("b")?.replica], [undefined, "b"]);
});
