import type { NodeSeries, PageSeries, PageState } from "../page-state.js";

const none: NodeSeries = { perSecond: [], p99Ms: [] };

/** The samples of each node: those that the server had, and one more with each state that has a new one. */
export class TrafficLines {
  private series = new Map<string, NodeSeries>();
  private sample = 0;
  /** How many samples of a node are kept, by the server too. */
  max = 1;

  of(key: string): NodeSeries {
    return this.series.get(key) ?? none;
  }

  begin({ sample, max, nodes }: PageSeries): void {
    this.max = max;
    this.sample = sample;
    this.series = new Map(Object.entries(nodes));
  }

  take({ sample, status: { nodes } }: PageState): void {
    // A page that was slow has missed some: the line then has the same value for them.
    const missed = Math.min(sample - this.sample, this.max);
    if (missed <= 0) return;
    this.sample = sample;
    const next = nodes.map(({ key, traffic }): [string, NodeSeries] => {
      const { perSecond, p99Ms } = this.of(key);
      const added = <Value>(value: Value) => new Array<Value>(missed).fill(value);
      return [
        key,
        {
          perSecond: [...perSecond, ...added(traffic?.perSecond ?? 0)].slice(-this.max),
          p99Ms: [...p99Ms, ...added(traffic?.p99Ms ?? null)].slice(-this.max),
        },
      ];
    });
    this.series = new Map(next);
  }
}
