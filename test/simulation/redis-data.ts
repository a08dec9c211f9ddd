interface Value {
  /** Bytes are kept as latin1 text: one character a byte. */
  readonly text: string;
  readonly expiresAtMs: number | undefined;
}

/** The keys of one Redis, with its clock and its channels. Keys expire by the clock of Redis. */
export class RedisData {
  private values: Map<string, Value>;

  constructor(
    readonly nowMs: () => number,
    readonly publish: (channel: string, message: string) => void,
    values: ReadonlyMap<string, Value> = new Map(),
  ) {
    this.values = new Map(values);
  }

  text(key: string): string | undefined {
    const value = this.values.get(key);
    if (value === undefined) return undefined;
    if (value.expiresAtMs === undefined || this.nowMs() < value.expiresAtMs) return value.text;
    this.values.delete(key);
    return undefined;
  }

  bytes(key: string): number {
    return this.text(key)?.length ?? 0;
  }

  expiresInMs(key: string): number | undefined {
    const expiresAtMs = this.text(key) === undefined ? undefined : this.values.get(key)?.expiresAtMs;
    return expiresAtMs === undefined ? undefined : expiresAtMs - this.nowMs();
  }

  set(key: string, text: string, leaseMs?: number): void {
    this.values.set(key, { text, expiresAtMs: leaseMs === undefined ? undefined : this.nowMs() + leaseMs });
  }

  expire(key: string, afterMs: number): void {
    const text = this.text(key);
    if (text !== undefined) this.set(key, text, afterMs);
  }

  delete(key: string): void {
    this.values.delete(key);
  }

  flush(): void {
    this.values.clear();
  }

  /** What a replica would have of it. */
  copied(): ReadonlyMap<string, Value> {
    return new Map(this.values);
  }
}
