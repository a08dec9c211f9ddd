import { readNodeKey } from "./codec.js";
import { type HistoryEntry, historyMax } from "./history.js";
import {
  type Decoded,
  decodeWith,
  type Fields,
  parseJson,
  readName,
  readObject,
  readOptional,
  readString,
  readTime,
  refuse,
} from "./json-fields.js";
import { viewLimits } from "./limits.js";

// One line of JSON an entry: so the store adds entries at the end, and neither sends nor rewrites what is there.

/** @param seal what becomes of each line, such as a sealed one */
export function encodeHistory(entries: readonly HistoryEntry[], seal: (line: string) => string = asItIs): Uint8Array {
  return Buffer.from(entries.map((entry) => `${seal(JSON.stringify(entry))}\n`).join(""));
}

/** The newest entries that fit into half of a document: the other half is room for those that are added. */
export function encodeNewestHistory(
  entries: readonly HistoryEntry[],
  seal: (line: string) => string = asItIs,
): Uint8Array {
  const lines: string[] = [];
  let bytes = 0;
  for (const entry of entries.slice(-historyMax).reverse()) {
    const line = `${seal(JSON.stringify(entry))}\n`;
    bytes += Buffer.byteLength(line);
    if (bytes > viewLimits.historyMaxBytes / 2) break;
    lines.push(line);
  }
  return Buffer.from(lines.reverse().join(""));
}

/**
 * The entries of the newest 1,000 lines: a document of short lines costs no more to read. A line that is no entry is left
 * out: a newer version may write others, and nothing depends on it.
 *
 * @param open what `seal` has made of a line, as it was before; undefined: the line is left out
 */
export function decodeHistory(
  bytes: Uint8Array,
  open: (line: Uint8Array) => Uint8Array | undefined = asItIs,
): Decoded<readonly HistoryEntry[]> {
  return decodeWith(() => {
    const { historyMaxBytes } = viewLimits;
    if (bytes.byteLength > historyMaxBytes) refuse(`is larger than ${historyMaxBytes} bytes`);
    const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8").split("\n");
    const newest = lines.filter((line) => line !== "").slice(-historyMax);
    const opened = newest.map((line) => open(Buffer.from(line)));
    const decoded = opened.flatMap((line) => (line === undefined ? [] : [decodeEntry(line)]));
    const entries = decoded.flatMap((one) => ("value" in one ? [one.value] : []));
    if (entries.length === 0) refuse("has no entry that can be read");
    // What a leader could not write at once stands later than it was.
    return entries.sort((a, b) => a.atMs - b.atMs);
  });
}

/** @throws through `refuse`; for use inside `decodeWith` alone */
export function readHistoryEntry(value: unknown): HistoryEntry {
  const fields = readObject(value, "entry");
  return {
    atMs: readTime(fields.get("atMs"), "atMs"),
    event: readName(fields.get("event"), "event", viewLimits.eventNameMaxLength),
    ...readOptional(fields, "node", (node) => readHistoryNode(readObject(node, "node"))),
    text: readString(fields.get("text"), "text", viewLimits.historyTextMaxLength),
    by: readName(fields.get("by"), "by", viewLimits.processNameMaxLength),
  };
}

function decodeEntry(line: Uint8Array): Decoded<HistoryEntry> {
  return decodeWith(() => readHistoryEntry(parseJson(line, viewLimits.reportMaxBytes)));
}

function readHistoryNode(fields: Fields) {
  return {
    key: readNodeKey(fields.get("key")),
    address: readName(fields.get("address"), "address", viewLimits.keyMaxLength),
    ...readOptional(fields, "name", (name, what) => readString(name, what, viewLimits.nameMaxLength)),
  };
}

function asItIs<Line>(line: Line): Line {
  return line;
}
