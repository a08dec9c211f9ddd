import { HeaderWord, packState, SharedWord, type SlotState, sharedRow, tickOf } from "./layout.js";

export interface SlowStart {
  readonly fromMs: number;
  readonly durationMs: number;
}

/** The main thread's access to the node table: the only writer of its shared rows. */
export class TableWriter {
  constructor(private readonly words: Int32Array) {}

  /** Gives the slot to a node, or to another one. */
  assign(slot: number, generation: number): void {
    Atomics.store(this.words, sharedRow(slot) + SharedWord.generation, generation);
    const rows = Math.max(Atomics.load(this.words, HeaderWord.rows), slot + 1);
    Atomics.store(this.words, HeaderWord.rows, rows);
  }

  /** Sets the state that picks go by from now on. Undefined: the node is not to be used. */
  setState(slot: number, state: SlotState | undefined, slowStart: SlowStart | undefined): void {
    const row = sharedRow(slot);
    Atomics.store(this.words, row + SharedWord.slowStartMs, slowStart?.durationMs ?? 0);
    Atomics.store(this.words, row + SharedWord.slowStartFrom, tickOf(slowStart?.fromMs ?? 0));
    Atomics.store(this.words, row + SharedWord.state, packState(state));
    Atomics.add(this.words, HeaderWord.version, 1);
  }

  /** `selection` leaves none of the listed nodes, or leaves one again. */
  setBarred(isBarred: boolean): void {
    const value = isBarred ? 1 : 0;
    if (Atomics.exchange(this.words, HeaderWord.barred, value) !== value)
      Atomics.add(this.words, HeaderWord.version, 1);
  }

  /** How many connections each thread may have to one node from now on. */
  limitConnections(perThread: number): void {
    Atomics.store(this.words, HeaderWord.connections, perThread);
    Atomics.add(this.words, HeaderWord.version, 1);
  }

  /** Another list of targets has been posted to the threads: from now on none of them sends by an older one. */
  moveTopology(): number {
    return (Atomics.add(this.words, HeaderWord.topology, 1) + 1) | 0;
  }
}
