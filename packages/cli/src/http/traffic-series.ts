import type { NodeReport } from "../status-report.js";
import type { PageSeries } from "./page-state.js";

/** Five minutes, at a sample every 5 s. */
const samplesMax = 60;
/** How many nodes have a series: those that the page shows. */
const nodesMax = 500;

interface Series {
  readonly perSecond: number[];
  readonly p99Ms: (number | null)[];
}

/** The traffic of each node over the last minutes, so that a page which has just been opened shows it at once. */
export class TrafficSeries {
  private series = new Map<string, Series>();
  private taken = 0;

  constructor(private readonly everyMs: number) {}

  /** The number of the newest sample. */
  get sample(): number {
    return this.taken;
  }

  /** Adds one sample of each node, and drops the nodes that are gone. */
  take(nodes: readonly Pick<NodeReport, "key" | "traffic">[]): void {
    const next = new Map<string, Series>();
    for (const { key, traffic } of nodes.slice(0, nodesMax)) {
      const { perSecond, p99Ms } = this.series.get(key) ?? { perSecond: [], p99Ms: [] };
      next.set(key, {
        perSecond: [...perSecond, rounded(traffic?.perSecond ?? 0)].slice(-samplesMax),
        p99Ms: [...p99Ms, traffic?.p99Ms ?? null].slice(-samplesMax),
      });
    }
    this.series = next;
    this.taken++;
  }

  all(): PageSeries {
    return { sample: this.taken, everyMs: this.everyMs, max: samplesMax, nodes: Object.fromEntries(this.series) };
  }
}

/** Three digits are more than a line of 60 pixels shows. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
