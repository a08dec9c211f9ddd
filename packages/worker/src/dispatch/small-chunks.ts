/** An answer's chunks are kept as they come, up to this number: most answers have fewer. */
export const chunksKept = 64;
/** Chunks from this size on are kept as they come, whatever their number. */
const largeBytes = 4_096;
const blockBytes = 65_536;

/**
 * Puts the small chunks of an answer together in blocks, in order, so that its memory is in proportion to its bytes: a
 * `Buffer` for a chunk of one byte takes a hundred.
 */
export class SmallChunks {
  private block: Buffer | undefined;
  private filled = 0;

  /** Blocks are added to the end of `chunks`. */
  constructor(private readonly chunks: Buffer[]) {}

  add(chunk: Buffer): void {
    if (this.block === undefined && chunk.length >= largeBytes) {
      this.chunks.push(chunk);
      return;
    }
    for (let from = 0; from < chunk.length; ) {
      this.block ??= Buffer.allocUnsafeSlow(blockBytes);
      const copied = chunk.copy(this.block, this.filled, from);
      from += copied;
      this.filled += copied;
      if (this.filled === blockBytes) this.end();
    }
  }

  /** No chunk follows, or a large one may stand by itself again. */
  end(): void {
    if (this.block === undefined) return;
    this.chunks.push(this.block.subarray(0, this.filled));
    this.block = undefined;
    this.filled = 0;
  }
}
