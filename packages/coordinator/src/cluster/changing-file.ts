import { Listeners, type Logger, logEvent, RollcallError, type Timers, withDeadline } from "@rollcall/core";
import { WarnOnce } from "../warn-once.js";
import { type FileReading, fileStampLater, fileStampNow, readFileLater, readFileNow } from "./read-file.js";

/** Which file, and what its bytes must be. */
export interface FileSource<Content> {
  /** The option that names it, such as `auth.passwordFile`: for errors and log lines. */
  readonly option: string;
  /** An absolute path, which may lead through links. It is shown in errors and log lines. */
  readonly path: string;
  readonly maxBytes: number;
  /** What is wrong with an empty file, in words that follow it. Default: "is empty". */
  readonly whenEmpty?: string;
  /**
   * What the bytes mean, or why they cannot be used: `problem` completes a sentence that begins with the file, and holds
   * no part of it. Must not throw.
   */
  readonly parse: (bytes: Buffer) => FileContent<Content>;
}

export type FileContent<Content> =
  | { readonly kind: "usable"; readonly content: Content }
  | { readonly kind: "failed"; readonly problem: string };

type Parsed<Content> =
  | { readonly kind: "usable"; readonly content: Content; readonly bytes: Buffer }
  | { readonly kind: "failed"; readonly problem: string };

/** Time between two checks whether the file has changed. */
const checkMs = 2_000;
/** A change is taken over if the file stays as it is for so long: a writer may be halfway. */
const settleMs = 100;
/** So often, in a row, a file that changes on is read again; then the next check goes on. */
const readingsMax = 5;
/** How long `reread` waits for a file system that does not answer. */
const rereadWithinMs = 5_000;

/**
 * A file of a secret or certificate that another program renews: in place, by renaming, or by a link that leads
 * elsewhere, as Kubernetes does.
 *
 * It is read when this is created, and after `start` each time it has changed. New content that cannot be used is
 * logged once, and what was read before stays: `content` is always usable.
 */
export class ChangingFile<Content> {
  private current: Content;
  private bytes: Buffer;
  /** Of the file whose content was judged last. */
  private stamp: string;
  private checking: Promise<void> | undefined;
  /** A check that begins when the one that runs has ended. */
  private nextCheck: Promise<void> | undefined;
  private closed = false;
  private cancelCheck = () => {};
  private readonly warnings: WarnOnce;
  private readonly changes = new Listeners<void>();

  /** @throws {RollcallError} `CONFIG` if the file cannot be used: the option, the file and why, in one line */
  constructor(
    private readonly source: FileSource<Content>,
    private readonly timers: Timers,
    private readonly logger: Logger,
  ) {
    const { option, path, maxBytes } = source;
    this.stamp = fileStampNow(path);
    const first = this.parse(readFileNow(path, maxBytes));
    if (first.kind === "failed") {
      throw new RollcallError("CONFIG", `${option}: the file ${JSON.stringify(path)} ${first.problem}`);
    }
    this.bytes = first.bytes;
    this.current = first.content;
    this.warnings = new WarnOnce(logger);
  }

  /** That of the last reading that could be used. */
  get content(): Content {
    return this.current;
  }

  /** Checks every 2 s from now on, until `close`. */
  start(): void {
    this.cancelCheck();
    if (!this.closed) this.cancelCheck = this.timers.after(checkMs, () => void this.check().then(() => this.start()));
  }

  /** Calls `listener` each time `content` is another, until what it returns is called. */
  onChange(listener: () => void): () => void {
    return this.changes.add(listener);
  }

  /**
   * Checks now. Resolves, within 5 s, with whether `content` is another than at the call. Calls that come together make
   * one check. Never rejects.
   */
  async reread(): Promise<boolean> {
    const { bytes } = this;
    await withDeadline(this.check(), rereadWithinMs, this.timers, () => {});
    return this.bytes !== bytes;
  }

  close(): void {
    this.closed = true;
    this.cancelCheck();
  }

  /** One at a time: a file system that hangs must not get a second call. */
  private check(): Promise<void> {
    if (this.checking === undefined) {
      this.checking = this.readChange().finally(() => {
        this.checking = undefined;
      });
      return this.checking;
    }
    // The one that runs may have looked before the file changed.
    this.nextCheck ??= this.checking.then(() => {
      this.nextCheck = undefined;
      return this.check();
    });
    return this.nextCheck;
  }

  private async readChange(): Promise<void> {
    const { path, maxBytes } = this.source;
    for (let readings = 0; readings < readingsMax; readings++) {
      const stamp = await fileStampLater(path);
      if (stamp === this.stamp || this.closed) return;
      const reading = await readFileLater(path, maxBytes);
      await new Promise<void>((resolve) => this.timers.after(settleMs, resolve));
      const isSettled = (await fileStampLater(path)) === stamp;
      if (this.closed) return;
      if (isSettled) return this.take(reading, stamp);
    }
  }

  private take(reading: FileReading, stamp: string): void {
    this.stamp = stamp;
    const { option, path } = this.source;
    const next = this.parse(reading);
    const file = `the file ${JSON.stringify(path)} (${option})`;
    if (next.kind === "failed") {
      const { problem } = next;
      const text = `${file} ${problem}: what was read of it before stays in use`;
      this.warnings.warn("file", "file.refused", { option, path, problem }, text, problem);
      return;
    }
    this.warnings.clear("file");
    if (next.bytes.equals(this.bytes)) return;
    this.bytes = next.bytes;
    this.current = next.content;
    logEvent(this.logger, "file.reread", { option, path }, `${file} has changed, and its new content is in use`);
    this.changes.emit();
  }

  private parse(reading: FileReading): Parsed<Content> {
    if (reading.kind === "failed") return reading;
    if (reading.bytes.length === 0) return { kind: "failed", problem: this.source.whenEmpty ?? "is empty" };
    const parsed = this.source.parse(reading.bytes);
    return parsed.kind === "failed" ? parsed : { ...parsed, bytes: reading.bytes };
  }
}
