import { Counter, Gauge, Registry } from "prom-client";
import { type CoordinatorMetric, type CoordinatorScrape, coordinatorMetrics } from "./coordinator-metrics.js";

/** The metrics of one process, made anew at each scrape: the series of what is gone end by themselves. */
export class CoordinatorRegistry {
  private readonly registry = new Registry();
  private scrape: CoordinatorScrape | undefined;

  /** @param pool the label of every series: the name of the view */
  constructor(private readonly pool: string) {
    for (const metric of coordinatorMetrics) this.add(metric);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(scrape: CoordinatorScrape): Promise<string> {
    this.scrape = scrape;
    return this.registry.metrics();
  }

  private add(metric: CoordinatorMetric): void {
    const { name, type, help } = metric;
    const { pool } = this;
    const samples = () => (this.scrape === undefined ? [] : metric.samples(this.scrape));
    const options = { name, help, labelNames: ["pool", ...metric.labels], registers: [this.registry] };
    if (type === "counter") {
      new Counter({
        ...options,
        collect() {
          this.reset();
          for (const { labels, value } of samples()) this.inc({ pool, ...labels }, value);
        },
      });
    } else {
      new Gauge({
        ...options,
        collect() {
          this.reset();
          for (const { labels, value } of samples()) this.set({ pool, ...labels }, value);
        },
      });
    }
  }
}
