import type { Steps } from "@rollcall/core";
import type { Target } from "../dispatch/target.js";
import type { TableWriter } from "../table/writer.js";
import type { Lane } from "./lane.js";
import type { NewTargets, TargetsPart } from "./messages.js";
import { SlotReclamation } from "./slot-reclamation.js";

/** To copy a list of thousands for a thread takes as long as to serve hundreds of requests, here and there. */
const targetsPerMessage = 128;

/** The newest list of targets, its number, and which threads still use which slots. */
export class TargetLists {
  private current: NewTargets = { topology: 0, targets: [] };
  private readonly slots = new SlotReclamation<Lane>();
  /** What was posted of the next list, and to which threads. */
  private ahead: { readonly targets: readonly Target[]; readonly lanes: readonly Lane[]; sent: number } | undefined;

  constructor(
    private readonly writer: TableWriter,
    /** No thread has a request or connection of the slot any more. */
    private readonly released: (slot: number) => void,
  ) {}

  get newest(): NewTargets {
    return this.current;
  }

  /** Posts all but the last part of the list. The threads use none of it before it is published. */
  *prepare(targets: readonly Target[], lanes: readonly Lane[]): Steps<void> {
    const ahead = { targets, lanes, sent: 0 };
    this.ahead = ahead;
    while (ahead.sent + targetsPerMessage < targets.length) {
      const to = ahead.sent + targetsPerMessage;
      for (const lane of lanes) lane.postTargets(this.part(targets, ahead.sent, to));
      ahead.sent = to;
      yield;
    }
  }

  publish(targets: readonly Target[], lanes: readonly Lane[]): void {
    const { ahead } = this;
    this.ahead = undefined;
    for (const lane of lanes) {
      const hasBeginning = ahead?.targets === targets && ahead.lanes.includes(lane);
      lane.postTargets(this.part(targets, hasBeginning ? ahead.sent : 0, targets.length));
    }
    const topology = this.next;
    this.current = { topology, targets };
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

  /** The number of the list after the newest. */
  private get next(): number {
    return (this.current.topology + 1) | 0;
  }

  private part(targets: readonly Target[], from: number, to: number): TargetsPart {
    return { topology: this.next, targets: targets.slice(from, to), from, total: targets.length };
  }
}
