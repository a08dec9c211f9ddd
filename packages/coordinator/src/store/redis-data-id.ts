/**
 * What tells the data of one Redis server from those of another, and from those that it had before it became a replica or
 * was started again.
 *
 * A server has a `run_id` from its start to its end, and a `master_replid` that changes when it takes over from a primary,
 * and when it takes the data of one. As long as both are the same, it goes on with the data that it had.
 */
export class RedisDataId {
  private id: string | undefined;

  /** Reads what ioredis asks each new connection for: the fields of `INFO`, none without the permission for it. */
  note(info: unknown): void {
    const { run_id: run, master_replid: data } = Object(info);
    this.id = isId(run) && isId(data) ? `${run} ${data}` : undefined;
  }

  /** Undefined: it is not known, as with a proxy that gives none. */
  get current(): string | undefined {
    return this.id;
  }
}

/** Of the server that this client is connected to; undefined where it is not known, as of a Redis Cluster. */
export function dataIdOf(client: object): string | undefined {
  const connector: unknown = Reflect.get(client, "connector");
  const id: unknown =
    typeof connector === "object" && connector !== null ? Reflect.get(connector, "dataId") : undefined;
  return id instanceof RedisDataId ? id.current : undefined;
}

function isId(text: unknown): boolean {
  return typeof text === "string" && /^[0-9a-f]{40}$/.test(text);
}
