import { randomUUID } from "node:crypto";
import { boundLogger, logEvent, present, safeLogger } from "@rollcall/core";
import { type CoordinatorOptions, parseCoordinatorConfig, redactConfig } from "@rollcall/core/config";
import type { ClusterRequestCount } from "./cluster/counted-client.js";
import { CoordinatorProcess } from "./coordinator-process.js";
import { defaultLogger } from "./default-logger.js";
import { warnOfLogger } from "./logger-warning.js";
import { createRedisStore } from "./store/redis-store.js";
import type { ViewStore } from "./store/view-store.js";
import { systemTimers } from "./system-timers.js";

/** A candidate to lead a shared view; one process leads at a time. */
export interface RunningCoordinator {
  /** Whether it leads now. */
  readonly isLeading: boolean;
  /**
   * What stands in the way of finding the cluster's nodes or of sharing them; undefined while nothing does. For people.
   */
  readonly problem: string | undefined;
  /** What it reads and writes; closed together with it. Its view is the fleet's, whichever process leads. */
  readonly store: ViewStore;
  /** What it has sent to nodes, by kind and result, since it began: a process that does not lead sends them nothing. */
  clusterRequests(): readonly ClusterRequestCount[];
  /**
   * Reaches and monitors the cluster by other options from now on, as leader or as candidate, and goes on leading. What
   * is known of the nodes stays, and connections that are open end with their requests. `redis`, `name`, the secrets and `logger` are
   * checked, and stay as they were.
   *
   * @throws {RollcallError} `CONFIG`, listing every problem of the options; nothing has changed then
   */
  reconfigure(options: CoordinatorOptions): Promise<void>;
  /** Gives the lease back, so that another process leads at once, and closes every connection. Always resolves. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a coordinator in a process without a pool. Returns at once, in whatever state the cluster and Redis are.
 *
 * It does not keep the process alive: the application waits for something of its own, such as a signal.
 *
 * @throws {RollcallError} `CONFIG`, listing every problem of the options
 */
export function startCoordinator(options: CoordinatorOptions): RunningCoordinator {
  const config = parseCoordinatorConfig(options);
  const { redis, name, secret, secretFile } = config;
  const replica = randomUUID();
  const safe = safeLogger(config.logger ?? defaultLogger(), warnOfLogger);
  const logger = boundLogger(safe, { view: name, replica });
  const parts = { timers: systemTimers, random: Math.random, logger, replica };
  const { redis: shownRedis, seeds } = redactConfig(config);
  const urls = seeds.map(({ url }) => url);
  logEvent(
    logger,
    "coordinator.started",
    { redis: shownRedis, nodes: urls },
    `is a candidate to lead the view ${name} of ${shown(urls)}`,
  );
  return new CoordinatorProcess({
    ...parts,
    config,
    store: createRedisStore({ ...parts, redis, name, ...present({ secret, secretFile }), mayLead: true }),
  });
}

const shownMax = 3;

function shown(urls: readonly string[]): string {
  const others = urls.length - shownMax;
  return `${urls.slice(0, shownMax).join(", ")}${others > 0 ? ` and ${others} more` : ""}`;
}
