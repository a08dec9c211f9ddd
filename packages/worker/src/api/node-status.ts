import { present } from "@rollcall/core";
import type { NodeRecord } from "@rollcall/core/view";

/**
 * unverified  a configured address that has never answered; requests go to it all the same
 * healthy     requests go to it
 * slow-start  it has joined or come back; its share of the requests grows over 30 s
 * draining    it has left the cluster; requests in flight may end
 * down        the leader cannot reach it: no process sends to it
 * ejected     this process cannot reach it and sends nothing to it; others may
 * unusable    the local configuration does not let this process use it; `reason` says why
 */
export type NodeState = "unverified" | "healthy" | "slow-start" | "draining" | "down" | "ejected" | "unusable";

/** Whether requests go to the node in the ordinary way. */
export function isServing(state: NodeState): boolean {
  return state === "unverified" || state === "healthy" || state === "slow-start";
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
  readonly state: NodeState;
  /** Why it is not simply healthy, for people. */
  readonly reason?: string;
  /** How long it has been in that state, in milliseconds; absent for a healthy or unusable node. */
  readonly forMs?: number;
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
}

/** The part of a record that people ask for. */
export function describeNode({ name, id, roles, version }: NodeRecord) {
  return present({ name, id: id === "" ? undefined : id, roles, version });
}
