import { errorCodes, type RollcallErrorCode } from "@rollcall/core";
import { type HedgeCount, hedgeCounts } from "@rollcall/core/hedging";
import { type Refusal, refusals } from "@rollcall/core/overload";
import {
  CounterWord,
  counterRow,
  failureWord,
  HeaderWord,
  hedgeWord,
  refusedWords,
  type TableLayout,
  ThreadWord,
  threadRow,
} from "./layout.js";

/** Counts of one node, in all threads: what is going on, and what has been since the node got its slot. */
export interface NodeTotals {
  readonly openSockets: number;
  /** Attempts handed to a connection and not ended. */
  readonly inFlight: number;
  readonly requests: number;
  readonly answers: number;
  readonly failures: number;
  readonly errorStatuses: number;
  /** Connections that have opened, and how long that took in all, in milliseconds. */
  readonly connects: number;
  readonly connectMs: number;
}

/** Counts that belong to no node, in all threads. */
export interface ThreadTotals {
  readonly queued: number;
  readonly retries: number;
  /** What is left of the retry budget. */
  readonly retriesLeft: number;
  /** How often a request has waited for a connection, and how long in all, in milliseconds. */
  readonly waits: number;
  readonly waitedMs: number;
  /** Reads that left a stalled node. */
  readonly reroutes: number;
  /** Of all threads together: how many attempts may be in flight; 0 where no queue is adaptive. */
  readonly inFlightMax: number;
  /** The most of any thread. */
  readonly debtMs: number;
  readonly expectedWaitMs: number;
  /** Requests refused on arrival, by why. */
  readonly refused: Readonly<Record<Refusal, number>>;
  /** How often a write has waited, for a connection or for its next attempt. */
  readonly writeWaits: number;
  /** Requests that tasks made in threads. */
  readonly requests: number;
  readonly answered: number;
  readonly failed: number;
  /** Of those that failed, how many with each code that occurred. */
  readonly errors: ErrorCounts;
}

const perNode = ["errorStatuses", "failures", "answers", "requests", "connects", "connectMs"] as const;
const perThread = [
  ...(["retries", "waits", "waitedMs", "reroutes", "writeWaits"] as const),
  ...(["refusedFull", "refusedLate", "refusedStanding"] as const),
] as const;
const placeOf = Object.fromEntries(perNode.map((count, at) => [count, at])) as Record<(typeof perNode)[number], number>;
type PerThread = (typeof perThread)[number] | "requests" | "answered";
/** What a thread shows of itself, and is nothing once it is dead. */
const shownWords = [
  ...(["heartbeat", "applied", "queued", "retriesLeft"] as const),
  ...(["inFlightMax", "debtMs", "expectedWaitMs", "awaited"] as const),
] as const;
export type ErrorCounts = Readonly<Partial<Record<RollcallErrorCode, number>>>;

const noHedges: Readonly<Record<HedgeCount, number>> = {
  ...{ sent: 0, won: 0, lost: 0, givenUp: 0, refusedBalance: 0, refusedNoNode: 0, lostMs: 0, answeredMs: 0 },
};

/**
 * The main thread's sums of the threads' counts: what it has gathered from their words, plus what the words hold now.
 * A sum stays exact however many threads come and go, and reading one changes nothing.
 *
 * A word holds 2^31 counts: `gather` must be called before one is full. The first is that of milliseconds waited.
 */
export class TableTotals {
  /** By slot. */
  private readonly nodes: Float64Array;
  /** By thread: requests of its tasks that had begun and not ended when they were last gathered. */
  private readonly ownPending: Float64Array;
  private readonly process = {
    ...{ retries: 0, requests: 0, answered: 0, waits: 0, waitedMs: 0, reroutes: 0, writeWaits: 0 },
    ...{ refusedFull: 0, refusedLate: 0, refusedStanding: 0 },
  };
  private readonly gatheredHedges = { ...noHedges };
  /** By the place of the code. */
  private readonly failures = new Float64Array(errorCodes.length);

  constructor(
    private readonly words: Int32Array,
    private readonly layout: TableLayout,
  ) {
    this.nodes = new Float64Array(layout.slots * perNode.length);
    this.ownPending = new Float64Array(layout.threads);
  }

