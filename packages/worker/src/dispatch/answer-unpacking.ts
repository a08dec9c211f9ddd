import type { ContentCoding } from "./content-codings.js";
import { ContentDecoder, type UnpackedReader } from "./content-decoder.js";
import { unpackNow } from "./content-engine.js";
import { chunksKept } from "./small-chunks.js";
import { brokenContent, surplusContent, UnreadableContent } from "./unreadable-content.js";

/** Packed, and unpacked: up to this a thread unpacks an answer at once, in less time than the thread pool takes. */
const packedAtOnceMaxBytes = 32_768;
const unpackedAtOnceMaxBytes = 262_144;

/**
 * Unpacks the body of one answer: a small one at once when it is whole, any other as it comes, by one decoder for each
 * coding. The decoders stand in a row; each writes to the next, the last one to the body's reader.
 */
export class AnswerUnpacking {
  private readonly packed: Buffer[] = [];
  private packedBytes = 0;
  private decoders: readonly ContentDecoder[] = [];
  private isHeld = false;
  private isWhole = false;
  private isOver = false;

  /** `codings`: in the order in which they are to be undone. `asItComes`: also of a small body. */
  constructor(
    private readonly codings: readonly ContentCoding[],
    private readonly asItComes: boolean,
    private readonly reader: UnpackedReader,
  ) {}

  write(bytes: Buffer): void {
    const [first] = this.decoders;
    if (first !== undefined) return first.write(bytes);
    this.packed.push(bytes);
    this.packedBytes += bytes.length;
    if (this.asItComes || !this.isSmall) this.open();
  }

  /** As of a {@link ContentDecoder}. */
  end(isWhole: boolean): void {
    this.isWhole = isWhole;
    if (this.decoders.length === 0) {
      if (isWhole && this.unpackAtOnce()) return;
      this.open();
    }
    this.decoders[0]?.end(isWhole);
  }

  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    this.decoders.at(-1)?.hold(isHeld);
  }

  stop(): void {
    this.isOver = true;
    for (const decoder of this.decoders) decoder.stop();
  }

  private get isSmall(): boolean {
    return this.packedBytes <= packedAtOnceMaxBytes && this.packed.length <= chunksKept;
  }

  /** False: it is too large for that, or zlib lacks memory for it. */
  private unpackAtOnce(): boolean {
    let body: Buffer = Buffer.concat(this.packed);
    try {
      // A body of no bytes is one in any coding.
      if (body.length > 0) for (const coding of this.codings) body = unpackedNow(coding, body);
    } catch (error) {
      if (!(error instanceof UnreadableContent)) return false;
      this.ended(error);
      return true;
    }
    if (body.length > 0) this.reader.piece(body);
    this.ended();
    return true;
  }

  private open(): void {
    const decoders = this.codings.map((coding, at) => new ContentDecoder(coding, this.readerAfter(at)));
    this.decoders = decoders;
    if (this.isHeld) decoders.at(-1)?.hold(true);
    for (const bytes of this.packed.splice(0)) decoders[0]?.write(bytes);
  }

  /** What the decoder at this place writes to, and what holds its own input back. */
  private readerAfter(at: number): UnpackedReader {
    const next = () => this.decoders[at + 1];
    return {
      piece: (bytes) => (next() ?? this.lastStop).write(bytes),
      full: (isFull) => (at === 0 ? this.reader.full(isFull) : this.decoders[at - 1]?.hold(isFull)),
      ended: (error) => (error === undefined ? (next() ?? this.lastStop).end(this.isWhole) : this.ended(error)),
    };
  }

  private readonly lastStop = {
    write: (bytes: Buffer) => this.reader.piece(bytes),
    end: () => this.ended(),
  };

  private ended(error?: UnreadableContent): void {
    if (this.isOver) return;
    this.stop();
    this.reader.ended(error);
  }
}

/** @throws {UnreadableContent} */
function unpackedNow(coding: ContentCoding, packed: Buffer): Buffer {
  try {
    const { body, usedBytes } = unpackNow(coding, packed, unpackedAtOnceMaxBytes);
    if (usedBytes === packed.length) return body;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "ERR_BUFFER_TOO_LARGE" ? error : brokenContent(coding, { code });
  }
  throw surplusContent(coding);
}
