import { needsTraffic } from "@rollcall/core/health";
import type { TableTraffic } from "../table/traffic.js";
import type { NodeEntry } from "./node-entry.js";

/**
 * The nodes that a beat has something to do with: those on which an attempt waits, and those whose own state asks for
 * it. The others cost a beat nothing but one word of each thread's: a pool may have thousands.
 */
export class TrafficWatch {
  /** Their state asks for each beat. */
  private readonly asking = new Set<NodeEntry>();
  /** They wait for a byte of their node, by slot: there may be thousands, of which none has had a request. */
  private readonly unverified = new Map<number, NodeEntry>();

  constructor(
    private readonly traffic: Pick<TableTraffic, "awaitedSlots" | "lastByteMs">,
    private readonly entryIn: (slot: number) => NodeEntry | undefined,
  ) {}

  /** To be called when an entry is new, and when its node has changed. */
  note(entry: NodeEntry): void {
    this.forget(entry);
    if (needsTraffic(entry.node, never)) this.asking.add(entry);
    else if (needsTraffic(entry.node, atLast)) this.unverified.set(entry.slot, entry);
  }

  forget(entry: NodeEntry): void {
    this.asking.delete(entry);
    if (this.unverified.get(entry.slot) === entry) this.unverified.delete(entry.slot);
  }

  /** Those of them that can be used, each once. */
  entries(nowMs: number): readonly NodeEntry[] {
    const found = new Set(this.asking);
    for (const [slot, entry] of this.unverified) {
      const lastByteMs = this.traffic.lastByteMs(slot, nowMs);
      if (lastByteMs > Number.NEGATIVE_INFINITY && needsTraffic(entry.node, () => lastByteMs)) found.add(entry);
    }
    for (const slot of this.traffic.awaitedSlots()) {
      const entry = this.entryIn(slot);
      if (entry !== undefined) found.add(entry);
    }
    return [...found].filter(({ isUsable }) => isUsable);
  }
}

const never = () => Number.NEGATIVE_INFINITY;
const atLast = () => Number.POSITIVE_INFINITY;
