import type { Logger, Steps, Timers } from "@rollcall/core";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import type {
  CancelCode,
  PendingRequest,
  PreparedRequest,
  RequestOwner,
  Sender,
  SenderStats,
} from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";
import type { TableTotals } from "../table/totals.js";
import type { TableWriter } from "../table/writer.js";
import { Cancellations, failed, sentOfRequest } from "./cancellations.js";
import { claim } from "./claim-word.js";
import { type Lane, LaneRequest, type NewThread } from "./lane.js";
import { LaneChoice } from "./lane-choice.js";
import { LaneQueue, type LaneQueueOptions } from "./lane-queue.js";
import { type Hello, toThread, type Word } from "./messages.js";
import { Sweep } from "./sweep.js";
import { TargetLists } from "./target-lists.js";
import { ThreadDeaths } from "./thread-deaths.js";
import { ThreadReports, type ThreadReportsOptions } from "./thread-reports.js";
import { ThreadRows } from "./thread-rows.js";

export interface LanesOptions extends LaneQueueOptions, ThreadReportsOptions {
  readonly words: Int32Array;
  readonly writer: TableWriter;
  readonly totals: TableTotals;
  readonly timers: Timers;
  readonly logger: Logger;
}

export interface LaneStatus {
  readonly thread: number;
  /** The number of the list of targets that it sends by. */
  readonly list: number;
  /** Requests that it has. */
  readonly calls: number;
  readonly tasks: number;
  readonly isLate: boolean;
}

/**
 * Sends requests to nodes through the dispatches of worker threads: picks the thread, holds the truth about each
 * request, and loses none, whatever happens to a thread.
 *
 * All requests of one turn of the loop go to a thread as one message, and so do the answers back. Requests that come
 * while no thread is up are queued here.
 */
export class Lanes implements Sender {
  private lanes: readonly Lane[] = [];
  private readonly rows: ThreadRows;
  private readonly choice: LaneChoice;
  private readonly lists: TargetLists;
  private readonly cancellations: Cancellations;
  private readonly deaths: ThreadDeaths;
  private readonly sweeps: Sweep;
  private readonly queue: LaneQueue;
  private readonly reports: ThreadReports;
  private flushing = false;
  private turnBeganMs = 0;
  private destroyed = false;

  constructor(private readonly options: LanesOptions) {
    const { words, layout, writer, timers, observer, logger } = options;
    this.rows = new ThreadRows(words, layout, this.flushSoon);
    this.choice = new LaneChoice(this.rows, timers);
    this.lists = new TargetLists(writer, (slot) => observer.released(slot));
    this.cancellations = new Cancellations(timers);
    this.deaths = new ThreadDeaths(timers, logger, this.cancellations);
    this.sweeps = new Sweep(timers, (nowMs, isLate) => this.sweep(nowMs, isLate));
    this.queue = new LaneQueue(options, this.choice, this.lists, this.sweeps);
    this.reports = new ThreadReports(options, this.lists, this.cancellations);
  }

  /** A thread is up. It gets requests from now on. */
  join(thread: NewThread): void {
    this.queue.waitAgain();
    thread.port.on("close", () => this.threadEnded(thread));
    for (const port of [thread.port, thread.viewPort]) port.unref();
    this.rows.add(thread);
    this.attachThreads();
  }

  /** Why a thread is about to end, or has ended: for the log. */
  noteFailure(reason: string): void {
    this.deaths.noteFailure(reason);
  }

  /** No thread is up and none can start: requests that wait, and those that come until one joins, fail with this. */
  refuse(message: string): void {
    this.queue.putAside((request) => request.settle(failed("THREAD", message, sentOfRequest(request, claim.queued))));
  }

  /** No thread joins any more: requests that wait, and all that come, are this sender's. */
  handOver(sender: Pick<Sender, "start">): void {
    this.queue.putAside((request) => request.handOver(sender));
  }

  prepare(targets: readonly Target[]): Steps<void> {
    return this.lists.prepare(targets, this.lanes);
  }

  apply(targets: readonly Target[]): void {
    this.lists.publish(targets, this.lanes);
  }

  start(prepared: PreparedRequest, owner: RequestOwner): PendingRequest {
    const request = new LaneRequest(prepared, owner, this);
    this.deaths.countRequest(this.turnMs());
    if (this.destroyed) request.settle(failed("CLOSED", "the pool is closed", "no"));
    else this.queue.admit(request, this.lanes);
    return request;
  }

  get isUp(): boolean {
    return this.lanes.length > 0;
  }

  pump(): void {
    for (const lane of this.lanes) lane.outgoing.words.push(toThread.pump);
    this.flushSoon();
  }

  reroute(order: RerouteOrder): void {
    for (const lane of this.lanes) lane.outgoing.reroute(order);
    this.flushSoon();
  }

