import type { Target } from "../dispatch/target.js";
import type { TableWriter } from "../table/writer.js";
import type { Lane } from "./lane.js";
import type { NewTargets } from "./messages.js";
import { SlotReclamation } from "./slot-reclamation.js";

/** The newest list of targets, its number, and which threads still use which slots. */
export class TargetLists {
  private current: NewTargets = { topology: 0, targets: [] };
  private readonly slots = new SlotReclamation<Lane>();

  constructor(
    private readonly writer: TableWriter,
    /** No thread has a request or connection of the slot any more. */
    private readonly released: (slot: number) => void,
  ) {}

  get newest(): NewTargets {
    return this.current;
  }

  publish(targets: readonly Target[], lanes: readonly Lane[]): void {
    const topology = (this.current.topology + 1) | 0;
    this.current = { topology, targets };
    for (const lane of lanes) lane.postTargets(this.current);
    // Last: a thread that sees the number finds the list.
    this.writer.moveTopology();
    const slots = targets.map(({ slot }) => slot);
    for (const slot of this.slots.handOut(lanes, slots, topology)) this.released(slot);
  }

  /** The thread has been given the newest list. */
  join(lane: Lane): void {
    this.slots.join(lane, this.current.topology);
  }

  /** The thread reports that it uses the slot no more, by the list of that number. */
  release(lane: Lane, slot: number, topology: number): void {
    if (this.slots.release(lane, slot, topology)) this.released(slot);
  }

  /** The thread has died. */
  leave(lane: Lane): void {
    for (const slot of this.slots.leave(lane)) this.released(slot);
  }
}
