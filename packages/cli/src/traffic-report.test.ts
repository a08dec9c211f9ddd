import assert from "node:assert/strict";
import { it } from "node:test";
import { latencyBucketOf } from "@rollcall/core";
import type { NodeLoad, ReplicaLoad } from "@rollcall/core/view";
import { heartbeat, keyOf } from "./status.test.support.js";
import { trafficOfNodes, trafficOfReplica } from "./traffic-report.js";

/** A node's load: so many requests, all answered after the same time. */
function nodeLoad(number: number, requests: number, tookMs: number, errors = 0): NodeLoad {
  const latency = new Array<number>(latencyBucketOf(tookMs) + 1).fill(0);
  latency[latency.length - 1] = requests;
  return { node: keyOf(number), requests, errors, latency, inFlight: 2, sockets: 5 };
}

const load = (nodes: readonly NodeLoad[], overMs = 10_000): ReplicaLoad => {
  return { overMs, requests: 500, failed: 20, queued: 4, nodes };
};

it("the traffic of a node is the sum over replicas, each by its own time, with the percentiles of all answers", () => {
  const first = heartbeat(1, { load: load([nodeLoad(1, 290, 4), nodeLoad(2, 10, 300, 5)]) });
  const second = heartbeat(3, { load: load([nodeLoad(1, 10, 900)], 5_000) });
  const traffic = trafficOfNodes([first, heartbeat(2), second]);
  const one = traffic.get(keyOf(1)) ?? assert.fail();
  assert.deepEqual([one.perSecond, one.errorsPerSecond, one.inFlight, one.sockets], [31, 0, 4, 10]);
  assert.ok((one.p50Ms ?? 0) < 8 && (one.p99Ms ?? 0) > 700, `${one.p50Ms} ${one.p99Ms}`);
  assert.equal(traffic.get(keyOf(2))?.errorsPerSecond, 0.5);
  assert.equal(traffic.get(keyOf(2))?.share, 1 / 32);
  assert.equal(traffic.get(keyOf(3)), undefined);
});

it("the traffic of a replica is what its application asks for, and its attempts at all nodes", () => {
  assert.equal(trafficOfReplica(heartbeat(1)), null);
  const replica = heartbeat(1, { load: load([nodeLoad(1, 290, 4), nodeLoad(2, 10, 300)]) });
  const { p50Ms: _, p99Ms, ...traffic } = trafficOfReplica(replica) ?? assert.fail();
  assert.deepEqual(traffic, { perSecond: 50, errorsPerSecond: 2, queued: 4, inFlight: 4, sockets: 10 });
  assert.ok((p99Ms ?? 0) > 200);
  const { p50Ms, perSecond } = trafficOfReplica(heartbeat(1, { load: load([], 0) })) ?? assert.fail();
  assert.deepEqual([p50Ms, perSecond], [null, 0]);
});
