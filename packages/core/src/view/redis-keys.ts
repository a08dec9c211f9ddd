/** Everything that one view has in Redis. The braces put all of it into one slot of a Redis Cluster. */
export interface RedisKeys {
  /** Who leads; expires by itself. */
  readonly lease: string;
  /** The last epoch that was given out. */
  readonly epoch: string;
  readonly head: string;
  readonly topology: string;
  readonly marks: string;
  /** Channel: heads, releases and roll calls, for everybody. */
  readonly events: string;
  /** Channel: failure reports and digests, for leaders. */
  readonly reports: string;
}

export function redisKeys(name: string): RedisKeys {
  const key = (part: string) => `{rollcall:${name}}:${part}`;
  return {
    lease: key("lease"),
    epoch: key("epoch"),
    head: key("head"),
    topology: key("topology"),
    marks: key("marks"),
    events: key("events"),
    reports: key("reports"),
  };
}
