import type { ProbeOutcome } from "@rollcall/core/health";

/** What was seen of a cluster, as plain data. Texts that came from outside are bounded, but not fit for a terminal. */
export interface Findings {
  /** In the order given. */
  readonly seeds: readonly SeedFinding[];
  /** The list of the first seed that gave one. */
  readonly list?: ListFinding;
}

/**
 * How a seed answered when it was asked who it is (`GET /`) and then for the members of its cluster.
 *
 *   listed                gave a list
 *   denied, overloaded    answered one of the two with 401 or 403; with 429 or 5xx
 *   malformed, empty      gave something that is no list; a list of nobody
 *   unverified            is no node, or has not joined a cluster
 *   foreign               belongs to another cluster than the one asked for, or than the one explained
 *   unreachable           no connection, or no answer in time
 */
export type SeedOutcome = "listed" | "malformed" | "empty" | Exclude<ProbeOutcome, "verified">;

export interface SeedFinding {
  /** `scheme://host:port` and the path prefix; never a user. */
  readonly url: string;
  readonly outcome: SeedOutcome;
  /** For people. */
  readonly reason: string;
  /** Of the failure, where no answer came: an errno name, or a code of Node or undici. */
  readonly code?: string;
  /** Whether a credential was sent. */
  readonly hasCredential: boolean;
  /** Until the last answer, or until the failure was known; connection and TLS included. */
  readonly latencyMs: number;
  /** The node's name, as it said. */
  readonly answeredAs?: string;
  readonly clusterUuid?: string;
  readonly clusterName?: string;
  readonly version?: string;
}

export interface ListFinding {
  /** Who gave it. */
  readonly seed: SeedFinding;
  readonly nodes: readonly NodeFinding[];
  /** How many nodes were asked by the one that answered; absent where it does not say. */
  readonly total?: number;
  readonly successful?: number;
  readonly failed?: number;
  /** All nodes of the cluster are in it. */
  readonly complete: boolean;
  /** Everybody listed is a dedicated cluster manager, so they are used after all. */
  readonly filterIgnored: boolean;
  /** False: the seed has a path prefix and nothing was allowed, so no published address is used. */
  readonly allowDirect: boolean;
}

/**
 *   kept          answered as a node of the cluster: a pool would use it
 *   skipped       no request: its role, or an address that nobody can connect to
 *   refused       no request: the host policy lets no credential go there, or there is none for it
 *   denied        answered 401 or 403
 *   unreachable   no connection, or no answer in time
 *   foreign       answered as a node of another cluster
 *   unverified    answered, but not as a node that has joined a cluster
 *   overloaded    answered 429 or 5xx
 */
export type Verdict =
  | "kept"
  | "skipped"
  | "refused"
  | "denied"
  | "unreachable"
  | "foreign"
  | "unverified"
  | "overloaded";

export interface NodeFinding {
  readonly id: string;
  readonly name?: string;
  /** As the cluster wrote it; absent where it named none. */
  readonly published?: string;
  /** `host:port` that a pool connects to; absent where it would not. */
  readonly address?: string;
  /** Absent: unknown. Empty: coordinating only. */
  readonly roles?: readonly string[];
  readonly version?: string;
  /** How many other nodes publish the same address. */
  readonly sharedBy: number;
  readonly verdict: Verdict;
  /** For people; says nothing new where the node is kept. */
  readonly reason: string;
  /** Of the failure, where no answer came: an errno name, or a code of Node or undici. */
  readonly code?: string;
  /** The name of the node that was met at the address, where it is another one. */
  readonly answeredAs?: string;
}
