import type { Attempt, Logger, Sent, Timers } from "@rollcall/core";
import { beatMs } from "@rollcall/core/health";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import type {
  CancelCode,
  DispatchObserver,
  PendingRequest,
  PreparedRequest,
  Result,
  Sender,
  SenderStats,
} from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";
import { WaitingCalls } from "../dispatch/waiting-calls.js";
import { msSinceTick, type TableLayout, ThreadWord, threadRow, tickOf } from "../table/layout.js";
import type { TableTotals } from "../table/totals.js";
import type { TableWriter } from "../table/writer.js";
import { type Cancellation, Lane, LaneCall, type NewThread } from "./lane.js";
import { claim, type Hello, Incoming, toMain, toThread, type Word } from "./messages.js";
import { SlotReclamation } from "./slot-reclamation.js";

export interface LanesOptions {
  readonly words: Int32Array;
  readonly layout: TableLayout;
  readonly writer: TableWriter;
  readonly totals: TableTotals;
  /** Calls that may wait in each thread. */
  readonly queueMax: number;
  /** Requests that may be under way from one thread to one node. */
  readonly perNode: number;
  readonly observer: DispatchObserver;
  readonly timers: Timers;
  readonly logger: Logger;
}

export interface LaneStatus {
  readonly thread: number;
  /** The number of the list of targets that it sends by. */
  readonly list: number;
  /** Calls that it has. */
  readonly calls: number;
  readonly tasks: number;
  readonly isLate: boolean;
}

/** One whose heartbeat is so late is busy with something else: others get the calls. */
const lateMs = 100;
/** How long a thread may take to answer a cancellation. It does so at once, unless something blocks it. */
const cancelMs = 100;
const sweepMs = 50;
/** A request that was begun in so many threads that died is sent to no other: it may be what kills them. */
const deathsMax = 2;
/** More calls than this are never with one thread: as many words of shared memory are set aside for it. */
const callsMaxPerThread = 65_536;

/**
 * Sends calls to nodes through the dispatches of worker threads: picks the thread, keeps the truth about each call, and
 * loses none, whatever happens to a thread.
 *
 * All calls of one turn of the loop go to a thread as one message, and so do the answers back. Calls that were made
 * before a thread is up, or while none is, wait here.
 */
export class Lanes implements Sender {
  private lanes: readonly Lane[] = [];
  private readonly freeRows: number[];
  /** Threads that are up and have no row of the table yet, since it is still another's. */
  private readonly newcomers: NewThread[] = [];
  private readonly waiting = new WaitingCalls<LaneCall>(Number.POSITIVE_INFINITY);
  /** Calls whose thread has been asked to end them, and some that have ended since. */
  private cancelling: LaneCall[] = [];
  /** Of those, how many have not ended. */
  private cancellingNow = 0;
  /** What the threads' owner has said of the last one that failed. */
  private lastFailure: string | undefined;
  private targets: readonly Target[] = [];
  private topology = 0;
  private readonly holdings = new SlotReclamation<Lane>();
  private flushing = false;
  private sweeping = false;
  private sweepDueMs = 0;
  /** Before this time the clock says nothing about a heartbeat: we ourselves were not running. */
  private trustedSinceMs = Number.NEGATIVE_INFINITY;
  private destroyed = false;
  private whenEnded: (() => void) | undefined;

  constructor(private readonly options: LanesOptions) {
    this.freeRows = Array.from({ length: options.layout.threads }, (_, row) => options.layout.threads - 1 - row);
  }

  /** A thread is up. It gets calls from now on. */
  join(thread: NewThread): void {
    thread.port.on("close", () => this.left(thread));
    for (const port of [thread.port, thread.viewPort]) port.unref();
    this.newcomers.push(thread);
    this.seatNewcomers();
  }

  /** Why a thread is about to be gone, or was: for the log. */
  noteFailure(reason: string): void {
    this.lastFailure = reason;
  }

  apply(targets: readonly Target[]): void {
    const topology = (this.topology + 1) | 0;
    this.topology = topology;
    this.targets = targets;
    for (const lane of this.lanes) lane.postTargets({ topology, targets });
    // Only now: a thread that sees the number finds the list.
    this.options.writer.moveTopology();
    const slots = targets.map(({ slot }) => slot);
    for (const slot of this.holdings.handOut(this.lanes, slots, topology)) this.options.observer.released(slot);
  }

