interface IdleWait {
  readonly upTo: number;
  remaining: number;
  resolve: () => void;
}

/** Counts the requests of a thread, numbered in order of arrival, and waits until those that have come are settled. */
export class IdleWaits {
  private readonly waits: IdleWait[] = [];
  private accepted = 0;
  private pending = 0;

  /** A request has come. Returns its number. */
  countAccepted(): number {
    this.pending++;
    return ++this.accepted;
  }

  /** The request of this number is settled, or its answer streams. Once a request. */
  countSettled(number: number): void {
    this.pending--;
    if (this.waits.length === 0) return;
    for (const wait of [...this.waits]) if (number <= wait.upTo && --wait.remaining === 0) wait.resolve();
  }

  /** Resolves when the requests that have come by now are settled, or after `atMostMs`; undefined: they are. */
  currentSettled(atMostMs: number): Promise<void> | undefined {
    if (this.pending === 0) return undefined;
    return new Promise((resolve) => {
      const wait: IdleWait = { upTo: this.accepted, remaining: this.pending, resolve };
      const timer = setTimeout(() => wait.resolve(), atMostMs);
      wait.resolve = () => {
        clearTimeout(timer);
        const at = this.waits.indexOf(wait);
        if (at >= 0) this.waits.splice(at, 1);
        resolve();
      };
      this.waits.push(wait);
    });
  }
}
