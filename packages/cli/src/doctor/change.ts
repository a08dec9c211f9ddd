/**
 * The causes that the doctor can find, the earlier in the way of a request the first: what comes later may only be a
 * consequence. A word is stable; a later release may add some.
 */
export const causes = [
  "proxy",
  "name",
  "slow-name",
  "no-connection",
  "one-address",
  "scheme",
  "certificate-authority",
  "certificate-name",
  "certificate-dates",
  "client-certificate",
  "tls",
  "no-credential",
  "credential",
  "privilege",
  "two-clusters",
  "not-a-node",
  "overloaded",
  "load-balancer",
  "addresses",
  "node-tls",
  "node-unreachable",
  "host-policy",
  "nodes",
  "clear-text",
  "certificate-unverified",
  "redis-away",
  "redis-kind",
  "redis-version",
  "redis-permissions",
  "redis-memory",
  "redis-latency",
  "view-cluster",
  "view",
  "certificate-ends",
  "clock",
] as const;

export type Cause = (typeof causes)[number];

/** One thing that is wrong, or soon will be, and what to change. Texts are for people, and may change. */
export interface Change {
  readonly cause: Cause;
  /** False: all works as it is, but is worth a look. */
  readonly isFault: boolean;
  /** It stops every seed. */
  readonly stopsAll: boolean;
  /** What is wrong, and where. */
  readonly problem: string;
  /** What to change. */
  readonly remedy: string;
  /** Lines to copy. */
  readonly paste?: readonly string[];
}
