import assert from "node:assert/strict";
import { it } from "node:test";
import type { Drain, Head, Mark, MarkKind, NodeRecord, View } from "@rollcall/core/view";
import { esNode, keyOf, nowMs, snapshotOf, viewOf } from "./status.test.support.js";
import { reportStatus } from "./status-report.js";
import { healthOf } from "./status-verdict.js";

/** What is wrong with a view of three nodes of which some are marked, and how that is judged. */
function judged(
  kinds: readonly (MarkKind | undefined)[],
  head: Partial<Head> = {},
  listed: readonly NodeRecord[] = three,
) {
  const marks = kinds.map((kind, at) => [keyOf(at + 1), kind && { kind, sinceMs: nowMs, reason: "seen" }] as const);
  const given = marks.filter((entry): entry is readonly [string, Mark] => entry[1] !== undefined);
  const { health, troubles } = reportStatus(snapshotOf(viewOf(listed, Object.fromEntries(given), head)));
  return [health, ...troubles.map(({ text }) => text)];
}

const three = [esNode(1), esNode(2), esNode(3)];

it("a view is well while all nodes serve, in slow start too, or have not answered yet beside others that serve", () => {
  assert.deepEqual(judged([]), ["well"]);
  assert.deepEqual(judged(["slow-start", "unverified"]), ["well"]);
});

it("a view is degraded by a node that is down or drains", () => {
  assert.deepEqual(judged(["down", "draining"]), ["degraded", "down: es1", "draining: es2"]);
  assert.deepEqual(judged(["down", "down"]), ["degraded", "down: es1, es2"]);
});

it("a view fails without a healthy node: one that never answered is none", () => {
  assert.deepEqual(judged(["unverified", "unverified", "unverified"]), ["failing", "no node is healthy"]);
  assert.deepEqual(judged(["down", "unverified", "draining"]).slice(0, 2), ["failing", "no node is healthy"]);
  assert.deepEqual(judged([], {}, []), ["failing", "no node is healthy"]);
});

it("a view fails that is not fresh, by its age or because its last leader has ended", () => {
  assert.deepEqual(judged([], { atMs: nowMs - 10_000 }), ["failing", "the view is not fresh: stale"]);
  assert.deepEqual(judged([], { released: true }), ["failing", "the view is not fresh: released"]);
  assert.equal(reportStatus(snapshotOf(undefined)).health, "failing");
});

it("the exit code depends on the named troubles alone", () => {
  const down = reportStatus(snapshotOf(viewOf(three, { [keyOf(1)]: { kind: "down", sinceMs: 0, reason: "" } })));
  assert.equal(healthOf(down.troubles), "degraded");
  assert.equal(healthOf(down.troubles, ["view", "no-node", "draining"]), "well");
  assert.equal(healthOf(reportStatus(snapshotOf(undefined)).troubles, ["no-node", "down"]), "well");
});

it("a node that an operator drains is no trouble, down or not; where no other serves, the view fails", () => {
  const untilMs = nowMs + 60_000;
  const drain = { id: "id1", address: "10.0.0.1:9200", sinceMs: nowMs, untilMs, by: "ops@host", reason: "" };
  const down = { [keyOf(1)]: { kind: "down", sinceMs: nowMs, reason: "" } as const };
  const healthWith = (view: View, drains: readonly Drain[]) =>
    reportStatus(snapshotOf({ ...view, marks: { ...view.marks, drains } })).health;
  assert.equal(healthWith(viewOf(three), [drain]), "well");
  assert.equal(healthWith(viewOf(three, down), [drain]), "well");
  assert.equal(healthWith(viewOf(three, down), [{ ...drain, untilMs: nowMs }]), "degraded", "it is over");
  assert.equal(healthWith(viewOf([esNode(1)]), [drain]), "failing");
});
