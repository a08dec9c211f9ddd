import { RollcallError } from "@rollcall/worker";
import type { CheckedBulkOptions } from "./bulk-options.js";
import type { BulkFailure, BulkResult, BulkSource, HelperPool } from "./bulk-types.js";
import { type Chunk, Chunker } from "./chunker.js";
import type { HelperEnvironment } from "./helper-timers.js";
import { type BulkVerdict, judgeBulkAnswer, judgeBulkError } from "./judge-bulk.js";
import { OpenSource } from "./open-source.js";
import { ndjsonOf, type Operation } from "./operation.js";
import { isFailure, OperationReader } from "./operation-reader.js";
import { type ChunkOwner, settleChunk } from "./settle-chunk.js";
import { Stop } from "./stop.js";
import { TextLines } from "./text-lines.js";

/**
 * One bulk, from its source to its result.
 *
 *   source ─▶ operations ─▶ open chunk ─▶ chunks in flight, at most `concurrency`
 *                              │ full, or waited long enough
 *
 * Nothing is read while a full chunk waits for its place. So no more than the chunks in flight, two further ones and one
 * piece of the source are held.
 */
export class BulkRun<Item> implements ChunkOwner {
  private readonly source: OpenSource<Item>;
  private readonly reader: OperationReader<Item>;
  private readonly lines = new TextLines();
  private readonly chunker: Chunker;
  private readonly inFlight = new Set<Promise<void>>();
  private readonly stop = new Stop();
  private readonly startedMs: number;
  private readonly counts = { succeeded: 0, failed: 0, retried: 0, byteLength: 0 };
  /** The last items that were read, until they are in chunks which have a place. */
  private taking: Promise<void> | undefined;
  private cancelFlush: (() => void) | undefined;
  private wantsFlush = false;
  /** A function of the caller threw: none is called any more. */
  private isMute = false;

  constructor(
    private readonly pool: HelperPool,
    source: BulkSource<Item>,
    private readonly options: CheckedBulkOptions<Item>,
    private readonly environment: HelperEnvironment,
  ) {
    this.source = new OpenSource(source);
    this.reader = new OperationReader(options);
    this.chunker = new Chunker(options);
    this.startedMs = environment.timers.nowMs();
  }

