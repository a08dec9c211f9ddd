import { type Random, RollcallError, silentLogger, type Timers } from "@rollcall/core";
import type { RedisConfig } from "@rollcall/core/config";
import { openRedisPassword } from "./redis-password.js";
import type { RedisPermission } from "./redis-permissions.js";

export interface RedisExaminationParts {
  readonly redis: RedisConfig;
  /** Of the view whose keys and channels are asked for. */
  readonly name: string;
  readonly timers: Timers;
  readonly wallNowMs: () => number;
  readonly random: Random;
  /** Given up when it fires. */
  readonly stop: AbortSignal;
}

/** What `INFO` says about the server; what it leaves out is absent. */
export interface RedisServerFacts {
  /** Of Valkey that of the Redis with which it is compatible. */
  readonly version?: string;
  readonly valkeyVersion?: string;
  readonly mode?: "standalone" | "cluster" | "sentinel";
  readonly role?: "master" | "slave";
  /** 0: no limit. */
  readonly maxmemoryBytes?: number;
  readonly usedMemoryBytes?: number;
  readonly evictionPolicy?: string;
}

/** What one connection to Redis showed. Holds no secret. */
export type RedisExamination =
  /** No connection that Rollcall could use: RESP3, password and database are part of connecting. */
  | { readonly kind: "away"; readonly problem: string; readonly tookMs: number }
  | {
      readonly kind: "connected";
      /** With the lookup of its name, TLS, and the answers to `HELLO` and `AUTH`. */
      readonly tookMs: number;
      readonly server: RedisServerFacts;
      /** Of each `PING`. */
      readonly pingsMs: readonly number[];
      readonly permissions: readonly RedisPermission[];
      /** Its clock minus ours; absent if it gave no time. */
      readonly clockAheadMs?: number;
    };

/** Connects once as a pool does, and asks what the pool relies on. Changes nothing in Redis. Never rejects. */
export async function examineRedis(parts: RedisExaminationParts): Promise<RedisExamination> {
  try {
    const password = openRedisPassword(parts.redis, parts.timers, silentLogger);
    // With ioredis.
    const { examineConnectedRedis } = await import("./examine-connected-redis.js");
    return await examineConnectedRedis({ ...parts, password });
  } catch (error) {
    // Of a file of a password: the option, the file and why.
    if (error instanceof RollcallError) return { kind: "away", problem: error.message, tookMs: 0 };
    throw error;
  }
}
