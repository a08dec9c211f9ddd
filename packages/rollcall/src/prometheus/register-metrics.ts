import { RollcallError } from "@rollcall/core";
import type { Pool } from "@rollcall/worker";
import { metricDefinitions } from "./metric-definitions.js";
import { RegisteredPool, type ScrapedPool } from "./registered-pool.js";
import { ScrapedMetric } from "./scraped-metric.js";

/** A pool of `createPool` or `mockPool`. A child is none: its requests are its parent's. */
export type MetricsPool = ScrapedPool & Pick<Pool, "config">;

/** What is used of a `Registry` of prom-client 15. It is described here, so that nothing loads that library. */
export interface MetricsRegistry {
  registerMetric(metric: { get(): Promise<unknown>; reset(): void }): void;
  getSingleMetric(name: string): unknown;
  removeSingleMetric(name: string): void;
}

export interface MetricsOptions {
  /** The label `pool` of every series: 1 to 64 characters. Default: the pool's option `name`, else `default`. */
  readonly name?: string;
}

/**
 * Shows the pool's metrics in the registry until the pool is closed, or until the function that it returns is called;
 * series and listeners end then. docs/metrics.md lists them. Nothing is written to the registry while requests run: the
 * series are made when it is read.
 *
 * @throws {RollcallError} `CONFIG` for a child, a closed pool, what is no registry, a pool or a name that the registry
 *   has already, and a metric of another library with one of the names; the registry is as before then
 */
export function registerMetrics(
  pool: MetricsPool,
  registry: MetricsRegistry,
  options: MetricsOptions = {},
): () => void {
  requirePool(pool);
  if (typeof (registry as Partial<MetricsRegistry> | undefined)?.registerMetric !== "function") {
    throw problem("the second argument must be a Registry of prom-client");
  }
  const name = options.name ?? pool.config().name ?? "default";
  if (typeof name !== "string" || name.length < 1 || name.length > 64) {
    throw problem("name must be a text of 1 to 64 characters");
  }
  const metrics = registries.get(registry) ?? new RegistryMetrics(registry);
  const registered = metrics.add(pool, name);
  registries.set(registry, metrics);
  return () => metrics.remove(registered);
}

const registries = new WeakMap<MetricsRegistry, RegistryMetrics>();

/** The metrics in one registry, and the pools that they show. They are in it while there is a pool. */
class RegistryMetrics {
  private readonly pools = new Set<RegisteredPool>();
  /** By the name in the registry. */
  private readonly metrics: ReadonlyMap<string, ScrapedMetric>;
  private lastTurn: Promise<void> = Promise.resolve();

  constructor(private readonly registry: MetricsRegistry) {
    const metrics = metricDefinitions.map(
      (definition) => new ScrapedMetric(definition, () => this.open(), this.itsTurn),
    );
    this.metrics = new Map(metrics.map((metric) => [metric.name, metric]));
  }

  /** @throws {RollcallError} `CONFIG` where one of them is there already */
  add(pool: ScrapedPool, name: string): RegisteredPool {
    this.forgetCleared();
    for (const { pool: other, name: taken } of this.open()) {
      if (other === pool) throw problem(`this pool is in the registry already, as ${JSON.stringify(taken)}`);
      if (name === taken)
        throw problem(`the registry has a pool ${JSON.stringify(name)} already: give this one a name`);
    }
    for (const [metricName, metric] of this.metrics) {
      const present = this.registry.getSingleMetric(metricName);
      if (present !== undefined && present !== metric) throw problem(`the registry has another metric ${metricName}`);
    }
    for (const metric of this.metrics.values()) this.registry.registerMetric(metric);
    const registered = new RegisteredPool(pool, name);
    this.pools.add(registered);
    return registered;
  }

  remove(registered: RegisteredPool): void {
    if (!this.pools.delete(registered)) return;
    registered.close();
    if (this.pools.size > 0) return;
    for (const [name, metric] of this.metrics) {
      if (this.registry.getSingleMetric(name) === metric) this.registry.removeSingleMetric(name);
    }
  }

  /** Each call resolves in another turn of the event loop. */
  private readonly itsTurn = (): Promise<void> => {
    this.lastTurn = this.lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.lastTurn;
  };

  /** The pools that are open: one that has closed is forgotten here. */
  private open(): readonly RegisteredPool[] {
    for (const registered of [...this.pools]) if (registered.pool.isClosed) this.remove(registered);
    return [...this.pools];
  }

  /** A registry that was cleared shows no pool any more: each may be registered again. */
  private forgetCleared(): void {
    const isWhole = [...this.metrics].every(([name, metric]) => this.registry.getSingleMetric(name) === metric);
    if (!isWhole) for (const registered of [...this.pools]) this.remove(registered);
  }
}

function requirePool(pool: MetricsPool): void {
  const given = pool as Partial<MetricsPool> | undefined;
  if (typeof given?.stats !== "function") throw problem("the first argument must be a pool");
  if (typeof given.on !== "function") throw problem("a child's requests are its parent's: register that pool");
  if (given.isClosed === true) throw problem("the pool is closed");
}

function problem(what: string): RollcallError {
  return new RollcallError("CONFIG", `registerMetrics: ${what}`);
}