  /** @throws {RollcallError} what ended it early; nothing of it runs any more then */
  async run(): Promise<BulkResult> {
    const { signal } = this.options;
    const onAbort = () => this.stop.now(abortedBy(signal?.reason));
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort);
    try {
      const readError = await this.readOrStop();
      await this.source.close();
      await this.taking;
      this.setFlush(false);
      await this.startAll(this.chunker.take());
      while (this.inFlight.size > 0) await Promise.all(this.inFlight);
      await this.progressed();
      const error = this.stop.error ?? readError;
      if (error !== undefined) throw error;
      return this.result();
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  // ── from the source to chunks ─────────────────────────────────────────────────────────────────────────────────────

  /** Ends with the source, its error, or at a stop, even if the source never answers. */
  private readOrStop(): Promise<RollcallError | undefined> {
    return new Promise((resolve) => {
      this.stop.on(() => resolve(undefined));
      this.readAll().then(resolve);
    });
  }

  private async readAll(): Promise<RollcallError | undefined> {
    const take = (item: Item) => this.take(item);
    try {
      await this.source.readAll(take, () => this.stop.isStopped);
      if (!this.stop.isStopped) {
        await this.takeAll(this.lines.end());
        this.reader.end();
      }
      return undefined;
    } catch (cause) {
      if (cause instanceof UnreadableItem) return cause.error;
      const { position } = this.reader;
      return new RollcallError("CONFIG", `bulk: the source failed after ${position} operations`, { cause });
    }
  }

  private take(item: Item): Promise<void> | undefined {
    if (item instanceof Uint8Array) return this.takeAll(this.lines.add(item));
    if (this.source.isText && typeof item === "string") return this.takeAll(this.lines.add(Buffer.from(item)));
    return this.takeAll([item]);
  }

  /** A promise only where there is something to wait for. */
  private takeAll(items: readonly unknown[]): Promise<void> | undefined {
    const chunks: Chunk[] = [];
    const failures: BulkFailure[] = [];
    try {
      for (const item of items) {
        const read = this.readItem(item as Item);
        if (read === undefined) continue;
        if (isFailure(read)) failures.push(read);
        else chunks.push(...this.add(read));
      }
    } finally {
      if (chunks.length > 0 || failures.length > 0) this.taking = this.startTaken(chunks, failures);
    }
    return this.taking;
  }

  private readItem(item: Item) {
    try {
      return this.reader.read(item);
    } catch (error) {
      throw error instanceof RollcallError ? new UnreadableItem(error) : error;
    }
  }

  private add(operation: Operation): readonly Chunk[] {
    this.counts.byteLength += operation.byteLength;
    const complete = this.chunker.add(operation);
    if (complete.length > 0) this.setFlush(false);
    if (!this.chunker.isEmpty) this.setFlush(true);
    return complete;
  }

  private async startTaken(chunks: readonly Chunk[], failures: readonly BulkFailure[]): Promise<void> {
    if (failures.length > 0) await this.report(0, failures);
    await this.startAll(chunks);
    // A source that never waits would let no request leave this process.
    await new Promise((resolve) => setImmediate(resolve));
    this.taking = undefined;
    this.flushIfWanted();
  }

  private async startAll(chunks: readonly Chunk[]): Promise<void> {
    for (const chunk of chunks) {
      while (this.inFlight.size >= this.options.concurrency) await Promise.race(this.inFlight);
      this.start(chunk);
    }
  }

  private start({ operations }: Chunk): void {
    const settled = settleChunk(operations, this).then(() => {
      this.inFlight.delete(settled);
      this.flushIfWanted();
    });
    this.inFlight.add(settled);
  }

  /** The open chunk is sent after a time, whether or not the source has more by then. */
  private setFlush(isOn: boolean): void {
    if (isOn === (this.cancelFlush !== undefined || this.wantsFlush)) return;
    this.cancelFlush?.();
    this.cancelFlush = undefined;
    this.wantsFlush = false;
    if (!isOn) return;
    this.cancelFlush = this.environment.timers.after(this.options.flushAfterMs, () => {
      this.cancelFlush = undefined;
      this.wantsFlush = true;
      this.flushIfWanted();
    });
  }

  /** Not while an earlier chunk waits for its place: it would be overtaken. */
  private flushIfWanted(): void {
    if (!this.wantsFlush || this.taking !== undefined || this.inFlight.size >= this.options.concurrency) return;
    this.wantsFlush = false;
    for (const chunk of this.chunker.take()) this.start(chunk);
  }

  // ── what a chunk needs ────────────────────────────────────────────────────────────────────────────────────────────

  get retries(): number {
    return this.options.retries;
  }

  get random() {
    return this.environment.random;
  }

  get stoppedBy(): RollcallError | undefined {
    return this.stop.error;
  }

  async send(operations: readonly Operation[]): Promise<BulkVerdict> {
    const { path, query, timeoutMs, signal } = this.options;
    const isRepeatable = operations.every((operation) => operation.isRepeatable);
    try {
      const answer = await this.pool.request({
        method: "POST",
        path,
        query: { ...query, filter_path: answerFields },
        // Whatever the pool accepts: Elasticsearch takes this type only beside one without a version.
        headers: { "content-type": "application/x-ndjson", accept: "application/json" },
        body: ndjsonOf(operations),
        class: this.options.class ?? (isRepeatable ? "repeatable" : "never"),
        retry: { statuses: [429] },
        // A bulk can wait: a search has a person behind it more often.
        priority: "low",
        timeoutMs,
        signal,
      });
      return judgeBulkAnswer(answer, operations);
    } catch (error) {
      return judgeBulkError(error);
    }
  }

  async report(succeeded: number, failures: readonly BulkFailure[]): Promise<void> {
    this.counts.succeeded += succeeded;
    this.counts.failed += failures.length;
    for (const failure of failures) await this.call("onFailed", () => this.options.onFailed?.(failure));
    await this.progressed();
  }

  async backOff(waitMs: number, operations: readonly Operation[]): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.environment.timers.after(waitMs, () => {
        forget();
        resolve();
      });
      const forget = this.stop.on(() => {
        cancel();
        resolve();
      });
    });
    if (!this.stop.isStopped) this.counts.retried += operations.length;
  }

  end(error: RollcallError): void {
    this.stop.now(error);
  }

  private result(): BulkResult {
    const durationMs = this.environment.timers.nowMs() - this.startedMs;
    return { items: this.reader.position, ...this.counts, durationMs };
  }

  private progressed(): Promise<void> {
    return this.call("onProgress", () => this.options.onProgress?.(this.result()));
  }

  private async call(name: string, call: () => unknown): Promise<void> {
    if (this.isMute) return;
    try {
      await call();
    } catch (cause) {
      this.isMute = true;
      this.stop.now(new RollcallError("CONFIG", `bulk.${name} threw an error`, { cause }));
    }
  }
}

/** A whole answer is about as large as its request. `error` is that of a request that was refused as a whole. */
const answerFields = "error,items.*.status,items.*.error";

function abortedBy(reason: unknown): RollcallError {
  return new RollcallError("ABORTED", "the caller's signal fired", { cause: reason });
}

/** What cannot be read, and leaves what follows without a meaning. */
class UnreadableItem extends Error {
  constructor(readonly error: RollcallError) {
    super();
  }
}
