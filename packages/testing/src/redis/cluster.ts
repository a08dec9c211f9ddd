import { freePort } from "../free-port.js";
import { waitUntil } from "../wait-until.js";
import type { RedisServer } from "./contract.js";
import { startRedis } from "./server.js";

/** A Redis Cluster of three primaries, and of the replicas that a test adds. */
export interface RedisCluster extends AsyncDisposable {
  readonly primaries: readonly RedisServer[];
  /** The primary that owned the slot of this key at the start: the others are not needed for it. */
  ownerOf(key: string): Promise<RedisServer>;
  /** Starts one more server as a replica of this primary; resolves when it is in step and all others list it. */
  addReplica(primary: RedisServer): Promise<RedisServer>;
}

export interface RedisClusterOptions {
  /** After so long without an answer a node counts as failed. Default 60,000: never, in a test. */
  readonly nodeTimeoutMs?: number;
  /** Further lines of configuration, for each server. */
  readonly config?: readonly string[];
}

const count = 3;
const slotsEach = Math.ceil(16_384 / count);

export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { nodeTimeoutMs = 60_000, config = [] } = options;
  const servers: RedisServer[] = [];
  const busPorts = new Map<RedisServer, number>();
  const start = async () => {
    const busPort = await freePort();
    const own = ["cluster-enabled yes", `cluster-port ${busPort}`, `cluster-node-timeout ${nodeTimeoutMs}`];
    const server = await startRedis({ config: [...own, ...config] });
    servers.push(server);
    busPorts.set(server, busPort);
    return server;
  };
  const meet = async ({ client }: RedisServer) => {
    for (const other of servers) {
      await client.call("CLUSTER", "MEET", other.host, other.port, busPorts.get(other) ?? 0);
    }
  };
  const listEachOther = async () => {
    for (const { client } of servers) {
      await waitUntil("the nodes list each other", async () => {
        const state = String(await client.call("CLUSTER", "INFO"));
        return state.includes("cluster_state:ok") && state.includes(`cluster_known_nodes:${servers.length}`);
      });
    }
  };
  const cluster: RedisCluster = {
    get primaries() {
      return servers.slice(0, count);
    },
    async ownerOf(key) {
      const slot = Number(await servers[0]?.client.cluster("KEYSLOT", key));
      const owner = servers[Math.floor(slot / slotsEach)];
      if (owner === undefined) throw new Error(`no server owns the slot ${slot}`);
      return owner;
    },
    async addReplica(primary) {
      const replica = await start();
      await meet(replica);
      await listEachOther();
      await replica.client.call("CLUSTER", "REPLICATE", String(await primary.client.call("CLUSTER", "MYID")));
      await waitUntil("the replica is in step", async () =>
        (await replica.client.info("replication")).includes("master_link_status:up"),
      );
      return replica;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
  try {
    await Promise.all(Array.from({ length: count }, start));
    for (const [position, { client }] of servers.entries()) {
      const last = Math.min(16_384, (position + 1) * slotsEach) - 1;
      await client.call("CLUSTER", "ADDSLOTSRANGE", position * slotsEach, last);
    }
    for (const server of servers) await meet(server);
    await listEachOther();
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}
