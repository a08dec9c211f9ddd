/**
 * Refused requests fail in a later turn of the loop, those of one turn together. A caller that tries again at once would
 * otherwise hold the loop for good: no answer could come that makes room.
 */
export class RefusedRequests {
  private ends: (() => void)[] = [];

  /** `end` is without effect on a request that has ended meanwhile. */
  add(end: () => void): void {
    this.ends.push(end);
    if (this.ends.length === 1) setImmediate(this.endAll);
  }

  private readonly endAll = (): void => {
    const { ends } = this;
    this.ends = [];
    for (const end of ends) end();
  };
}
