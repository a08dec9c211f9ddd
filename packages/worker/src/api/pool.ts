import { availableParallelism } from "node:os";
import { getHeapStatistics } from "node:v8";
import { defaultLogger, warnOfLogger } from "@rollcall/coordinator";
import { safeLogger, silentLogger } from "@rollcall/core";
import { type PoolOptions, parsePoolConfig } from "@rollcall/core/config";
import type { Pool } from "./api.js";
import { ClusterPool } from "./cluster-pool.js";
import { openPoolParts } from "./pool-parts.js";

/**
 * Opens a pool. Returns at once, whatever state the cluster is in: requests made meanwhile wait within their timeout.
 *
 * @throws {RollcallError} `CONFIG`, listing every problem of the options
 */
export function createPool(options: PoolOptions): Pool {
  const machine = { cores: availableParallelism(), heapLimitBytes: getHeapStatistics().heap_size_limit };
  const config = parsePoolConfig(options, machine);
  const logger = options.logger === false ? silentLogger : (config.logger ?? defaultLogger());
  return new ClusterPool(config, openPoolParts(config, safeLogger(logger, warnOfLogger)));
}
