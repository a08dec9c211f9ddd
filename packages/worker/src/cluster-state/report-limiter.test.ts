import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { ReportLimiter } from "./report-limiter.js";

const nodes = (count: number) => Array.from({ length: count }, () => ({ reportedAtMs: Number.NEGATIVE_INFINITY }));

it("at most 20 reports leave in a second, over all nodes, and nodes that were left out come next", () => {
  const timers = new ManualTimers();
  const limiter = new ReportLimiter(timers);
  const all = nodes(50);
  const passed = () => all.filter((node) => limiter.tryTake(node)).length;
  assert.deepEqual([passed(), passed()], [20, 0]);
  timers.advance(999);
  assert.equal(passed(), 0);
  timers.advance(1);
  assert.deepEqual([passed(), passed()], [20, 0]);
  assert.ok(all.slice(0, 40).every(({ reportedAtMs }) => reportedAtMs >= 0));
});

it("a node is reported once in 2 s, and what it asks for too early takes no other's place", () => {
  const timers = new ManualTimers();
  const limiter = new ReportLimiter(timers);
  const [node, ...others] = nodes(20);
  assert.ok(node);
  const tries = Array.from({ length: 100 }, () => limiter.tryTake(node));
  assert.equal(tries.filter(Boolean).length, 1);
  assert.ok(others.every((other) => limiter.tryTake(other)));
  timers.advance(1_999);
  assert.equal(limiter.tryTake(node), false);
  timers.advance(1);
  assert.equal(limiter.tryTake(node), true);
});
