import { rampWeight } from "@rollcall/core/health";
import { type Candidate, type NodeReader, type Roster, rosterOf } from "@rollcall/core/selection";
import {
  CounterWord,
  counterRow,
  HeaderWord,
  msSinceTick,
  SharedWord,
  sharedRow,
  type TableLayout,
  ThreadWord,
  threadRow,
  unpackState,
} from "./layout.js";

export interface ThreadRows {
  readonly words: Int32Array;
  readonly layout: TableLayout;
  /** Whose counter rows are written. */
  readonly thread: number;
  /** Attempts that may be under way to one node at once, in this thread. */
  readonly inFlightMax: number;
  readonly nowMs: () => number;
}

/** One thread's window on the node table, and its hand on its own counter rows. */
export class TableReader implements NodeReader {
  private readonly words: Int32Array;
  private readonly refusals: Float64Array;
  /** This thread's own row. */
  private readonly thread: number;
  private version = -1;
  private candidates: readonly Candidate[] = [];
  private sorted: Roster = rosterOf([]);

  constructor(private readonly rows: ThreadRows) {
    this.words = rows.words;
    this.thread = threadRow(rows.layout, rows.thread);
    this.refusals = new Float64Array(rows.layout.slots).fill(Number.NEGATIVE_INFINITY);
  }

  /** Who may get a request now: one atomic load, unless a row has changed since the last call. */
  get roster(): Roster {
    const version = Atomics.load(this.words, HeaderWord.version);
    if (version !== this.version) {
      this.version = version;
      this.candidates = this.readCandidates();
      this.sorted = rosterOf(this.candidates);
    }
    return this.sorted;
  }

  /** How many of the nodes that may be used at all are not among `tried`. */
  untried(tried: readonly number[]): number {
    void this.roster;
    return this.candidates.filter(({ slot }) => !tried.includes(slot)).length;
  }

  weightOf(slot: number): number {
    const row = sharedRow(slot);
    const easeMs = Atomics.load(this.words, row + SharedWord.easeMs);
    if (easeMs === 0) return 1;
    const elapsedMs = msSinceTick(Atomics.load(this.words, row + SharedWord.easedFrom), this.rows.nowMs());
    // Ticks wrap: an easing that nobody has cleared for weeks looks as if it were still to come.
    return elapsedMs < 0 ? 1 : rampWeight(0, elapsedMs, easeMs);
  }

  inFlightOf(slot: number): number {
    return Atomics.load(this.words, this.counter(slot) + CounterWord.inFlight);
  }

  hasRoom(slot: number): boolean {
    return this.inFlightOf(slot) < this.rows.inFlightMax;
  }

  refusedAtMs(slot: number): number {
    return this.refusals[slot] ?? Number.NEGATIVE_INFINITY;
  }

  /** An attempt begins. */
  enter(slot: number): void {
    const row = this.counter(slot);
    Atomics.add(this.words, row + CounterWord.inFlight, 1);
    Atomics.add(this.words, row + CounterWord.requests, 1);
  }

  /** An attempt is over, and its connection free or gone. */
  leave(slot: number): void {
    Atomics.sub(this.words, this.counter(slot) + CounterWord.inFlight, 1);
  }

  countAnswer(slot: number, isErrorStatus: boolean): void {
    const row = this.counter(slot);
    Atomics.add(this.words, row + CounterWord.answers, 1);
    if (isErrorStatus) Atomics.add(this.words, row + CounterWord.errorStatuses, 1);
  }

  countFailure(slot: number): void {
    Atomics.add(this.words, this.counter(slot) + CounterWord.failures, 1);
  }

  /** A connection was opened (1) or has closed (-1). */
  countSocket(slot: number, change: 1 | -1): void {
    Atomics.add(this.words, this.counter(slot) + CounterWord.openSockets, change);
  }

  countRetry(): void {
    Atomics.add(this.words, this.thread + ThreadWord.retries, 1);
  }

  /** A request that a task of this thread has made begins, or ends. */
  countOwn(word: "requests" | "answered" | "failed"): void {
    Atomics.add(this.words, this.thread + ThreadWord[word], 1);
  }

  /** The number of the newest list of targets there is. */
  get topology(): number {
    return Atomics.load(this.words, HeaderWord.topology);
  }

  /** Tells the main thread how this one stands. */
  show(word: "heartbeat" | "applied" | "queued", value: number): void {
    Atomics.store(this.words, this.thread + ThreadWord[word], value);
  }

  /** The node refused a connection just now. */
  noteRefusal(slot: number): void {
    this.refusals[slot] = this.rows.nowMs();
  }

  /** The slot has another node: what was noted of the last one is void. */
  forget(slot: number): void {
    this.refusals[slot] = Number.NEGATIVE_INFINITY;
  }

  private readCandidates(): Candidate[] {
    const candidates: Candidate[] = [];
    const rows = Atomics.load(this.words, HeaderWord.rows);
    for (let slot = 0; slot < rows; slot++) {
      const state = unpackState(Atomics.load(this.words, sharedRow(slot) + SharedWord.state));
      if (state !== undefined) candidates.push({ slot, ...state });
    }
    return candidates;
  }

  private counter(slot: number): number {
    return counterRow(this.rows.layout, this.rows.thread, slot);
  }
}
