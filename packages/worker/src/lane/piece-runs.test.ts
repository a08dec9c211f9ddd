import assert from "node:assert/strict";
import { Socket } from "node:net";
import { describe, it } from "node:test";
import { pieceMaxBytes } from "@rollcall/core/request";
import { SocketReads } from "../dispatch/socket-reads.js";
import { PieceRuns } from "./piece-runs.js";

/** What is read in one stream, read by read: each a number of bytes at most as long as the room for it. */
function readsOf(...lengths: readonly number[]): Buffer[] {
  const reads = new SocketReads();
  reads.isStreaming = true;
  const chunks: Buffer[] = [];
  const socket = new Socket();
  reads.attach(socket);
  // As undici's parser does.
  socket.on("readable", () => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read()) chunks.push(chunk);
  });
  let room = reads.onread.buffer();
  for (const [at, length] of lengths.entries()) {
    room.fill(at + 1, 0, length);
    reads.onread.callback(length, room);
    room = reads.onread.buffer();
  }
  return chunks;
}

/** What becomes of these pieces: `whole 5` is transferred, `joined 2+3` is copied into one. */
function posted(pieces: readonly Buffer[]): string[] {
  const runs = new PieceRuns();
  for (const piece of pieces) runs.add(piece);
  const lines: string[] = [];
  const bytes: Buffer[] = [];
  runs.post(0, {
    wholePiece: (_, piece) => lines.push(`whole ${bytes.push(piece) && piece.length}`),
    joinedPiece: (_, parts) =>
      lines.push(`joined ${bytes.push(...parts) && parts.map(({ length }) => length).join("+")}`),
  });
  assert.deepEqual(Buffer.concat(bytes), Buffer.concat(pieces));
  return lines;
}

const half = pieceMaxBytes / 2;

describe("the pieces of one turn", () => {
  it("reads that fill a block are one piece, which is not copied", () => {
    assert.deepEqual(posted(readsOf(100_000, 100_000)), ["whole 200000"]);
    assert.deepEqual(posted(readsOf(pieceMaxBytes, pieceMaxBytes)), [
      `whole ${pieceMaxBytes}`,
      `whole ${pieceMaxBytes}`,
    ]);
  });

  it("what lies in a block that the socket goes on reading into is copied", () => {
    assert.deepEqual(posted(readsOf(half, 5)), [`whole ${half}`, "joined 5"]);
    assert.deepEqual(posted(readsOf(1, 2, 3)), ["joined 6"]);
  });

  it("a part of a full block that is less than its half, or one of two parts, is copied", () => {
    const [, last] = readsOf(half - 10, half - 20) as [Buffer, Buffer];
    assert.deepEqual(posted([last]), [`joined ${half - 20}`]);
    const [all] = readsOf(pieceMaxBytes) as [Buffer];
    assert.deepEqual(posted([all.subarray(0, half + 10), all.subarray(half + 12)]), [
      `joined ${half + 10}+${half - 12}`,
    ]);
  });

  it("small pieces are joined up to the size of one piece", () => {
    const other = Buffer.alloc(pieceMaxBytes);
    assert.deepEqual(posted([other.subarray(1), Buffer.from("ab")]), [`joined ${pieceMaxBytes - 1}`, "joined 2"]);
  });
});
