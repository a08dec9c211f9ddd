import type { Freshness } from "@rollcall/core/view";
import type { NodeEvent, NodeState } from "@rollcall/worker";
import type { ReplicaReport } from "./replica-messages.js";

/** Something that holds, and since when: on the clock of the traffic, of whoever hears of it. */
export interface Since<T> {
  readonly value: T;
  readonly sinceMs: number;
}

/**
 * What has been heard of one replica: its last report, and since when each node, and the view, have stood as they do.
 *
 * A report follows each event, so that what a report says of a node is never older than the moment kept for it.
 */
export class ReplicaRecord {
  private last: ReplicaReport | undefined;
  private trust: Since<Freshness> | undefined;
  private readonly moved = new Map<string, number>();

  /** `name` is for people, such as "replica 1". */
  constructor(readonly name: string) {}

  get report(): ReplicaReport | undefined {
    return this.last;
  }

  heard(report: ReplicaReport, atMs: number): void {
    this.last = report;
    const freshness = report.view?.freshness;
    if (freshness === this.trust?.value) return;
    this.trust = freshness === undefined ? undefined : { value: freshness, sinceMs: atMs };
  }

  /** A node's standing has changed. */
  heardOf({ address, to }: NodeEvent, atMs: number): void {
    if (to === "absent") this.moved.delete(address);
    else this.moved.set(address, atMs);
  }

  /** Undefined: the replica knows no node of this name. A node that has stood so from the start has done so since 0. */
  stateOf(name: string): Since<NodeState> | undefined {
    const node = this.nodeOf(name);
    return node === undefined ? undefined : { value: node.state, sinceMs: this.moved.get(node.address) ?? 0 };
  }

  answersOf(name: string): number {
    return this.nodeOf(name)?.answers ?? 0;
  }

  /** Undefined: it has no view yet. */
  get freshness(): Since<Freshness> | undefined {
    return this.trust;
  }

  private nodeOf(name: string) {
    return this.last?.nodes.find((node) => node.name === name);
  }
}