  start(call: PreparedRequest, settle: (result: Result) => void): PendingRequest {
    const given = new LaneCall(call, settle, this.giveUp);
    if (this.destroyed) given.settle(failed("CLOSED", "the pool is closed"));
    else this.admit(given);
    return given;
  }

  get isUp(): boolean {
    return this.lanes.length > 0;
  }

  pump(): void {
    for (const lane of this.lanes) {
      lane.outgoing.words.push(toThread.pump);
      this.flushSoon();
    }
  }

  reroute(order: RerouteOrder): void {
    for (const lane of this.lanes) lane.outgoing.move(order);
    this.flushSoon();
  }

  stats(): SenderStats {
    return { queued: this.waiting.length + this.options.totals.ofThreads.queued };
  }

  /** How each thread is, in order of its row; one that has no row yet is not among them. */
  threads(): readonly LaneStatus[] {
    const { words, layout, timers } = this.options;
    const nowMs = timers.nowMs();
    return [...this.lanes]
      .sort((a, b) => a.row - b.row)
      .map((lane) => ({
        thread: lane.row,
        list: Atomics.load(words, threadRow(layout, lane.row) + ThreadWord.applied),
        calls: lane.load,
        tasks: lane.tasks,
        isLate: this.isLate(lane, nowMs),
      }));
  }

  async destroy(): Promise<void> {
    this.destroyed = true;
    const message = "the pool was closed before the answer came";
    for (let call = this.waiting.first(); call !== undefined; call = this.waiting.first()) {
      this.waiting.shift();
      call.settle(failed("CLOSED", message));
    }
    for (const lane of this.lanes) {
      for (const call of lane.current()) this.giveUp(call, "CLOSED", message);
      lane.outgoing.words.push(toThread.close);
    }
    if (this.cancellingNow > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => this.sweep(Number.POSITIVE_INFINITY), cancelMs);
        this.whenEnded = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    for (const lane of this.lanes) lane.close();
    for (const { port, viewPort } of this.newcomers) {
      port.close();
      viewPort.close();
    }
    this.lanes = [];
  }

  private admit(call: LaneCall): void {
    // Those who wait go first.
    if (this.lanes.length === 0 || this.waiting.length > 0) {
      if (this.waiting.length >= this.boundOfThread * this.options.layout.threads) {
        return call.settle(failed("QUEUE_FULL", `${this.waiting.length} calls are waiting for a thread already`));
      }
      this.waiting.push(call);
      return this.sweepSoon();
    }
    const lane = this.choose();
    if (lane === undefined)
      return call.settle(failed("QUEUE_FULL", "every thread has all the calls that it may have already"));
    this.give(call, lane);
  }

  private give(call: LaneCall, lane: Lane): void {
    lane.give(call);
    this.flushSoon();
    this.sweepSoon();
  }

  /** A call that was admitted before: whatever the bounds, it is kept. */
  private giveAgain(call: LaneCall): void {
    call.state = "waiting";
    const lane = this.choose();
    if (lane === undefined) {
      this.waiting.pushFirst(call);
      this.sweepSoon();
    } else this.give(call, lane);
  }

  private giveWaiting(): void {
    for (let call = this.waiting.first(); call !== undefined; call = this.waiting.first()) {
      const lane = this.choose();
      if (lane === undefined) return;
      this.waiting.shift();
      this.give(call, lane);
    }
  }

