import { type MetricDefinition, prometheusName, type Sample } from "./metric-definitions.js";
import type { RegisteredPool } from "./registered-pool.js";

interface Value extends Pick<Sample, "labels" | "value"> {
  /** Of a part of a histogram or summary. */
  readonly metricName?: string;
}

/** Metrics of fewer nodes are read in one turn. */
const manyNodes = 512;

/**
 * One metric, as a registry of prom-client reads it. It keeps no series: each read makes them from what the pools are
 * and have counted, so that those of a node that is gone end by themselves.
 */
export class ScrapedMetric {
  /** A registry with OpenMetrics takes the `_total` off a counter's, and gives it back to each value. */
  name: string;
  readonly type: string;

  constructor(
    private readonly definition: MetricDefinition,
    private readonly pools: () => Iterable<RegisteredPool>,
    /** Those of many nodes are made, and written by the registry, in a turn of the event loop of their own. */
    private readonly itsTurn: () => Promise<void>,
  ) {
    this.name = prometheusName(definition);
    this.type = definition.type;
  }

  async get() {
    const { help, type, aggregator = "sum" } = this.definition;
    const values: Value[] = [];
    // All metrics of one read show one moment: what they show is taken before the first turn.
    const scrapes = [...this.pools()].map((pool) => ({ pool: pool.name, scrape: pool.scrape() }));
    const nodes = scrapes.reduce((count, { scrape }) => count + scrape.nodes.length, 0);
    if (nodes > manyNodes) await this.itsTurn();
    for (const { pool, scrape } of scrapes) {
      for (const { labels, value, part } of this.definition.samples(scrape)) {
        const named = { value, labels: { pool, ...labels } };
        values.push(
          part === undefined ? named : { ...named, metricName: `${prometheusName(this.definition)}_${part}` },
        );
      }
    }
    return { name: this.name, help, type, aggregator, values };
  }

  /** Without effect: the counts are the pool's. */
  reset(): void {}
}