  ofNode(slot: number): NodeTotals {
    // Ends are read before begins, so that no more requests seem to have ended than begun.
    const errorStatuses = this.countOf(slot, "errorStatuses");
    const failures = this.countOf(slot, "failures");
    const answers = this.countOf(slot, "answers");
    const requests = this.countOf(slot, "requests");
    const [connects, connectMs] = [this.countOf(slot, "connects"), this.countOf(slot, "connectMs")];
    const [openSockets, inFlight] = [this.sumOf(slot, "openSockets"), this.sumOf(slot, "inFlight")];
    return { openSockets, inFlight, errorStatuses, failures, answers, requests, connects, connectMs };
  }

  /** Of {@link ofNode}, the attempts alone: while there are none, all else of it is 0. */
  requestsOf(slot: number): number {
    return this.countOf(slot, "requests");
  }

  /** Of the same, those that have ended. */
  endedOf(slot: number): number {
    return this.countOf(slot, "answers") + this.countOf(slot, "failures");
  }

  /** One more than the highest slot in use. */
  get rows(): number {
    return Atomics.load(this.words, HeaderWord.rows);
  }

  /** Attempts in flight at every node there is or was. */
  get inFlight(): number {
    let total = 0;
    for (let slot = 0; slot < this.rows; slot++) total += this.sumOf(slot, "inFlight");
    return total;
  }

  /**
   * Of the node with the most: connections that are open or opening, in all threads. A thread that has replaced its
   * connections to a node has the old ones among them until they are closed.
   */
  get mostConnections(): number {
    let most = 0;
    for (let slot = 0; slot < this.rows; slot++) most = Math.max(most, this.connectionsOf(slot));
    return most;
  }

  get ofThreads(): ThreadTotals {
    const { retries, requests, answered, waits, waitedMs, reroutes, writeWaits } = this.process;
    // As in `ofNode`: ends are read before begins.
    const errors: Partial<Record<RollcallErrorCode, number>> = {};
    let failed = 0;
    for (const [at, code] of errorCodes.entries()) {
      const count = (this.failures[at] ?? 0) + this.sumOfThreads(failureWord(code));
      if (count > 0) errors[code] = count;
      failed += count;
    }
    const ended = { errors, failed, answered: answered + this.sumOfThreads(ThreadWord.answered) };
    return {
      queued: this.sumOfThreads(ThreadWord.queued),
      retries: retries + this.sumOfThreads(ThreadWord.retries),
      retriesLeft: this.sumOfThreads(ThreadWord.retriesLeft),
      inFlightMax: this.sumOfThreads(ThreadWord.inFlightMax),
      debtMs: this.mostOfThreads(ThreadWord.debtMs),
      expectedWaitMs: this.mostOfThreads(ThreadWord.expectedWaitMs),
      refused: this.refused(),
      waits: waits + this.sumOfThreads(ThreadWord.waits),
      waitedMs: waitedMs + this.sumOfThreads(ThreadWord.waitedMs),
      reroutes: reroutes + this.sumOfThreads(ThreadWord.reroutes),
      writeWaits: writeWaits + this.sumOfThreads(ThreadWord.writeWaits),
      requests: requests + this.sumOfThreads(ThreadWord.requests),
      ...ended,
    };
  }

  get hedges(): Readonly<Record<HedgeCount, number>> {
    const counts = { ...this.gatheredHedges };
    for (const what of hedgeCounts) counts[what] += this.sumOfThreads(hedgeWord(what));
    return counts;
  }

  /** Moves every count out of the words. */
  gather(): void {
    const { rows } = this;
    for (let thread = 0; thread < this.layout.threads; thread++) {
      this.gatherThread(thread);
      for (let slot = 0; slot < rows; slot++) this.gatherNode(thread, slot);
    }
  }

  /** Another node gets the slot: the counts of the last one are dropped. */
  restart(slot: number): void {
    for (let thread = 0; thread < this.layout.threads; thread++) this.gatherNode(thread, slot);
    this.nodes.fill(0, slot * perNode.length, (slot + 1) * perNode.length);
  }

