/** Limits how many pieces of work run at once; the others wait in order of arrival. */
export class Semaphore {
  private readonly waiting: (() => void)[] = [];

  /** @param free how many may run at once, 1 or more */
  constructor(private free: number) {}

  /** Runs `work` once a place is free, and gives the place back however the work ends. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free++;
      else next();
    }
  }
}
