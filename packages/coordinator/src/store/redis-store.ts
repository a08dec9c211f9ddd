import { type Logger, present, type Random, type Timers } from "@rollcall/core";
import type { RedisConfig, SecretConfig } from "@rollcall/core/config";
import { wallNowMs } from "../system-timers.js";
import { openRedisPassword, type RedisPassword } from "./redis-password.js";
import { storeLater } from "./store-later.js";
import { openViewSecrets, type ViewSecrets } from "./view-secrets.js";
import type { ViewStore } from "./view-store.js";

export interface RedisStoreOptions extends SecretConfig {
  readonly redis: RedisConfig;
  /** As `openRedisPassword` gave it. Default: it is opened here. */
  readonly password?: RedisPassword | undefined;
  /** As `openViewSecrets` gave them. Default: they are opened here. */
  readonly secrets?: ViewSecrets | undefined;
  /** Identifies the view: stores with the same name at the same Redis share one. */
  readonly name: string;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /**
   * Whether leases may be taken here. If not, there is one connection less, and the Redis user needs no write access.
   */
  readonly mayLead: boolean;
}

/**
 * The view in Redis, shared by all processes. It connects once ioredis is loaded, and reconnects for ever; while Redis
 * does not answer, the methods do what the contract of `ViewStore` says. Losing Redis and finding it again is one log
 * line each.
 *
 * `nowMs` is the clock of Redis once Redis has answered `TIME`, and the wall clock before.
 *
 * @throws {RollcallError} `CONFIG` if the password, or the secret of the view, is a file's, and that cannot be used
 */
export function createRedisStore({ secret, secretFile, secrets: opened, ...options }: RedisStoreOptions): ViewStore {
  const password = options.password ?? openRedisPassword(options.redis, options.timers, options.logger);
  const { timers, logger } = options;
  const secrets = opened ?? openViewSecrets(present({ secret, secretFile }), timers, logger);
  const load = async () => {
    const { connectRedisStore } = await import("./redis-store-over.js");
    return () => connectRedisStore({ ...options, password, ...present({ secrets }) });
  };
  return storeLater(load, wallNowMs, options.logger);
}
