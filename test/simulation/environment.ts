import type { ViewStore } from "@rollcall/coordinator";
import type { PoolConfig } from "@rollcall/core/config";
import { MessageGate } from "#coordinator/store/message-gate";
import type { RedisClient } from "#coordinator/store/redis-clients";
import { redisStoreOver } from "#coordinator/store/redis-store-over";
import type { ViewSecrets } from "#coordinator/store/view-secrets";
import type { Invariants } from "./invariants.js";
import type { Network } from "./network.js";
import type { Seams } from "./seams.js";
import type { SearchCluster } from "./search-cluster.js";
import type { SimProcess } from "./sim-process.js";
import type { SimRedis } from "./sim-redis.js";
import { SimRedisClient } from "./sim-redis-client.js";
import type { Story } from "./story.js";
import type { World } from "./world.js";

/** What surrounds a simulated process. */
export interface SimEnvironment {
  readonly world: World;
  readonly network: Network;
  readonly cluster: SearchCluster;
  readonly redis: SimRedis;
  readonly story: Story;
  readonly invariants: Invariants;
  readonly seams: Seams;
  readonly config: PoolConfig & { readonly name: string };
  /** Every request is a Read, and gets a hedge where it waits. */
  readonly isHedged: boolean;
}

const unchanging = (current: readonly string[]): ViewSecrets => ({
  current,
  onChange: () => {},
  start: () => {},
  close: () => {},
});

/** The product's own store, over the simulated Redis. */
export function openStore(process: SimProcess, environment: SimEnvironment, mayLead: boolean): ViewStore {
  const { world, network, redis, story, config } = environment;
  const client = () => {
    const simulated: unknown = new SimRedisClient(world, process, network, redis);
    // The store uses no more of ioredis than the simulation has.
    return simulated as RedisClient;
  };
  const logger = story.loggerOf(process.name);
  return redisStoreOver(
    { reading: client(), gate: new MessageGate(), ...(mayLead ? { writing: client() } : {}) },
    {
      ...(config.secret === undefined ? {} : { secrets: unchanging(config.secret) }),
      name: config.name,
      timers: process,
      wallNowMs: () => redis.nowMs(),
      random: process.random,
      logger,
    },
  );
}
