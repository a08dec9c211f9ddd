import assert from "node:assert/strict";
import { it } from "node:test";
import type { Heartbeat } from "@rollcall/core/view";
import { heartbeat, keyOf, version } from "../status.test.support.js";
import { drainProgress, isDrained, progressText } from "./drain-progress.js";

const marks = version(12);

/** A heartbeat of a replica with so many requests in flight at a node. */
function loaded(number: number, inFlight: number, given: Partial<Heartbeat> = {}, node = keyOf(2)): Heartbeat {
  const load = { node, requests: 9, errors: 0, latency: [], inFlight, sockets: 2 };
  return heartbeat(number, { load: { overMs: 10_000, requests: 9, failed: 0, queued: 0, nodes: [load] }, ...given });
}

const progress = (heartbeats: readonly Heartbeat[], counted = heartbeats.length) => {
  const found = drainProgress(keyOf(2), marks, heartbeats, counted);
  return [progressText(found), isDrained(found)];
};

it("a node is drained once each replica has nothing in flight there; coordinators send nothing", () => {
  const coordinator = heartbeat(9, { role: "coordinator" });
  assert.deepEqual(progress([loaded(1, 2), loaded(2, 1), coordinator]), ["3 in flight on 2 replicas", false]);
  assert.deepEqual(progress([loaded(1, 0), coordinator]), ["0 in flight on 1 replica", true]);
  const elsewhere = loaded(2, 7, {}, keyOf(1));
  assert.deepEqual(progress([loaded(1, 0), elsewhere, coordinator]), ["0 in flight on 2 replicas", true]);
});

it("requests at the node's id or at its address count, whatever else has changed", () => {
  assert.equal(progress([loaded(1, 1, {}, "id2@10.9.9.9:9200")])[1], false);
  assert.equal(progress([loaded(1, 1, {}, "@10.0.0.2:9200")])[1], false);
});

it("a replica that has not applied the drain, does not count, or sends no heartbeat leaves it open", () => {
  const older = { view: { topology: version(3), marks: version(11) } };
  const [first, second] = [loaded(1, 0, older), heartbeat(2)];
  assert.deepEqual(progress([loaded(3, 0), first, second]), [
    "0 in flight on 1 replica; not known of app-1 (pid 101), app-2 (pid 102)",
    false,
  ]);
  assert.deepEqual(progress([loaded(1, 0)], 3), ["0 in flight on 1 replica; no heartbeat of 2 more", false]);
});
