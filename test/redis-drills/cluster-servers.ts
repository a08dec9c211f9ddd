import { type RedisServer, startRedisCluster } from "@rollcall/testing/redis";
import type { DrillRedis } from "./drill.js";

/** A Redis Cluster of three primaries; the one that holds the view has a replica. */
export interface ClusterServers extends DrillRedis {
  readonly owner: RedisServer;
  readonly replica: RedisServer;
}

export async function startClusterServers(): Promise<ClusterServers> {
  // A replica may take over however long its link was down.
  const config = ["cluster-replica-validity-factor 0"];
  const cluster = await startRedisCluster({ nodeTimeoutMs: 1_500, config });
  try {
    const owner = await cluster.ownerOf("{rollcall:logs}:head");
    const replica = await cluster.addReplica(owner);
    const nodes = cluster.primaries.map(({ host, port }) => ({ host, port }));
    return {
      owner,
      replica,
      redisFor: () => ({ cluster: nodes }),
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    };
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}