  /** Has no effect on a request that is settled or cancelled already. */
  cancel(request: LaneRequest, code: CancelCode, message: string): void {
    const { state } = request;
    if (state.kind === "queued" || state.kind === "refused") return this.queue.cancel(request, code, message);
    if (state.kind === "handedOver") return state.pending.cancel(code, message);
    if (state.kind !== "given") return;
    this.cancellations.begin(request, code, message);
    if (request.state.kind !== "cancelling") return;
    // Not while closing: `close` ends all of a thread at once. One by one, a connection freed by one request would be
    // taken by the next, which is about to be cancelled too.
    if (!this.destroyed) state.lane.outgoing.cancel(state.id, code, message);
    this.flushSoon();
    this.sweeps.soon();
  }

  stats(): SenderStats {
    return { queued: this.queue.length + this.options.totals.ofThreads.queued };
  }

  /** The status of each thread that has a row, in order of the rows. */
  threads(): readonly LaneStatus[] {
    const nowMs = this.options.timers.nowMs();
    return this.lanes
      .toSorted((a, b) => a.row - b.row)
      .map((lane) => ({
        thread: lane.row,
        list: this.rows.appliedList(lane),
        calls: lane.load,
        tasks: lane.tasks,
        isLate: this.choice.isLate(lane, nowMs),
      }));
  }

  async destroy(): Promise<void> {
    this.destroyed = true;
    const message = "the pool was closed before the answer came";
    this.queue.takeAll((request) => request.settle(failed("CLOSED", message, sentOfRequest(request, claim.queued))));
    for (const lane of this.lanes) {
      for (const request of lane.current()) this.cancel(request, "CLOSED", message);
      lane.streams.breakAll({ code: "CLOSED", message: "the pool was closed", sent: "maybe", attempts: [] });
      lane.outgoing.words.push(toThread.close);
    }
    await this.cancellations.allEnded();
    for (const lane of this.lanes) lane.close();
    this.rows.close();
    this.lanes = [];
  }

  /** Requests of one turn share one reading of the clock. */
  private turnMs(): number {
    if (!this.flushing) this.turnBeganMs = this.options.timers.nowMs();
    return this.turnBeganMs;
  }

  /** All that was posted in this turn leaves at its end: one message a thread. */
  private readonly flushSoon = (): void => {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(this.flush);
  };

  /** Sends what was posted until now: a task that is posted next finds it in its thread. */
  readonly flush = (): void => {
    this.flushing = false;
    for (const lane of this.lanes) lane.flush();
  };

  /** Acts on what no message reports: a thread that is busy or does not answer. */
  private sweep(nowMs: number, isLate: boolean): void {
    if (isLate) this.choice.noteOwnPause(nowMs);
    this.cancellations.settleOverdue(nowMs);
    if (this.destroyed) return;

    if (this.lanes.some((lane) => !this.choice.isLate(lane, nowMs))) {
      for (const lane of this.lanes)
        if (lane.load > 0 && this.choice.isLate(lane, nowMs)) this.queue.moveUnaccepted(lane, this.lanes);
    }
    if (this.queue.length > 0) this.queue.giveQueued(this.lanes);
    if (this.queue.length > 0 || this.cancellations.arePending || this.lanes.some(({ load }) => load > 0)) {
      this.sweeps.soon();
    }
  }

  private attachThreads(): void {
    const next = () => this.rows.attachNext(this.options.timers.nowMs());
    for (let lane = next(); lane !== undefined; lane = next()) this.attach(lane);
  }

  private attach(lane: Lane): void {
    const { port } = lane.thread;
    port.on("message", (words: Word[]) => {
      this.reports.receive(lane, words);
      if (this.queue.length > 0) this.queue.giveQueued(this.lanes);
    });
    port.unref();
    const hello: Hello = { row: lane.row, claims: lane.claims, ...this.lists.newest };
    port.postMessage(hello);
    this.lanes = [...this.lanes, lane];
    this.lists.join(lane);
    this.queue.giveQueued(this.lanes);
  }

  private threadEnded(thread: NewThread): void {
    this.rows.drop(thread);
    const lane = this.lanes.find((one) => one.thread === thread);
    if (lane === undefined) return;
    this.lanes = this.lanes.filter((one) => one !== lane);
    lane.close();
    const message = "the worker thread that had the answer died";
    lane.streams.breakAll({ code: "THREAD", message, sent: "maybe", attempts: [] });

    const survivors = this.deaths.survivorsOf(lane);
    if (this.destroyed) return;
    for (const { request, sentByThread } of survivors) this.queue.giveAgain(request, this.lanes, sentByThread);
    this.options.totals.fold(lane.row);
    this.lists.leave(lane);
    this.rows.release(lane.row);
    this.attachThreads();
  }
}
