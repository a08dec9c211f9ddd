import { nextPenaltyStanding, penalizedOf } from "@rollcall/core/selection";
import type { NodeEvent } from "../api/node-status.js";
import type { TablePenalties } from "../table/penalties.js";
import type { NodeEntry } from "./node-entry.js";

/** How often the penalties that threads show are looked at. */
const everyMs = 500;

/** Decides for each node whether it counts as penalized. */
export class PenaltyWatch {
  private dueMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly penalties: TablePenalties) {}

  /** To be called at each beat. Calls `changed` for each node that begins or ceases to count as penalized. */
  beat(entries: Iterable<NodeEntry>, nowMs: number, changed: (entry: NodeEntry) => void): void {
    if (nowMs < this.dueMs) return;
    this.dueMs = nowMs + everyMs;
    for (const entry of entries) {
      const { penalty: before } = entry;
      if (entry.isInUse) {
        entry.penalty = nextPenaltyStanding(before, this.penalties.of(entry.slot, nowMs), nowMs);
      } else {
        entry.penalty = nextPenaltyStanding(before, undefined, nowMs);
        this.penalties.clear(entry.slot);
      }
      const [was, is] = [penalizedOf(before), penalizedOf(entry.penalty)];
      entry.lastPenalized = is ?? was ?? entry.lastPenalized;
      if ((was === undefined) !== (is === undefined)) changed(entry);
    }
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
