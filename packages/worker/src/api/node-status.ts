import { present } from "@rollcall/core";
import type { NodePenalty } from "@rollcall/core/selection";
import type { NodeRecord } from "@rollcall/core/view";
import type { NodeRates } from "./node-rates.js";

/**
 * unverified  a configured address that has never answered; requests go to it all the same
 * healthy     requests go to it
 * penalized   it is slower than the others or fails more often, and gets a small part of its share from this process
 * slow-start  it has joined or come back; its share of the requests grows over 30 s
 * draining    it has left the cluster, or an operator drains it; requests in flight may end
 * down        the leader cannot reach it: no process sends to it
 * ejected     this process cannot reach it and sends nothing to it; others may
 * unusable    the local configuration does not let this process use it; `reason` says why
 */
export type NodeState =
  | "unverified"
  | "healthy"
  | "penalized"
  | "slow-start"
  | "draining"
  | "down"
  | "ejected"
  | "unusable";

/** Whether requests go to the node in the ordinary way. */
export function isServing(state: NodeState): boolean {
  return state === "unverified" || state === "healthy" || state === "penalized" || state === "slow-start";
}

/** One node, as this process sees it now. */
export interface NodeStatus {
  /** `host:port`. */
  readonly address: string;
  /** Such as `https://es1:9200/es`, without user and password; absent for an unusable node. */
  readonly url?: string;
  /** The node's name in the cluster; absent while unknown. */
  readonly name?: string;
  /** The cluster's id of the node; absent while unknown. */
  readonly id?: string;
  readonly roles?: readonly string[];
  readonly version?: string;
  /** "seed": a configured address that the cluster does not list; used only while no listed node is eligible. */
  readonly tier: "node" | "seed";
  /** The option `selection.prefer` names it; absent otherwise. */
  readonly preferred?: true;
  readonly state: NodeState;
  /** Why it is not simply healthy, for people. */
  readonly reason?: string;
  /** How long it has been in that state, in milliseconds. */
  readonly forMs?: number;
  /**
   * Who decided it: the leader or an operator, for all processes; this process, for itself; or the local configuration.
   * Absent for a healthy node. A node that drains "by" the leader has left the cluster.
   */
  readonly by?: "leader" | "process" | "operator" | "configuration";
  /** While this process sends it less than its share because it is slow or fails: how much less, and why. */
  readonly penalty?: NodePenalty;
  /** What it has had from this process in the last 10 to 15 s; absent before that is known. */
  readonly traffic?: NodeRates;
  readonly openSockets: number;
  /** Attempts in flight. */
  readonly inFlight: number;
  /** Attempts so far, in this process. */
  readonly requests: number;
  readonly answers: number;
  /** Attempts that ended without a whole answer. */
  readonly failures: number;
  /** Answers with 429 or 5xx. */
  readonly errorStatuses: number;
  /** Connections that have opened, and how long that took in all, with TLS, in milliseconds. */
  readonly connects: number;
  readonly connectMs: number;
}

/** A node has another state than before. */
export interface NodeEvent {
  readonly address: string;
  readonly name?: string;
  /** "absent": the pool did not have the node before. */
  readonly from: NodeState | "absent";
  /** "absent": the pool does not have the node any more. */
  readonly to: NodeState | "absent";
  readonly reason?: string;
  /** Where it becomes "penalized", as measured; where it was so until now, the greatest meanwhile. */
  readonly penalty?: NodePenalty;
  /** Where it was "penalized" until now: for how long. */
  readonly penalizedForMs?: number;
}

/** The part of a record that people ask for. */
export function describeNode({ name, id, roles, version }: NodeRecord) {
  return present({ name, id: id === "" ? undefined : id, roles, version });
}
