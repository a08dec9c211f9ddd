import assert from "node:assert/strict";
import { it } from "node:test";
import type { RedisClient } from "./redis-clients.js";
import { redisProblem } from "./redis-problem.js";
import { timeBeside } from "./redis-time.js";

const time = ["1000", "500000"];

/** A client of a cluster, whose node answers so; a real one says it seldom. */
function clusterAnswering(
  read: readonly [Error | null, unknown],
  ofTime: readonly [Error | null, unknown],
): RedisClient {
  const sent: unknown[] = [];
  const pipeline = {
    getrange: (...given: unknown[]) => sent.push(given) && pipeline,
    time: () => pipeline,
    exec: async () => [read, ofTime],
  };
  return { isCluster: true, pipeline: () => pipeline } as unknown as RedisClient;
}

const single = (answer: unknown) => ({ isCluster: false, time: async () => answer }) as unknown as RedisClient;

it("the time of a Redis Cluster is that of the node which has the key, and none where the key has just moved", async () => {
  assert.deepEqual(await timeBeside(clusterAnswering([null, ""], [null, time]), "key"), time);
  const denied = new Error("NOPERM this user has no permissions to run the 'getrange' command");
  assert.deepEqual(await timeBeside(clusterAnswering([denied, null], [null, time]), "key"), time);
  assert.deepEqual(
    await timeBeside(clusterAnswering([new Error("MOVED 12 10.0.0.1:1"), null], [null, time]), "key"),
    [],
  );
  await assert.rejects(timeBeside(clusterAnswering([null, ""], [new Error("LOADING"), null]), "key"), /LOADING/);
});

it("a reply that is no time is one to another command, and says so", async () => {
  assert.deepEqual(await timeBeside(single(time), "key"), time);
  for (const answer of [null, "OK", 7, ["kept"], undefined]) {
    const problem = await timeBeside(single(answer), "key").then(String, redisProblem);
    assert.equal(problem, "its answers cannot be read (an answer to another command)");
  }
});
