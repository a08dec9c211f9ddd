import type { ByteRange } from "../json-members.js";
import type { Steps } from "../steps.js";
import { readsAlike, type SniffContext } from "./locate-node.js";

/** Where the parts of a list of nodes stand in its bytes. */
export interface ScannedList {
  readonly bytes: Uint8Array;
  /** The members of the answer, `nodes` among them. */
  readonly document: ReadonlyMap<string, ByteRange>;
  /** Those of `nodes`, by id. */
  readonly entries: ReadonlyMap<string, ByteRange>;
}

/** A longer list is read anew each time: its bytes would be held in memory from one sniff to the next. */
const keptMaxBytes = 4_194_304;
const entriesPerStep = 512;

/**
 * The list that was read last, so that the same list need not be read again: a list of a thousand nodes takes far longer
 * to read than to compare, and hardly ever has news. Nodes list their cluster in orders of their own, so a list with the
 * same entries in another order is the same.
 */
export class ListMemory<Read> {
  private last: { readonly list: ScannedList; readonly context: SniffContext; readonly read: Read } | undefined;

  /** What was read of the last list, if this one is the same to the byte. */
  recallWhole(bytes: Uint8Array, context: SniffContext): Read | undefined {
    const { last } = this;
    if (last === undefined || !readsAlike(last.context, context)) return undefined;
    return Buffer.compare(last.list.bytes, bytes) === 0 ? last.read : undefined;
  }

  /** What was read of the last list, if this one says the same in this context; in steps. */
  *recall(list: ScannedList, context: SniffContext): Steps<Read | undefined> {
    const { last } = this;
    if (last === undefined || !readsAlike(last.context, context)) return undefined;
    if (!isSamePart(last.list, list, "_nodes") || !isSamePart(last.list, list, "cluster_name")) return undefined;
    if (last.list.entries.size !== list.entries.size) return undefined;
    let compared = 0;
    for (const [id, range] of list.entries) {
      if (++compared % entriesPerStep === 0) yield;
      if (!isSame(last.list.bytes, last.list.entries.get(id), list.bytes, range)) return undefined;
    }
    return last.read;
  }

  keep(list: ScannedList, context: SniffContext, read: Read): void {
    this.last = list.bytes.length > keptMaxBytes ? undefined : { list, context, read };
  }
}

function isSamePart(a: ScannedList, b: ScannedList, name: string): boolean {
  return isSame(a.bytes, a.document.get(name), b.bytes, b.document.get(name));
}

function isSame(a: Uint8Array, inA: ByteRange | undefined, b: Uint8Array, inB: ByteRange | undefined): boolean {
  if (inA === undefined || inB === undefined) return inA === inB;
  if (inA.to - inA.from !== inB.to - inB.from) return false;
  return Buffer.compare(a.subarray(inA.from, inA.to), b.subarray(inB.from, inB.to)) === 0;
}
