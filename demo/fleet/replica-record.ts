import type { Freshness } from "@rollcall/core/view";
import type { NodeEvent, NodeState } from "@rollcall/worker";
import { NodeHistory, type Since } from "../node-history.js";
import type { Observer } from "../phases.js";
import type { ReplicaReport } from "./replica-messages.js";

/**
 * The last report of one replica, and since when each node and the view are in their state.
 *
 * A report follows each event, so that a state is never older than the time kept for it.
 */
export class ReplicaRecord implements Observer {
  private lastReport: ReplicaReport | undefined;
  private viewFreshness: Since<Freshness> | undefined;
  private readonly history = new NodeHistory();

  /** Such as "replica 1". */
  constructor(readonly name: string) {}

  get report(): ReplicaReport | undefined {
    return this.lastReport;
  }

  /** Undefined before the first view. */
  get freshness(): Since<Freshness> | undefined {
    return this.viewFreshness;
  }

  receiveReport(report: ReplicaReport, atMs: number): void {
    this.lastReport = report;
    const freshness = report.view?.freshness;
    if (freshness === this.viewFreshness?.value) return;
    this.viewFreshness = freshness === undefined ? undefined : { value: freshness, sinceMs: atMs };
  }

  receiveEvent(event: NodeEvent, atMs: number): void {
    this.history.record(event, atMs);
  }

  /** Undefined: the replica does not list a node of this name. Since 0 where the state has not changed. */
  stateOf(name: string): Since<NodeState> | undefined {
    const node = this.nodeOf(name);
    return node && { value: node.state, sinceMs: this.history.sinceMs(node.address) ?? 0 };
  }

  answersOf(name: string): number {
    return this.nodeOf(name)?.answers ?? 0;
  }

  private nodeOf(name: string) {
    return this.lastReport?.nodes.find((node) => node.name === name);
  }
}
