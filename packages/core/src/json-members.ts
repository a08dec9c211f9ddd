import type { Steps } from "./steps.js";

/** Where a value stands in the bytes. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
const stepBytes = 131_072;

/**
 * Where the members of the JSON object in this range stand, by name; the last of a name counts, as in `JSON.parse`.
 * Undefined if it is no object, or has more than `membersMax`.
 *
 * `JSON.parse` of megabytes would hold up the thread, and nested lists take many times their bytes. This looks for the
 * end of each value only, in steps, and takes no memory for it. So a value that is found may still be no JSON, until
 * {@link parseMember} has read it.
 */
export function* membersOf(
  bytes: Uint8Array,
  range: ByteRange,
  membersMax: number,
): Steps<ReadonlyMap<string, ByteRange> | undefined> {
  const members = new Map<string, ByteRange>();
  let name = "";
  const memberValue = (from: number) => {
    const nameEnd = bytes[from] === quote ? endOfText(bytes, from, range.to) : range.to;
    const colonAt = skipSpace(bytes, nameEnd, range.to);
    if (colonAt >= range.to || bytes[colonAt] !== colon) return undefined;
    const read = parseMember(bytes, { from, to: nameEnd });
    if (typeof read !== "string") return undefined;
    name = read;
    return skipSpace(bytes, colonAt + 1, range.to);
  };
  const isWhole = yield* eachItem(bytes, range, [openBrace, closeBrace], memberValue, (value) => {
    return members.set(name, value).size <= membersMax;
  });
  return isWhole ? members : undefined;
}

/** The same of the elements of a JSON array, in their order. */
export function* elementsOf(
  bytes: Uint8Array,
  range: ByteRange,
  elementsMax: number,
): Steps<readonly ByteRange[] | undefined> {
  const elements: ByteRange[] = [];
  const elementValue = (from: number) => from;
  const isWhole = yield* eachItem(bytes, range, [openBracket, closeBracket], elementValue, (value) => {
    return elements.push(value) <= elementsMax;
  });
  return isWhole ? elements : undefined;
}

/**
 * Goes over the items between two brackets that hold all of the range. False if they do not, if `valueFrom` finds no
 * value in the item that begins there, or as soon as `take` returns false.
 */
function* eachItem(
  bytes: Uint8Array,
  { from, to }: ByteRange,
  [open, close]: readonly [number, number],
  valueFrom: (itemFrom: number) => number | undefined,
  take: (value: ByteRange) => boolean,
): Steps<boolean> {
  const isEnd = (at: number) => skipSpace(bytes, at + 1, to) === to;
  let at = skipSpace(bytes, from, to);
  if (bytes[at] !== open) return false;
  at = skipSpace(bytes, at + 1, to);
  if (bytes[at] === close) return isEnd(at);
  const pace = { stepEnd: at + stepBytes };
  while (at < to) {
    const valueAt = valueFrom(at);
    if (valueAt === undefined) return false;
    at = yield* endOfValue(bytes, valueAt, to, pace);
    if (!take({ from: valueAt, to: at })) return false;
    if (bytes[at] === close) return isEnd(at);
    if (bytes[at] !== comma) return false;
    at = skipSpace(bytes, at + 1, to);
  }
  return false;
}

/** Where the value that begins at `from` is followed by a comma or the end of what it stands in; `to` if by neither. */
function* endOfValue(bytes: Uint8Array, from: number, to: number, pace: { stepEnd: number }): Steps<number> {
  let depth = 0;
  for (let at = from; at < to; at++) {
    if (at >= pace.stepEnd) {
      pace.stepEnd = at + stepBytes;
      yield;
    }
    const byte = bytes[at];
    if (byte === quote) at = endOfText(bytes, at, to) - 1;
    else if (byte === openBrace || byte === openBracket) depth++;
    else if (depth === 0 && (byte === comma || byte === closeBrace || byte === closeBracket)) return at;
    else if (byte === closeBrace || byte === closeBracket) depth--;
  }
  return to;
}

/** The JSON value in this range, as UTF-8; undefined if it is none. */
export function parseMember(bytes: Uint8Array, { from, to }: ByteRange): unknown {
  try {
    return JSON.parse(utf8.decode(bytes.subarray(from, to)));
  } catch {
    return undefined; // The parser's message quotes the text.
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Behind the text that begins at `from`; `to` if it does not end. */
function endOfText(bytes: Uint8Array, from: number, to: number): number {
  for (let end = bytes.indexOf(quote, from + 1); end !== -1 && end < to; end = bytes.indexOf(quote, end + 1)) {
    let first = end;
    while (bytes[first - 1] === backslash) first--;
    if ((end - first) % 2 === 0) return end + 1;
  }
  return to;
}

function skipSpace(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isSpace(bytes[at])) at++;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
