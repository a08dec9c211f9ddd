import { latencyBucketOf, latencyBuckets } from "@rollcall/core";
import { slowStartWeight } from "@rollcall/core/health";
import type { HedgeCount, HedgeReader } from "@rollcall/core/hedging";
import type { Refusal } from "@rollcall/core/overload";
import { Penalties, type Roster, rosterOf, type SelectableNode } from "@rollcall/core/selection";
import { isAvoided, readCandidates } from "./candidates.js";
import {
  type CountedEvent,
  CounterWord,
  counterRow,
  counterWords,
  failureWord,
  HeaderWord,
  hedgeWord,
  latencyRow,
  msSinceTick,
  refusedWords,
  SharedWord,
  sharedRow,
  stampedMs,
  stampOf,
  type TableLayout,
  ThreadWord,
  threadRow,
} from "./layout.js";
import { packCause, packFactor } from "./penalty-words.js";

export interface TableReaderOptions {
  readonly words: Int32Array;
  readonly layout: TableLayout;
  /** The thread whose counter rows are written. */
  readonly thread: number;
  /** Attempts that may be in flight to one node at once, in this thread; a budget that a fleet shares may allow less. */
  readonly inFlightMax: number;
  readonly nowMs: () => number;
}

type ShownWord =
  | "heartbeat"
  | "runningSince"
  | "applied"
  | "queued"
  | "retriesLeft"
  | "inFlightMax"
  | "debtMs"
  | "expectedWaitMs";

/** One thread's access to the node table: it reads the shared rows and writes its own counter rows. */
export class TableReader implements HedgeReader {
  private readonly words: Int32Array;
  private readonly refusals: Float64Array;
  private readonly suspicions: Float64Array;
  /** By slot: attempts in flight on connections that belong to no node of the slot any more. */
  private readonly setAside: Int32Array;
  /** This thread's own row. */
  private readonly thread: number;
  private readonly awaited: number;
  /** How slow the nodes are and how often they fail, as this thread has measured it. */
  readonly penalties: Penalties;
  private version = -1;
  private roomOfNode: number;
  private candidates: readonly SelectableNode[] = [];
  private sorted: Roster = rosterOf([]);
  /** The slots of the roster: all candidates but drained nodes, where others are left. */
  private rostered: readonly number[] = [];
  private inFlightNow = 0;
  /** This thread's rows of the first slot: one is looked up many times a request. */
  private readonly counters: number;
  private readonly latencies: number;
  /** By slot, 1: one of the candidates, and avoided. The other is that of the refresh before. */
  private avoided: Uint8Array;
  private avoidedBefore: Uint8Array;

  constructor(private readonly rows: TableReaderOptions) {
    this.words = rows.words;
    this.roomOfNode = rows.inFlightMax;
    this.thread = threadRow(rows.layout, rows.thread);
    this.awaited = this.thread + ThreadWord.awaited;
    this.refusals = new Float64Array(rows.layout.slots).fill(Number.NEGATIVE_INFINITY);
    this.suspicions = new Float64Array(rows.layout.slots).fill(Number.NEGATIVE_INFINITY);
    this.setAside = new Int32Array(rows.layout.slots);
    this.avoided = new Uint8Array(rows.layout.slots);
    this.avoidedBefore = new Uint8Array(rows.layout.slots);
    this.penalties = new Penalties(rows.layout.slots);
    this.counters = counterRow(rows.layout, rows.thread, 0);
    this.latencies = latencyRow(rows.layout, rows.thread, 0);
  }

  /** The nodes eligible for a request, as of the last {@link refresh}. */
  get roster(): Roster {
    return this.sorted;
  }

  /**
   * Reads the shared rows again and returns the roster: one atomic load, unless a row has changed since the last call.
   */
  refresh(): Roster {
    const version = Atomics.load(this.words, HeaderWord.version);
    if (version !== this.version) {
      this.version = version;
      this.roomOfNode = this.connectionsMax;
      this.candidates = readCandidates(this.words);
      this.clearPenaltiesOfReturned();
      this.sorted = rosterOf(this.candidates);
      this.rostered = [...this.sorted.eligible, ...this.sorted.further.flat()];
    }
    return this.roster;
  }

  /** How many of the nodes that may be tried at all, as of the last {@link refresh}, are not among `tried`. */
  untried(tried: readonly number[]): number {
    return this.rostered.filter((slot) => !tried.includes(slot)).length;
  }

  /** How many nodes requests may go to, as of the last {@link refresh}. */
  get nodesInUse(): number {
    return this.rostered.length;
  }

  /** Attempts in flight from this thread, to nodes that are gone too. */
  get inFlightInAll(): number {
    return this.inFlightNow;
  }

