/** Every key and channel of one view in Redis. The braces put all of them into one slot of a Redis Cluster. */
export interface RedisKeys {
  /** The leader's name; expires with the lease. */
  readonly lease: string;
  /** The last epoch that was given out. */
  readonly epoch: string;
  readonly head: string;
  readonly topology: string;
  readonly marks: string;
  readonly history: string;
  /** Channel that every process subscribes to: heads, releases, peer probe requests and entries of the history. */
  readonly events: string;
  /** Channel that every process subscribes to: who may ask for heartbeats need not be allowed to publish heads. */
  readonly statusRequests: string;
  /** Channel of heartbeats, for coordinators and for `rollcall status`. */
  readonly heartbeats: string;
  /** Channel of failure reports, for the leader alone. */
  readonly reports: string;
  /** Channel of peer probe results, for the leader alone. */
  readonly probeResults: string;
  /** Channel of operators' requests, for the leader alone. */
  readonly operations: string;
  /** Channel of the leader's answers to them. */
  readonly operationResults: string;
}

export function redisKeys(name: string): RedisKeys {
  const key = (part: string) => `{rollcall:${name}}:${part}`;
  return {
    lease: key("lease"),
    epoch: key("epoch"),
    head: key("head"),
    topology: key("topology"),
    marks: key("marks"),
    history: key("history"),
    events: key("events"),
    statusRequests: key("status-requests"),
    heartbeats: key("heartbeats"),
    reports: key("reports"),
    probeResults: key("probe-results"),
    operations: key("operations"),
    operationResults: key("operation-results"),
  };
}
