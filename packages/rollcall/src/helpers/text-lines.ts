import { isUtf8 } from "node:buffer";

/** Divides a text in UTF-8 that comes in pieces, cut anywhere, into its lines. Empty lines are left out. */
export class TextLines {
  private rest: Buffer[] = [];

  /**
   * The lines that end in this piece.
   *
   * @throws where they are not UTF-8: to read them would put other characters in the place of theirs
   */
  add(piece: Uint8Array): string[] {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const last = bytes.lastIndexOf(lineBreak);
    if (last < 0) {
      // A copy: the reader of a file may use its memory again.
      this.rest.push(Buffer.from(bytes));
      return [];
    }
    const whole = Buffer.concat([...this.rest, bytes.subarray(0, last)]);
    this.rest = last + 1 < bytes.length ? [Buffer.from(bytes.subarray(last + 1))] : [];
    return linesIn(whole);
  }

  /** What follows the last line break. */
  end(): string[] {
    const whole = Buffer.concat(this.rest);
    this.rest = [];
    return linesIn(whole);
  }
}

const lineBreak = 0x0a;

function linesIn(bytes: Buffer): string[] {
  if (!isUtf8(bytes)) throw new Error("the text is not in UTF-8");
  return bytes
    .toString("utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