  /** How many requests are in flight at those nodes. */
  inFlightAtUntried(tried: readonly number[]): number {
    let sum = 0;
    for (const slot of this.rostered) if (!tried.includes(slot)) sum += this.inFlightOf(slot);
    return sum;
  }

  /** The option `selection` leaves no node: no request can be sent. */
  get isBarred(): boolean {
    return Atomics.load(this.words, HeaderWord.barred) !== 0;
  }

  weightOf(slot: number): number {
    const row = sharedRow(slot);
    // A plain read: most nodes have none, and a call of `Atomics` for each node drawn is dear.
    const slowStartMs = this.words[row + SharedWord.slowStartMs] ?? 0;
    if (slowStartMs === 0) return 1;
    const elapsedMs = msSinceTick(Atomics.load(this.words, row + SharedWord.slowStartFrom), this.rows.nowMs());
    // Ticks wrap: a slow start that ended weeks ago and was not cleared looks as if it were yet to come.
    return elapsedMs < 0 ? 1 : slowStartWeight(0, elapsedMs, slowStartMs, this.penalties.answersInLine(slot));
  }

  /** The view says that the slot's node has left the cluster; it stays listed for a while. */
  hasLeft(slot: number): boolean {
    return this.candidates.some((one) => one.slot === slot && one.mark === "draining");
  }

  inFlightOf(slot: number): number {
    // This thread alone writes it.
    return (this.words[this.counter(slot) + CounterWord.inFlight] ?? 0) - (this.setAside[slot] ?? 0);
  }

  hasRoom(slot: number): boolean {
    return this.inFlightOf(slot) < this.roomOfNode;
  }

  /** How many connections to one node this thread may have now. */
  get connectionsMax(): number {
    const share = Atomics.load(this.words, HeaderWord.connections);
    return share === 0 ? this.rows.inFlightMax : Math.min(this.rows.inFlightMax, share);
  }

  refusedAtMs(slot: number): number {
    return this.refusals[slot] ?? Number.NEGATIVE_INFINITY;
  }

  lastByteAtMs(slot: number): number {
    const stamp = this.words[this.counter(slot) + CounterWord.lastByte] ?? 0;
    return stampedMs(stamp, this.rows.nowMs()) ?? Number.NEGATIVE_INFINITY;
  }

  suspectedAtMs(slot: number): number {
    return this.suspicions[slot] ?? Number.NEGATIVE_INFINITY;
  }

  suspect(slot: number, nowMs: number): void {
    this.suspicions[slot] = nowMs;
  }

  penaltyOf(slot: number): number {
    return this.penalties.penaltyOf(slot);
  }

  /** Compares the nodes again when that is due, and shows the main thread what has come of it. */
  advancePenalties(nowMs: number): void {
    const { eligible } = this.sorted;
    if (!this.penalties.advance(eligible, nowMs)) return;
    const comparedAt = stampOf(nowMs);
    for (const slot of eligible) {
      const row = this.counter(slot);
      this.words[row + CounterWord.comparedAt] = comparedAt;
      this.words[row + CounterWord.penalty] = packFactor(this.penalties.penaltyOf(slot));
      this.words[row + CounterWord.penaltyCause] = packCause(this.penalties.figuresOf(slot));
    }
  }

  begunAtMs(slot: number): number {
    return this.penalties.begunAtMs(slot);
  }

  /** An attempt begins. */
  enter(slot: number): void {
    const row = this.counter(slot);
    this.addInFlight(row, 1);
    Atomics.add(this.words, row + CounterWord.requests, 1);
  }

  /** An attempt is about to begin, and takes room at the node already; `leave` gives it back. */
  reserve(slot: number): void {
    this.addInFlight(this.counter(slot), 1);
  }

  /** An attempt has ended. `isCurrent`: its connection was not set aside. */
  leave(slot: number, isCurrent = true): void {
    this.addInFlight(this.counter(slot), -1);
    if (!isCurrent) this.setAside[slot] = (this.setAside[slot] ?? 0) - 1;
  }

  /** The slot's connections are replaced: what is in flight on them takes no room from the slot's next node. */
  setInFlightAside(slot: number): void {
    this.setAside[slot] = Atomics.load(this.words, this.counter(slot) + CounterWord.inFlight);
  }

  countAnswer(slot: number, isErrorStatus: boolean): void {
    const row = this.counter(slot);
    Atomics.add(this.words, row + CounterWord.answers, 1);
    this.refusals[slot] = Number.NEGATIVE_INFINITY;
    if (isErrorStatus) Atomics.add(this.words, row + CounterWord.errorStatuses, 1);
  }

  /** An answer took so long. */
  countLatency(slot: number, tookMs: number): void {
    const at = this.latencies + slot * latencyBuckets + latencyBucketOf(tookMs);
    this.words[at] = (this.words[at] ?? 0) + 1;
  }

