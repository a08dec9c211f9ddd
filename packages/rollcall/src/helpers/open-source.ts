/** A source of items that is read one by one, and closed once. */
export class OpenSource<Item> {
  /** Its strings are pieces, cut anywhere, not lines. */
  readonly isText: boolean;
  private iterator: Iterator<Item> | AsyncIterator<Item> | undefined;
  private isReading = false;
  private isDone = false;

  constructor(private readonly source: Iterable<Item> | AsyncIterable<Item>) {
    const { readableEncoding, readableObjectMode } = source as Partial<ReadableState>;
    this.isText = typeof readableEncoding === "string" && readableObjectMode !== true;
  }

  /** Calls `take` with each item until the source ends, or `isStopped`; waits for it only where it returns a promise. */
  async readAll(take: (item: Item) => Promise<void> | undefined, isStopped: () => boolean): Promise<void> {
    const { source } = this;
    const isAsync = Symbol.asyncIterator in source;
    const iterator = isAsync ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.iterator = iterator;
    while (!isStopped()) {
      this.isReading = true;
      const next = iterator.next();
      const { done, value } = isAsync ? await next : (next as IteratorResult<Item>);
      this.isReading = false;
      if (done === true) {
        this.isDone = true;
        return;
      }
      if (isStopped()) return;
      const taken = take(value);
      if (taken !== undefined) await taken;
    }
  }

  /** Ends a source that has more. One that does not answer is left alone: nothing waits for it. */
  async close(): Promise<void> {
    if (this.isDone) return;
    this.isDone = true;
    const { destroy } = this.source as Partial<ReadableState>;
    try {
      if (typeof destroy === "function") destroy.call(this.source);
      const returned = Promise.resolve(this.iterator?.return?.()).catch(ignore);
      if (!this.isReading) await returned;
    } catch {
      // What ended the reading is the error that counts.
    }
  }
}

/** What a `Readable` has more than an iterable. */
interface ReadableState {
  readonly readableEncoding: string | null;
  readonly readableObjectMode: boolean;
  destroy(): void;
}

const ignore = () => {};
