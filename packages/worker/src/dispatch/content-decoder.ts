import type { ContentCoding } from "./content-codings.js";
import { type ContentEngine, headBytes, openEngine } from "./content-engine.js";
import { brokenContent, surplusContent, type UnreadableContent } from "./unreadable-content.js";

/** What receives an unpacked body, piece by piece. */
export interface UnpackedReader {
  piece(bytes: Buffer): void;
  /** No more is to be written for now, or again. */
  full(isFull: boolean): void;
  /** All that was written is unpacked and was taken; `error`: it was not what it should be. Nothing follows. */
  ended(error?: UnreadableContent): void;
}

/**
 * Undoes one coding of a body in Node's thread pool, piece by piece, and holds a bounded part of it.
 *
 *   open ──end(true)──▶ finishing ──its engine has ended──▶ over
 *    └────end(false)──▶ draining ──what was written is taken──▶ over
 *
 * An error of the engine, or `stop`, leads from each to over.
 */
export class ContentDecoder {
  private state: "open" | "finishing" | "draining" | "over" = "open";
  private engine: ContentEngine | undefined;
  /** Until there is enough of it to open the engine. */
  private head: Buffer = Buffer.alloc(0);
  private writtenBytes = 0;
  /** Writes that the engine has not worked off. */
  private pending = 0;
  private isHeld = false;

  constructor(
    private readonly coding: ContentCoding,
    private readonly reader: UnpackedReader,
  ) {}

  write(bytes: Buffer): void {
    if (this.state === "open") this.feed(bytes);
  }

  /** Nothing is written any more. False: the rest of the body is lost, so what has come is all that is to be had. */
  end(isWhole: boolean): void {
    if (this.state !== "open") return;
    if (this.engine === undefined && this.head.length > 0) this.open(this.head);
    // A body of no bytes is one in any coding.
    if (this.engine === undefined) return this.finish();
    this.state = isWhole ? "finishing" : "draining";
    if (isWhole) this.engine.end();
    else this.finishIfDrained();
  }

  /** No piece is wanted for now, or again. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    if (isHeld) this.engine?.pause();
    else this.engine?.resume();
  }

  /** Nothing more is wanted: the reader is not called any more. */
  stop(): void {
    this.state = "over";
    this.engine?.destroy();
  }

  private feed(bytes: Buffer): void {
    if (this.engine !== undefined) return this.put(this.engine, bytes);
    this.head = Buffer.concat([this.head, bytes]);
    if (this.head.length >= headBytes) this.open(this.head);
  }

  private open(head: Buffer): void {
    const engine = openEngine(this.coding, head);
    this.engine = engine;
    engine.on("data", (piece: Buffer) => {
      if (this.state === "over") return;
      this.reader.piece(piece);
      this.finishIfDrained();
    });
    engine.on("drain", () => {
      if (this.state !== "over") this.reader.full(false);
    });
    engine.on("end", () => this.engineEnded(engine));
    engine.on("error", (error: NodeJS.ErrnoException) => this.finish(brokenContent(this.coding, error)));
    if (this.isHeld) engine.pause();
    this.put(engine, head);
  }

  private put(engine: ContentEngine, bytes: Buffer): void {
    this.writtenBytes += bytes.length;
    this.pending++;
    const hasRoom = engine.write(bytes, () => {
      this.pending--;
      this.finishIfDrained();
    });
    if (!hasRoom) this.reader.full(true);
  }

  /** Its part of the body is over; so must be the body. */
  private engineEnded(engine: ContentEngine): void {
    const isExact = this.state === "finishing" && engine.bytesWritten === this.writtenBytes;
    this.finish(isExact ? undefined : surplusContent(this.coding));
  }

  private finishIfDrained(): void {
    if (this.state === "draining" && this.pending === 0 && this.engine?.readableLength === 0) this.finish();
  }

  private finish(error?: UnreadableContent): void {
    if (this.state === "over") return;
    this.stop();
    this.reader.ended(error);
  }
}
