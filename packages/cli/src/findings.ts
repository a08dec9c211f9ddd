import type { ProbeOutcome } from "@rollcall/core/health";

/** The findings about a cluster, as plain data. Foreign texts are bounded, but may hold what a terminal obeys. */
export interface Findings {
  /** In the order given. */
  readonly seeds: readonly SeedFinding[];
  /** The list of the first seed that gave one. */
  readonly list?: ListFinding;
}

/**
 * How a seed answered a probe (`GET /`) and then a sniff.
 *
 *   listed                gave a list
 *   denied, overloaded    answered one of the two with 401 or 403; with 429 or 5xx
 *   malformed, empty      returned something that is not a list; an empty list
 *   unverified            is not a node, or has not joined a cluster
 *   foreign               belongs to another cluster than the configured one, or than the one shown
 *   unreachable           no connection, or no answer in time
 *   untried               the time was over before
 */
export type SeedOutcome = "listed" | "malformed" | "empty" | "untried" | Exclude<ProbeOutcome, "verified">;

export interface SeedFinding {
  /** `scheme://host:port` and the path prefix; never a user. */
  readonly url: string;
  readonly outcome: SeedOutcome;
  /** For people. */
  readonly reason: string;
  /** Of the failure, if there was no answer: an errno name, or a code of Node or undici. */
  readonly code?: string;
  /** Whether a credential was sent. */
  readonly hasCredential: boolean;
  /** Until the last answer, or until the failure was known; connection and TLS included. */
  readonly latencyMs: number;
  /** The node's name, from its answer. */
  readonly answeredAs?: string;
  readonly clusterUuid?: string;
  readonly clusterName?: string;
  readonly version?: string;
}

export interface ListFinding {
  /** The seed that returned it. */
  readonly seed: SeedFinding;
  readonly nodes: readonly NodeFinding[];
  /** How many nodes the answering node has asked; absent if the answer does not say. */
  readonly total?: number;
  readonly successful?: number;
  readonly failed?: number;
  /** All nodes of the cluster are in it. */
  readonly complete: boolean;
  /** Only dedicated cluster managers are listed, so they are used after all. */
  readonly filterIgnored: boolean;
  /** False: the seed has a path prefix and nothing was allowed, so no published address is used. */
  readonly allowDirect: boolean;
}

/**
 *   kept          answered as a node of the cluster: a pool would use it
 *   skipped       no request: its role, or an address that cannot be connected to
 *   refused       no request: the host policy lets no credential go there, or there is none for it
 *   denied        answered 401 or 403
 *   unreachable   no connection, or no answer in time
 *   foreign       answered as a node of another cluster
 *   unverified    answered, but not as a node that has joined a cluster
 *   overloaded    answered 429 or 5xx
 *   untried       no request: the time was over, or enough other nodes were tried
 */
export type Verdict =
  | "kept"
  | "skipped"
  | "refused"
  | "denied"
  | "unreachable"
  | "foreign"
  | "unverified"
  | "overloaded"
  | "untried";

export interface NodeFinding {
  readonly id: string;
  readonly name?: string;
  /** As the cluster published it; absent if it published none. */
  readonly published?: string;
  /** `host:port` that a pool connects to; absent if it would not. */
  readonly address?: string;
  /** Absent: unknown. Empty: coordinating only. */
  readonly roles?: readonly string[];
  readonly version?: string;
  /** How many other nodes publish the same address. */
  readonly sharedBy: number;
  readonly verdict: Verdict;
  /** For people; adds nothing if the node is kept. */
  readonly reason: string;
  /** Of the failure, if there was no answer: an errno name, or a code of Node or undici. */
  readonly code?: string;
  /** The name of the node that answered at the address, if it is another one. */
  readonly answeredAs?: string;
}
