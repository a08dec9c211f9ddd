import { pieceMaxBytes } from "@rollcall/core/request";
import { isFullBlock } from "../dispatch/socket-reads.js";

/** What pieces of a stream are written to. */
export interface PieceLane {
  /** A piece whose buffer is transferred as it is. */
  wholePiece(id: number, bytes: Buffer): void;
  /** One piece, made of these: copied. */
  joinedPiece(id: number, parts: readonly Buffer[], byteLength: number): void;
}

/**
 * What has come of one stream in this turn, joined: bytes that lie side by side in one block are one run. A run that
 * has its block for itself is transferred with it; the others are copied together, up to a size.
 */
export class PieceRuns {
  private runs: Buffer[] = [];

  add(bytes: Buffer): void {
    const last = this.runs.at(-1);
    if (last === undefined || last.buffer !== bytes.buffer || last.byteOffset + last.length !== bytes.byteOffset) {
      this.runs.push(bytes);
      return;
    }
    this.runs[this.runs.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + bytes.length);
  }

  clear(): void {
    this.runs = [];
  }

  /** Writes all that was added, in order. */
  post(id: number, lane: PieceLane): void {
    let parts: Buffer[] = [];
    let byteLength = 0;
    const postParts = () => {
      if (byteLength > 0) lane.joinedPiece(id, parts, byteLength);
      parts = [];
      byteLength = 0;
    };
    for (const run of this.runs) {
      const isWhole = this.fills(run);
      if (isWhole || byteLength + run.length > pieceMaxBytes) postParts();
      if (isWhole) lane.wholePiece(id, run);
      else {
        parts.push(run);
        byteLength += run.length;
      }
    }
    postParts();
    this.runs = [];
  }

  /** Whether the run may take its block with it: nothing else that has not been posted lies there. */
  private fills(run: Buffer): boolean {
    const { buffer } = run;
    if (run.length * 2 < buffer.byteLength || !isFullBlock(buffer)) return false;
    return this.runs.every((other) => other === run || other.buffer !== buffer);
  }
}
