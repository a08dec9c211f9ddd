import { type CoordinatorOptions, parseCoordinatorConfig, redactConfig } from "@rollcall/core/config";
import { defaultLogger } from "./default-logger.js";
import { StandaloneCoordinator } from "./standalone-coordinator.js";
import { createRedisStore } from "./store/redis-store.js";
import { systemTimers } from "./system-timers.js";

/** One of those that may keep a shared view; one of them does at a time. */
export interface RunningCoordinator {
  /** Whether it keeps the view just now. */
  readonly isLeading: boolean;
  /** What stands in the way of finding the cluster's nodes or of sharing them; undefined while nothing does. For people. */
  readonly problem: string | undefined;
  /** Gives the lease back, so that another takes over at once, and closes every connection. Always resolves. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a coordinator in a process that needs no pool. Returns at once, whatever state the cluster and Redis are in.
 *
 * It does not keep the process alive: whoever starts it has a reason to run, such as a signal to wait for.
 *
 * @throws {RollcallError} `CONFIG`, listing every problem of the options
 */
export function startCoordinator(options: CoordinatorOptions): RunningCoordinator {
  const config = parseCoordinatorConfig(options);
  const { redis, name, logger = defaultLogger() } = config;
  const parts = { timers: systemTimers, random: Math.random, logger };
  const { redis: shownRedis, seeds } = redactConfig(config);
  const urls = seeds.map(({ url }) => url);
  logger.info({ view: name, redis: shownRedis, nodes: urls }, `stands for keeping the view ${name} of ${told(urls)}`);
  return new StandaloneCoordinator({
    ...parts,
    config,
    store: createRedisStore({ ...parts, redis, name, mayLead: true }),
  });
}

const toldMax = 3;

function told(urls: readonly string[]): string {
  const left = urls.length - toldMax;
  return `${urls.slice(0, toldMax).join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}
