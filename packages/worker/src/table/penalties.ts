import { type NodePenalty, penaltiesKeptMs } from "@rollcall/core/selection";
import { CounterWord, counterRow, counterWords, HeaderWord, stampedMs, type TableLayout } from "./layout.js";
import { packFactor, unpackPenalty } from "./penalty-words.js";

/** What all threads together show of how they avoid a node. */
export class TablePenalties {
  constructor(
    private readonly words: Int32Array,
    private readonly layout: TableLayout,
  ) {}

  /**
   * The node's penalty in this process, by the share that is left to it: as if each thread that has compared the node
   * sent the same. Its causes are those of the thread that avoids it most. Undefined: no thread has compared it in the
   * last five minutes. A thread without requests shows what it measured before, and has forgotten it by then.
   */
  of(slot: number, nowMs: number): NodePenalty | undefined {
    let compared = 0;
    let shares = 0;
    let worst: NodePenalty | undefined;
    for (let thread = 0; thread < this.layout.threads; thread++) {
      const row = counterRow(this.layout, thread, slot);
      const word = Atomics.load(this.words, row + CounterWord.penalty);
      const penalty = unpackPenalty(word, Atomics.load(this.words, row + CounterWord.penaltyCause));
      if (penalty === undefined || this.isForgotten(row, nowMs)) continue;
      compared++;
      shares += 1 / penalty.factor;
      if (worst === undefined || penalty.factor > worst.factor) worst = penalty;
    }
    if (worst === undefined) return undefined;
    return { ...worst, factor: Math.round((compared / shares) * 100) / 100 };
  }

  /** The slots that a thread avoids by more than this factor; one that two threads avoid may come twice. */
  above(factor: number): readonly number[] {
    const least = packFactor(factor);
    const found: number[] = [];
    const rows = Atomics.load(this.words, HeaderWord.rows);
    for (let thread = 0; thread < this.layout.threads; thread++) {
      let word = counterRow(this.layout, thread, 0) + CounterWord.penalty;
      for (let slot = 0; slot < rows; slot++, word += counterWords) {
        if (Atomics.load(this.words, word) > least) found.push(slot);
      }
    }
    return found;
  }

  /** The node is out of use: a thread without requests still shows what it measured before. */
  clear(slot: number): void {
    for (let thread = 0; thread < this.layout.threads; thread++) {
      const row = counterRow(this.layout, thread, slot);
      Atomics.store(this.words, row + CounterWord.penalty, 0);
      Atomics.store(this.words, row + CounterWord.penaltyCause, 0);
    }
  }

  private isForgotten(row: number, nowMs: number): boolean {
    const comparedMs = stampedMs(Atomics.load(this.words, row + CounterWord.comparedAt), nowMs);
    return comparedMs === undefined || nowMs - comparedMs > penaltiesKeptMs;
  }
}
