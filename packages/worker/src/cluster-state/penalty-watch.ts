import { nextPenaltyStanding, penalizedAbove, penalizedOf } from "@rollcall/core/selection";
import type { NodeEvent } from "../api/node-status.js";
import type { TablePenalties } from "../table/penalties.js";
import type { NodeEntry } from "./node-entry.js";

/** How often the penalties that threads show are looked at. */
const everyMs = 500;

/** Decides for each node whether it counts as penalized. */
export class PenaltyWatch {
  private dueMs = Number.NEGATIVE_INFINITY;
  /** Those whose standing is not clear: time alone may change it. */
  private readonly open = new Set<NodeEntry>();

  constructor(
    private readonly penalties: TablePenalties,
    private readonly entryIn: (slot: number) => NodeEntry | undefined,
  ) {}

  /** To be called at each beat. Calls `changed` for each node that begins or ceases to count as penalized. */
  beat(nowMs: number, changed: (entry: NodeEntry) => void): void {
    if (nowMs < this.dueMs) return;
    this.dueMs = nowMs + everyMs;
    for (const entry of this.concerned()) {
      const { penalty: before } = entry;
      if (entry.isInUse) {
        entry.penalty = nextPenaltyStanding(before, this.penalties.of(entry.slot, nowMs), nowMs);
      } else {
        entry.penalty = nextPenaltyStanding(before, undefined, nowMs);
        this.penalties.clear(entry.slot);
      }
      const [was, is] = [penalizedOf(before), penalizedOf(entry.penalty)];
      entry.lastPenalized = is ?? was ?? entry.lastPenalized;
      if (entry.penalty.state === "clear") this.open.delete(entry);
      else this.open.add(entry);
      if ((was === undefined) !== (is === undefined)) changed(entry);
    }
  }

  /** All others are clear, and stay so: no thread avoids them. */
  private concerned(): ReadonlySet<NodeEntry> {
    for (const entry of this.open) if (this.entryIn(entry.slot) !== entry) this.open.delete(entry);
    const found = new Set(this.open);
    for (const slot of this.penalties.above(penalizedAbove)) {
      const entry = this.entryIn(slot);
      if (entry !== undefined) found.add(entry);
    }
    return found;
  }
}

/** What an event says of the penalty that begins or ends with it. */
export function penaltyOfChange(
  { lastPenalized }: NodeEntry,
  from: NodeEvent["from"],
  to: NodeEvent["to"],
  nowMs: number,
): Pick<NodeEvent, "penalty" | "penalizedForMs"> {
  if (lastPenalized === undefined) return {};
  if (to === "penalized") return { penalty: lastPenalized.penalty };
  if (from !== "penalized") return {};
  return { penalty: lastPenalized.worst, penalizedForMs: Math.round(nowMs - lastPenalized.sinceMs) };
}
