import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { startFixtureCluster } from "../support/fixture/index.js";
import { startRedis } from "../support/redis/index.js";
import { startReplica } from "../support/replica/index.js";
import {
  addressOf,
  closeAll,
  failuresOf,
  load,
  messagesOf,
  night,
  nodeAt,
  stateOf,
  toldOf,
  waitForState,
  waitUntilAllUp,
  waitUntilServed,
} from "./support-night.js";

describe("the log of a bad night", night, () => {
  it("tells why a node was avoided, by whom and since when, in a line a transition and none a request", async (t) => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const shared = { redis: redis.url, name: "logs" };
    const nodes = [...cluster.urls];
    await using coordinator = await startCoordinatorProcess({ nodes, ...shared });
    const pool = { nodes, ...shared, coordinator: "external" } as const;
    await using first = await startReplica({ pool: { ...pool, threads: 2 }, load });
    await using second = await startReplica({ pool: { ...pool, threads: 0 }, load });
    const replicas = [first, second];
    await waitUntilAllUp(replicas, cluster.nodes);
    await waitUntilServed(replicas);
    const quiet = replicas.map(({ log }) => log.length);

    const killed = nodeAt(cluster, 1);
    await killed.kill();
    await waitForState(replicas, [killed], ["down"]);
    const standing = (await first.ask("nodes")).find(({ address }) => address === addressOf(killed));
    await killed.restart();
    await waitForState(replicas, [killed], ["ramp"]);
    await waitForState(replicas, [killed], ["up"]);
    await waitUntilServed(replicas, 100);
    for (const { log } of [coordinator, first, second]) t.diagnostic(JSON.stringify(log, null, 1));

    // The one that keeps the view: what happened to the node, in order, each once.
    const label = `node n2 \\(${addressOf(killed)}\\)`;
    const lines = messagesOf(coordinator, new RegExp(label)).filter((line) => !line.includes("is in use"));
    assert.equal(lines.length, 3, lines.join("\n"));
    assert.match(lines[0] ?? "", new RegExp(`^${label} is down: .*\\(2 failed probes, reported by \\d process`));
    assert.match(lines[1] ?? "", new RegExp(`^${label} is back and eased in: answers again$`));
    assert.match(lines[2] ?? "", new RegExp(`^${label} has its full share again: eased in$`));

    // A replica: what it held against the node by itself, once. The rest is the view's, and in its events.
    for (const [at, replica] of replicas.entries()) {
      const lately = replica.log.slice(quiet[at]);
      const own = lately.filter((line) => / keeps away from | uses node /.test(line));
      const ejections = own.filter((line) => line.startsWith(`warn this process keeps away from node n2`));
      assert.ok(ejections.length <= 1, own.join("\n"));
      assert.deepEqual(
        lately.filter((line) => !own.includes(line)),
        [],
      );
      const story = toldOf(replica, ({ address }) => address === addressOf(killed));
      assert.match(story.join("; "), /-> down \([^)]+\); .* down -> ramp \(answers again\); .* ramp -> up /);
    }
    assert.equal(standing?.state, "down");
    assert.ok((standing?.reason ?? "") !== "" && (standing?.forMs ?? -1) >= 0);
    assert.equal(stateOf(await first.ask("stats"), killed), "up");
    assert.deepEqual(await failuresOf(replicas), []);
    await closeAll(replicas);
  });
});
