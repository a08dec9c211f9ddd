import { chunksKept, SmallChunks } from "./small-chunks.js";

/**
 * The body of an answer that is collected, as far as it has come. Most answers come in one chunk: theirs takes no list
 * and is not copied.
 */
export class CollectedBody {
  /** Of all that was added. */
  byteLength = 0;
  private only: Buffer | undefined;
  /** With a second chunk all of them are here. */
  private chunks: Buffer[] | undefined;
  private smallChunks: SmallChunks | undefined;

  add(chunk: Buffer): void {
    this.byteLength += chunk.length;
    if (this.chunks === undefined) {
      if (this.only === undefined) this.only = chunk;
      else this.chunks = [this.only, chunk];
    } else if (this.chunks.length < chunksKept) this.chunks.push(chunk);
    else {
      this.smallChunks ??= new SmallChunks(this.chunks);
      this.smallChunks.add(chunk);
    }
  }

  /** Of a body that is whole. */
  get bytes(): Buffer {
    this.smallChunks?.end();
    if (this.chunks !== undefined) return Buffer.concat(this.chunks);
    return this.only ?? empty;
  }
}

const empty = Buffer.alloc(0);
