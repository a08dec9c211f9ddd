import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers } from "@rollcall/core/testing";
import { LiveReplicas } from "./live-replicas.js";

it("counts each process once, for 15 s after its last word", () => {
  const timers = new ManualTimers();
  const replicas = new LiveReplicas(timers);
  assert.equal(replicas.count(), 0);
  replicas.hear("a");
  replicas.hear("b");
  timers.advance(10_000);
  replicas.hear("a");
  assert.equal(replicas.count(), 2);
  timers.advance(5_000);
  assert.equal(replicas.count(), 1);
  timers.advance(10_000);
  assert.equal(replicas.count(), 0);
});

it("keeps 4,096 at most, those that were heard of last", () => {
  const timers = new ManualTimers();
  const replicas = new LiveReplicas(timers);
  replicas.hear("oldest");
  timers.advance(1_000);
  for (let place = 0; place < 4_096; place++) replicas.hear(`r${place}`);
  assert.equal(replicas.count(), 4_096);
  timers.advance(14_500);
  assert.equal(replicas.count(), 4_096, "the oldest is forgotten, and nobody else");
});
