import type { NodeRecord, View } from "@rollcall/core/view";
import type { NodeEvent } from "../api/node-status.js";
import type { Sender } from "../dispatch/sender.js";
import type { Tier } from "../table/apply-view.js";
import type { NodeStanding } from "./node-entry.js";

/** Sends requests by the list of nodes and by the table. */
export type TableSender = Pick<Sender, "apply" | "prepare" | "reroute" | "pump">;

/** Takes what this process reports, and has the clock that the times of marks are on. */
export interface Reporter {
  /**
   * This process cannot use the node of that `nodeKey`. Never fails. `probed`: a probe on a new connection failed too.
   */
  report(node: string, reason: string, probed: boolean): void;
  nowMs(): number;
}

/** Receives the changes of nodes. */
export interface ClusterListener {
  nodeChanged(event: NodeEvent): void;
  viewApplied(view: View): void;
  /** Rows of the table have changed: a request that waits may find a node. */
  tableChanged(cluster: ShownCluster): void;
}

/** The nodes as this process sees them now. */
export interface ShownCluster {
  /** How many listed nodes there are that this process may use, and how many of them get requests. */
  readonly members: { readonly usable: number; readonly serving: number };
  /** Why the option `selection` leaves no node; undefined while it leaves one. */
  readonly selectionProblem: string | undefined;
}

/** A node as this process sees it now. */
export interface KnownNode {
  readonly slot: number;
  readonly tier: Tier;
  readonly record: NodeRecord;
  /** Undefined where the configuration does not let it be reached. */
  readonly url: string | undefined;
  readonly standing: NodeStanding;
  /** The option `selection.prefer` names it. */
  readonly preferred: boolean;
}
