/** What a thread has asked main for, by number, and what follows the answer. */
export class OpenAsks {
  private readonly open = new Map<number, () => void>();
  private last = 0;

  /** Returns the number of a new one. */
  begin(done: () => void): number {
    this.last = (this.last + 1) | 0;
    this.open.set(this.last, done);
    return this.last;
  }

  end(ask: number): void {
    const done = this.open.get(ask);
    this.open.delete(ask);
    done?.();
  }
}