  /** The thread with the fewest calls, of those that are on time and have no task; else of those on time; else of all. */
  private choose(): Lane | undefined {
    const nowMs = this.options.timers.nowMs();
    const bound = this.boundOfThread;
    let best: Lane | undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const lane of this.lanes) {
      if (!lane.hasRoom(bound)) continue;
      const rank = this.isLate(lane, nowMs) ? 2 : lane.tasks > 0 ? 1 : 0;
      if (best !== undefined && (rank > bestRank || (rank === bestRank && lane.load >= best.load))) continue;
      best = lane;
      bestRank = rank;
    }
    return best;
  }

  /** As many calls as a thread may have under way, waiting for a connection, and resting before another try. */
  private get boundOfThread(): number {
    const { perNode, queueMax } = this.options;
    return perNode * Math.max(1, this.targets.length) + queueMax + Math.max(queueMax, perNode);
  }

  private isLate({ row }: Lane, nowMs: number): boolean {
    const beat = Atomics.load(this.options.words, threadRow(this.options.layout, row) + ThreadWord.heartbeat);
    const silentMs = Math.min(msSinceTick(beat, nowMs), nowMs - this.trustedSinceMs);
    return silentMs > beatMs + lateMs;
  }

  private readonly giveUp = (call: LaneCall, code: CancelCode, message: string): void => {
    if (call.state === "waiting") {
      call.settle(failed(code, message));
      this.waiting.countLeft();
      return;
    }
    const { lane } = call;
    if (call.state !== "given" || lane === undefined) return;
    if (lane.takeBack(call, "posted")) return call.settle(failed(code, message));
    call.state = "cancelling";
    call.cancelled = { code, message, atMs: this.options.timers.nowMs() };
    this.cancelling.push(call);
    this.cancellingNow++;
    // One by one, a connection that one of them leaves would be taken by the next before that is cancelled, too.
    if (!this.destroyed) lane.askToEnd(call, code, message);
    this.flushSoon();
    this.sweepSoon();
  };

  /** All that was said in this turn leaves at its end: one message a thread. */
  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(this.flush);
  }

  /** Sends what was said until now: a task that is posted next finds it in its thread. */
  readonly flush = (): void => {
    this.flushing = false;
    for (const lane of this.lanes) lane.flush();
  };

  private receive(lane: Lane, words: readonly Word[]): void {
    const { observer } = this.options;
    const incoming = new Incoming(words);
    while (!incoming.ended) {
      switch (incoming.number()) {
        case toMain.answered:
          this.ended(lane.ended(incoming.number()), incoming.answer());
          break;
        case toMain.failed:
          this.ended(lane.ended(incoming.number()), incoming.failure());
          break;
        case toMain.dropped:
          lane.ended(incoming.number());
          break;
        case toMain.nodeFailed:
          observer.failed({
            slot: incoming.number(),
            generation: incoming.number(),
            startedAtMs: incoming.number(),
            reason: incoming.text(),
          });
          break;
        case toMain.refused:
          observer.credentialRefused();
          break;
        case toMain.signWanted:
          observer.probeWanted(incoming.number());
          break;
        case toMain.released: {
          const slot = incoming.number();
          if (this.holdings.release(lane, slot, incoming.number())) observer.released(slot);
          break;
        }
      }
    }
    if (this.waiting.length > 0) this.giveWaiting();
  }

  private ended(call: LaneCall | undefined, result: Result): void {
    if (call === undefined) return;
    if (call.cancelled === undefined) return call.settle(result);
    // What crossed the cancellation does not undo it, but is the truth of what was sent.
    const attempts = result.kind === "answered" ? result.attempts : result.error.attempts;
    const sent = result.kind === "answered" ? "maybe" : result.error.sent;
    this.endCancelled(call, call.cancelled, sent, attempts);
  }

  private endCancelled(call: LaneCall, why: Cancellation, sent: Sent, attempts: readonly Attempt[]): void {
    const { code, message } = why;
    this.cancellingNow--;
    call.settle({ kind: "failed", error: { code, message, sent, attempts } });
    if (this.cancellingNow > 0) return;
    this.cancelling = [];
    this.whenEnded?.();
  }

  private sweepSoon(): void {
    if (this.sweeping) return;
    this.sweeping = true;
    const { timers } = this.options;
    this.sweepDueMs = timers.nowMs() + sweepMs;
    timers.after(sweepMs, () => {
      this.sweeping = false;
      this.sweep(timers.nowMs());
    });
  }

  /** What nobody tells us: that a thread is busy, or does not answer. */
  private sweep(nowMs: number): void {
    if (nowMs - this.sweepDueMs > sweepMs) this.trustedSinceMs = nowMs;
    for (const call of this.cancelling) {
      if (call.cancelled !== undefined && nowMs - call.cancelled.atMs >= cancelMs) this.settleByClaim(call);
    }
    this.cancelling = this.cancelling.filter(({ state }) => state !== "settled");
    if (this.destroyed) return;

    if (this.lanes.some((lane) => !this.isLate(lane, nowMs))) {
      for (const lane of this.lanes) if (lane.load > 0 && this.isLate(lane, nowMs)) this.moveUnbegun(lane);
    }
    if (this.waiting.length > 0) this.giveWaiting();
    if (this.waiting.length > 0 || this.cancelling.length > 0 || this.lanes.some(({ load }) => load > 0)) {
      this.sweepSoon();
    }
  }

  private moveUnbegun(lane: Lane): void {
    for (const call of lane.current()) {
      if (call.state === "given" && lane.takeBack(call, "posted")) this.giveAgain(call);
    }
  }

  /** The thread does not answer: the words that we share with it say what it has done. */
  private settleByClaim(call: LaneCall): void {
    const { lane, cancelled } = call;
    if (call.state !== "cancelling" || lane === undefined || cancelled === undefined) return;
    const sent = lane.takeBack(call, "begun") ? "no" : "maybe";
    if (sent === "maybe") lane.letGo(call);
    this.endCancelled(call, cancelled, sent, []);
  }

  private seatNewcomers(): void {
    while (this.newcomers.length > 0 && this.freeRows.length > 0) {
      const thread = this.newcomers.shift();
      const row = this.freeRows.pop();
      if (thread === undefined || row === undefined) return;
      this.seat(new Lane(thread, row, callsMaxPerThread));
    }
  }

  private seat(lane: Lane): void {
    const { topology, targets } = this;
    const { port } = lane.thread;
    const heartbeat = threadRow(this.options.layout, lane.row) + ThreadWord.heartbeat;
    Atomics.store(this.options.words, heartbeat, tickOf(this.options.timers.nowMs()));
    port.on("message", (words: Word[]) => this.receive(lane, words));
    port.unref();
    const hello: Hello = { row: lane.row, claims: lane.claims, topology, targets };
    port.postMessage(hello);
    this.lanes = [...this.lanes, lane];
    this.holdings.join(lane, topology);
    this.giveWaiting();
  }

  private left(thread: NewThread): void {
    const at = this.newcomers.indexOf(thread);
    if (at >= 0) this.newcomers.splice(at, 1);
    const lane = this.lanes.find((one) => one.thread === thread);
    if (this.destroyed || lane === undefined) return;
    this.lanes = this.lanes.filter((one) => one !== lane);
    lane.close();

    let moved = 0;
    let lost = 0;
    for (const call of lane.current()) {
      if (this.survive(lane, call)) moved++;
      else lost++;
    }
    this.options.totals.fold(lane.row);
    for (const slot of this.holdings.leave(lane)) this.options.observer.released(slot);
    // Why it died may be told a little later than that it did.
    setImmediate(() => this.logDeath(moved, lost));
    this.freeRows.push(lane.row);
    this.seatNewcomers();
  }

  private logDeath(moved: number, lost: number): void {
    const reason = this.lastFailure;
    this.lastFailure = undefined;
    const why = reason === undefined ? "" : ` of an error (${reason})`;
    this.options.logger.error(
      { moved, lost, ...(reason === undefined ? {} : { reason }) },
      `a worker thread died${why}; of its calls, ${moved} were given to others and ${lost} failed`,
    );
  }

  /** What becomes of a call whose thread has died. True where it goes on. */
  private survive(lane: Lane, call: LaneCall): boolean {
    const stage = lane.stageOf(call);
    const sent = stage === claim.handed ? "maybe" : "no";
    lane.letGo(call);
    if (call.cancelled !== undefined) {
      this.endCancelled(call, call.cancelled, sent, []);
      return false;
    }
    if (stage !== claim.posted) call.deaths++;
    if (stage === claim.handed) call.handed = true;
    if (call.deaths < deathsMax && (!call.handed || call.call.class === "read")) {
      this.giveAgain(call);
      return true;
    }
    const message = "the worker thread that had the request died";
    call.settle({ kind: "failed", error: { code: "THREAD", message, sent, attempts: [] } });
    return false;
  }
}

function failed(code: CancelCode | "QUEUE_FULL", message: string): Result {
  return { kind: "failed", error: { code, message, sent: "no", attempts: [] } };
}
