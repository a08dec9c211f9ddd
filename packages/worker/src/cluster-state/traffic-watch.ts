import { needsTraffic } from "@rollcall/core/health";
import type { TableTraffic } from "../table/traffic.js";
import type { NodeEntry } from "./node-entry.js";

/**
 * The nodes that a beat has something to do with: those on which an attempt waits, and those whose own state asks for
 * it. The others cost a beat nothing but one word of each thread's: a pool may have thousands.
 */
export class TrafficWatch {
  private readonly asking = new Set<NodeEntry>();

  constructor(
    private readonly traffic: Pick<TableTraffic, "awaitedSlots" | "lastByteMs">,
    private readonly entryIn: (slot: number) => NodeEntry | undefined,
  ) {}

  /** To be called when an entry is new, and when its node has changed. */
  note(entry: NodeEntry): void {
    if (needsTraffic(entry.node, () => Number.POSITIVE_INFINITY)) this.asking.add(entry);
    else this.asking.delete(entry);
  }

  forget(entry: NodeEntry): void {
    this.asking.delete(entry);
  }

  /** Those of them that can be used, each once. */
  entries(nowMs: number): readonly NodeEntry[] {
    const found = new Set<NodeEntry>();
    for (const entry of this.asking) {
      if (needsTraffic(entry.node, () => this.traffic.lastByteMs(entry.slot, nowMs))) found.add(entry);
    }
    for (const slot of this.traffic.awaitedSlots()) {
      const entry = this.entryIn(slot);
      if (entry !== undefined) found.add(entry);
    }
    return [...found].filter(({ isUsable }) => isUsable);
  }
}
