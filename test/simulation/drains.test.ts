import assert from "node:assert/strict";
import { it } from "node:test";
import type { OperationResult } from "@rollcall/core/view";
import { Simulation } from "./simulation.js";

const forMs = 600_000;

it("a drain holds for every process while leaders die and Redis is emptied or away, and ends by itself", async () => {
  const simulation = new Simulation({
    ...{ seed: 1, nodes: 4, replicas: 6, coordinators: 3, candidates: 0, requestsPerSecond: 5 },
  });
  const { redis, cluster } = simulation;
  await simulation.run(60_000);
  const [drained] = cluster.nodes;
  const operator = simulation.openStore("operator");
  const results: OperationResult[] = [];
  operator.onOperationResult((result) => results.push(result));
  await simulation.run(1_000);
  const origin = { id: "o1", by: "ops@host", reason: "", atMs: 0 };
  const request = { ...origin, kind: "drain", node: drained?.key ?? "", forMs, force: false } as const;
  await Promise.all([operator.sendOperation(request), simulation.run(1_000)]);
  assert.equal(results[0]?.outcome, "done", results[0]?.text);

  const statesAt = (key: string) =>
    simulation.replicas.map((replica) => {
      const node = replica.nodes().find(({ record }) => `${record.id}@${record.host}:${record.port}` === key);
      return node?.standing.by === "operator" ? "drained" : (node?.standing.state ?? "absent");
    });
  const states = () => [...new Set(statesAt(drained?.key ?? ""))];
  const killLeader = () => {
    for (const leader of simulation.leaders) simulation.replace(leader);
  };
  const happenings: readonly (() => void)[] = [
    killLeader,
    () => redis.flush(),
    // Of those that are left, each has seen the view.
    () => {
      redis.flush();
      for (const leader of simulation.leaders) leader.kill();
    },
    () => redis.die(),
    () => redis.revive(),
  ];
  for (const happen of happenings) {
    happen();
    // Long enough for a new leader, and without Redis for each process to monitor the cluster for itself.
    for (let second = 0; second < 90; second++) {
      await simulation.run(1_000);
      assert.deepEqual(states(), ["drained"]);
    }
  }
  assert.deepEqual(simulation.violations, []);
  await simulation.run(forMs - happenings.length * 90_000 - 5_000);
  assert.deepEqual(states(), ["drained"]);
  await simulation.run(6_000);
  assert.deepEqual(states(), ["healthy"]);
});