  countFailure(slot: number): void {
    Atomics.add(this.words, this.counter(slot) + CounterWord.failures, 1);
  }

  /** A connection was opened (1) or has closed (-1). */
  countSocket(slot: number, change: 1 | -1): void {
    Atomics.add(this.words, this.counter(slot) + CounterWord.openSockets, change);
  }

  /** When the oldest and the newest attempt in flight began; undefined while none is. */
  showWaiting(slot: number, oldestMs: number | undefined, newestMs: number | undefined): void {
    const row = this.counter(slot);
    const oldest = oldestMs === undefined ? 0 : stampOf(oldestMs);
    const was = this.words[row + CounterWord.oldest];
    if ((was === 0) !== (oldest === 0))
      this.words[this.awaited] = (this.words[this.awaited] ?? 0) + (was === 0 ? 1 : -1);
    this.words[row + CounterWord.oldest] = oldest;
    this.words[row + CounterWord.newest] = newestMs === undefined ? 0 : stampOf(newestMs);
  }

  /** A byte of an answer has come. */
  noteByte(slot: number, nowMs: number): void {
    this.words[this.counter(slot) + CounterWord.lastByte] = stampOf(nowMs);
  }

  /** A connection has been opened, in so many milliseconds. */
  noteHandshake(slot: number, tookMs: number): void {
    const row = this.counter(slot);
    const ms = Math.max(1, Math.ceil(tookMs));
    Atomics.store(this.words, row + CounterWord.handshakeMs, ms);
    Atomics.add(this.words, row + CounterWord.connects, 1);
    Atomics.add(this.words, row + CounterWord.connectMs, Math.round(tookMs));
  }

  countRetry(): void {
    Atomics.add(this.words, this.thread + ThreadWord.retries, 1);
  }

  countHedges(what: HedgeCount, by: number): void {
    Atomics.add(this.words, this.thread + hedgeWord(what), by);
  }

  countReroute(): void {
    Atomics.add(this.words, this.thread + ThreadWord.reroutes, 1);
  }

  /** A write has waited, or is about to wait for its next attempt. */
  countWriteWait(): void {
    Atomics.add(this.words, this.thread + ThreadWord.writeWaits, 1);
  }

  /** A request has waited for a connection, and does so no more. */
  countWait(waitedMs: number): void {
    Atomics.add(this.words, this.thread + ThreadWord.waits, 1);
    Atomics.add(this.words, this.thread + ThreadWord.waitedMs, Math.round(waitedMs));
  }

  /** A request was refused as it arrived. */
  countRefused(refusal: Refusal): void {
    Atomics.add(this.words, this.thread + ThreadWord[refusedWords[refusal]], 1);
  }

  /** A request that a task of this thread has made begins, or ends. */
  countOwn(what: CountedEvent): void {
    const word = what === "requests" || what === "answered" ? ThreadWord[what] : failureWord(what);
    Atomics.add(this.words, this.thread + word, 1);
  }

  /** The number of the newest list of targets there is. */
  get topology(): number {
    return Atomics.load(this.words, HeaderWord.topology);
  }

  /** Shows the main thread the state of this one. */
  show(word: ShownWord, value: number): void {
    Atomics.store(this.words, this.thread + ThreadWord[word], value);
  }

  /** The node refused a connection just now. */
  noteRefusal(slot: number): void {
    this.refusals[slot] = this.rows.nowMs();
  }

  /** The slot has another node: clears what was noted of the last one. */
  forget(slot: number): void {
    this.refusals[slot] = Number.NEGATIVE_INFINITY;
    this.suspicions[slot] = Number.NEGATIVE_INFINITY;
    this.showWaiting(slot, undefined, undefined);
    const row = this.counter(slot);
    Atomics.store(this.words, row + CounterWord.lastByte, 0);
    Atomics.store(this.words, row + CounterWord.handshakeMs, 0);
    this.words[row + CounterWord.penalty] = 0;
    this.words[row + CounterWord.penaltyCause] = 0;
    this.penalties.forget(slot);
  }

  /** Clears the penalties of nodes that were avoided and are in rotation again. */
  private clearPenaltiesOfReturned(): void {
    const { avoided: before, avoidedBefore: avoided } = this;
    avoided.fill(0);
    for (const candidate of this.candidates) {
      if (isAvoided(candidate)) avoided[candidate.slot] = 1;
      else if (before[candidate.slot] === 1) this.penalties.forget(candidate.slot);
    }
    this.avoided = avoided;
    this.avoidedBefore = before;
  }

  private addInFlight(row: number, change: 1 | -1): void {
    this.inFlightNow += change;
    const at = row + CounterWord.inFlight;
    this.words[at] = (this.words[at] ?? 0) + change;
  }

  private counter(slot: number): number {
    return this.counters + slot * counterWords;
  }
}
