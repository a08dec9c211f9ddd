import { present } from "../present.js";
import { addressOf, type NodeRecord, nodeKey } from "./node-record.js";

/**
 * One transition of a view, with its evidence: one line of `rollcall history`.
 *
 * The leader adds them, beside the log line that says the same: see `HistoryRecorder` of coordinator.
 */
export interface HistoryEntry {
  /** On the store's clock, in milliseconds. */
  readonly atMs: number;
  /** One of `logEvents`; a newer version of Rollcall may write others. */
  readonly event: string;
  /** Absent: it is about no node. */
  readonly node?: HistoryNode;
  /** A sentence with the evidence, for people; cut at 400 characters. It holds no secret. */
  readonly text: string;
  /** The id of the replica that led; or the operator, as `user@host`. */
  readonly by: string;
}

/** A node as an entry names it. */
export interface HistoryNode {
  /** By `nodeKey`. */
  readonly key: string;
  /** `host:port`. */
  readonly address: string;
  readonly name?: string;
}

export function historyNode(record: NodeRecord): HistoryNode {
  return { key: nodeKey(record), address: addressOf(record), ...present({ name: record.name }) };
}

/** How many entries a history has at most. */
export const historyMax = 1_000;
/** Of entries with one event that are new together, so many stand alone; the others become one. */
const alikeMax = 20;
const namedMax = 3;

/** All entries of both, each once, oldest first: the newest 1,000. */
export function mergedHistory(one: readonly HistoryEntry[], other: readonly HistoryEntry[]): readonly HistoryEntry[] {
  if (other.length === 0) return one.slice(-historyMax);
  const all = new Map([...one, ...other].map((entry) => [identityOf(entry), entry]));
  return [...all.values()].sort((a, b) => a.atMs - b.atMs).slice(-historyMax);
}

/** The entries with `news` at the end, each once: at most 1,000. */
export function withNews(entries: readonly HistoryEntry[], news: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const known = new Set(news.map(identityOf));
  return [...entries.filter((entry) => !known.has(identityOf(entry))), ...news].slice(-historyMax);
}

/** Entries that are new together: the restart of a thousand nodes must not push all else out of the history. */
export function summedUp(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const byEvent = new Map<string, HistoryEntry[]>();
  for (const entry of entries) byEvent.set(entry.event, [...(byEvent.get(entry.event) ?? []), entry]);
  if ([...byEvent.values()].every(({ length }) => length <= alikeMax)) return entries;
  return [...byEvent.values()]
    .flatMap((alike) => {
      const [first, ...others] = alike.slice(alikeMax - 1);
      return first === undefined || others.length === 0
        ? alike
        : [...alike.slice(0, alikeMax - 1), sumOf(first, others)];
    })
    .sort((a, b) => a.atMs - b.atMs);
}

function sumOf({ atMs, event, by, ...first }: HistoryEntry, others: readonly HistoryEntry[]): HistoryEntry {
  const nodes = [first, ...others].flatMap(({ node }) => (node === undefined ? [] : [node.name ?? node.address]));
  const more = nodes.length > namedMax ? ` and ${nodes.length - namedMax} more` : "";
  const named = nodes.length === 0 ? "" : `: ${nodes.slice(0, namedMax).join(", ")}${more}`;
  return { atMs, event, text: `the same of ${others.length + 1} others${named}`, by };
}

function identityOf({ atMs, event, node, text, by }: HistoryEntry): string {
  return JSON.stringify([atMs, event, node?.key, text, by]);
}