  /** The thread is dead: its counts are kept, and what was in flight there has ended. */
  fold(thread: number): void {
    const { rows } = this;
    const own = threadRow(this.layout, thread);
    for (let slot = 0; slot < rows; slot++) {
      this.gatherNode(thread, slot);
      const row = counterRow(this.layout, thread, slot);
      // Attempts that died with it have ended without an answer.
      this.add(slot, "failures", Atomics.exchange(this.words, row + CounterWord.inFlight, 0));
      for (const word of ["openSockets", "oldest", "newest", "penalty", "penaltyCause"] as const) {
        Atomics.store(this.words, row + CounterWord[word], 0);
      }
    }
    this.gatherThread(thread);
    this.addFailures("THREAD", this.ownPending[thread] ?? 0);
    this.ownPending[thread] = 0;
    for (const word of shownWords) Atomics.store(this.words, own + ThreadWord[word], 0);
  }

  private connectionsOf(slot: number): number {
    let sum = 0;
    for (let thread = 0; thread < this.layout.threads; thread++) {
      const row = counterRow(this.layout, thread, slot);
      const open = Atomics.load(this.words, row + CounterWord.openSockets);
      // One that is being opened is not counted as open, but the attempt is in flight that it is opened for.
      sum += Math.max(open, Atomics.load(this.words, row + CounterWord.inFlight));
    }
    return sum;
  }

  private countOf(slot: number, count: (typeof perNode)[number]): number {
    return (this.nodes[slot * perNode.length + placeOf[count]] ?? 0) + this.sumOf(slot, count);
  }

  private sumOf(slot: number, word: keyof typeof CounterWord): number {
    let sum = 0;
    for (let thread = 0; thread < this.layout.threads; thread++) {
      sum += Atomics.load(this.words, counterRow(this.layout, thread, slot) + CounterWord[word]);
    }
    return sum;
  }

  private sumOfThreads(word: number): number {
    let sum = 0;
    for (let thread = 0; thread < this.layout.threads; thread++) {
      sum += Atomics.load(this.words, threadRow(this.layout, thread) + word);
    }
    return sum;
  }

  private mostOfThreads(word: number): number {
    let most = 0;
    for (let thread = 0; thread < this.layout.threads; thread++) {
      most = Math.max(most, Atomics.load(this.words, threadRow(this.layout, thread) + word));
    }
    return most;
  }

  private refused(): Readonly<Record<Refusal, number>> {
    const counts = { full: 0, late: 0, standing: 0 };
    for (const refusal of refusals) {
      const word = refusedWords[refusal];
      counts[refusal] = this.process[word] + this.sumOfThreads(ThreadWord[word]);
    }
    return counts;
  }

  private gatherNode(thread: number, slot: number): void {
    const row = counterRow(this.layout, thread, slot);
    for (const count of perNode) {
      const word = row + CounterWord[count];
      // Of thousands of nodes most have had nothing since: to look costs less than to take.
      if (Atomics.load(this.words, word) !== 0) this.add(slot, count, Atomics.exchange(this.words, word, 0));
    }
  }

  private gatherThread(thread: number): void {
    const row = threadRow(this.layout, thread);
    const gather = (count: PerThread) => {
      const more = Atomics.exchange(this.words, row + ThreadWord[count], 0);
      this.process[count] += more;
      return more;
    };
    for (const count of perThread) gather(count);
    for (const what of hedgeCounts) this.gatheredHedges[what] += Atomics.exchange(this.words, row + hedgeWord(what), 0);
    let ended = 0;
    for (const code of errorCodes) {
      const failed = Atomics.exchange(this.words, row + failureWord(code), 0);
      this.addFailures(code, failed);
      ended += failed;
    }
    ended += gather("answered");
    this.ownPending[thread] = (this.ownPending[thread] ?? 0) + gather("requests") - ended;
  }

  private addFailures(code: RollcallErrorCode, more: number): void {
    const at = errorCodes.indexOf(code);
    this.failures[at] = (this.failures[at] ?? 0) + more;
  }

  private add(slot: number, count: (typeof perNode)[number], more: number): void {
    if (more === 0) return;
    const at = slot * perNode.length + placeOf[count];
    this.nodes[at] = (this.nodes[at] ?? 0) + more;
  }
}
