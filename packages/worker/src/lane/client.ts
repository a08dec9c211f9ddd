import type { Logger, Timers } from "@rollcall/core";
import { uncountedBytes } from "@rollcall/core/request";
import { RequestQueue } from "../dispatch/request-queue.js";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import type {
  CancelCode,
  Claim,
  DispatchObserver,
  PendingRequest,
  PreparedRequest,
  Result,
  Sender,
  SenderStats,
  StreamingAnswer,
} from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";
import type { TableLayout } from "../table/layout.js";
import type { TableTotals } from "../table/totals.js";
import type { TableWriter } from "../table/writer.js";
import { Cancellations, failed, sentOfRequest } from "./cancellations.js";
import { type Lane, LaneRequest, type NewThread } from "./lane.js";
import { LaneChoice } from "./lane-choice.js";
import type { LaneStream } from "./lane-stream.js";
import { claim, type Hello, Incoming, toMain, toThread, type Word } from "./messages.js";
import { Sweep } from "./sweep.js";
import { TargetLists } from "./target-lists.js";
import { ThreadDeaths } from "./thread-deaths.js";
import { ThreadRows } from "./thread-rows.js";

export interface LanesOptions {
  readonly words: Int32Array;
  readonly layout: TableLayout;
  readonly writer: TableWriter;
  readonly totals: TableTotals;
  /** Requests that may wait in each thread for a connection. */
  readonly queueMax: number;
  /** Requests that may be in flight from one thread to one node. */
  readonly perNode: number;
  readonly observer: DispatchObserver;
  /** A request of a task has a credential of its own, and its thread may have nodes that must not be sent one. */
  readonly credentialGiven: () => void;
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
  /** Unbounded in itself: `admit` bounds it. */
  private readonly queue = new RequestQueue<LaneRequest>(Number.POSITIVE_INFINITY);
  /** While no thread can start: what becomes of requests instead of waiting for one. */
  private instead: ((request: LaneRequest) => void) | undefined;
  private flushing = false;
  private destroyed = false;

  constructor(private readonly options: LanesOptions) {
    const { words, layout, writer, timers, observer, logger } = options;
    this.rows = new ThreadRows(words, layout, () => this.flushSoon());
    this.choice = new LaneChoice(this.rows, timers);
    this.lists = new TargetLists(writer, (slot) => observer.released(slot));
    this.cancellations = new Cancellations(timers);
    this.deaths = new ThreadDeaths(timers, logger, this.cancellations);
    this.sweeps = new Sweep(timers, (nowMs, isLate) => this.sweep(nowMs, isLate));
  }

  /** A thread is up. It gets requests from now on. */
  join(thread: NewThread): void {
    this.instead = undefined;
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
    this.putAside((request) => request.settle(failed("THREAD", message, sentOfRequest(request, claim.queued))));
  }

  /** No thread joins any more: requests that wait, and all that come, are this sender's. */
  handOver(sender: Pick<Sender, "start">): void {
    this.putAside((request) => request.handOver(sender));
  }

  apply(targets: readonly Target[]): void {
    this.lists.publish(targets, this.lanes);
  }

  start(
    prepared: PreparedRequest,
    settle: (result: Result) => void,
    _claim?: Claim,
    streaming?: (answer: StreamingAnswer) => void,
  ): PendingRequest {
    const request = new LaneRequest(prepared, settle, this, streaming);
    this.deaths.countRequest();
    if (this.destroyed) request.settle(failed("CLOSED", "the pool is closed", "no"));
    else this.admit(request);
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
    if (state.kind === "queued") {
      request.settle(failed(code, message, sentOfRequest(request, claim.queued)));
      return this.queue.countLeft();
    }
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
    for (let request = this.queue.first(); request !== undefined; request = this.queue.first()) {
      this.queue.shift();
      request.settle(failed("CLOSED", message, sentOfRequest(request, claim.queued)));
    }
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

  private putAside(instead: (request: LaneRequest) => void): void {
    this.instead = instead;
    for (let request = this.queue.first(); request !== undefined; request = this.queue.first()) {
      this.queue.shift();
      instead(request);
    }
  }

  private admit(request: LaneRequest): void {
    if (this.instead !== undefined) return this.instead(request);
    // Queued requests go first.
    if (this.lanes.length === 0 || this.queue.length > 0) {
      if (this.queue.length >= this.boundOfThread * this.options.layout.threads) {
        const message = `${this.queue.length} requests are waiting for a thread already`;
        return request.settle(failed("QUEUE_FULL", message, "no"));
      }
      this.queue.push(request);
      return this.sweeps.soon();
    }
    const lane = this.choose(request.isStreamed ? this.lanes.filter(({ streams }) => streams.hasRoom) : this.lanes);
    if (lane !== undefined) return this.give(request, lane);
    const what = request.isStreamed ? "streams" : "requests";
    request.settle(failed("QUEUE_FULL", `every thread has as many ${what} as it may have`, "no"));
  }

  private give(request: LaneRequest, lane: Lane): void {
    lane.give(request);
    this.flushSoon();
    this.sweeps.soon();
  }

  /** A request that was admitted before: it is kept, whatever the bounds. */
  private giveAgain(request: LaneRequest, sentAttempts = 0): void {
    request.requeue(sentAttempts);
    const lane = this.choose();
    if (lane !== undefined) return this.give(request, lane);
    if (this.instead !== undefined) return this.instead(request);
    this.queue.pushFirst(request);
    this.sweeps.soon();
  }

  private giveQueued(): void {
    for (let request = this.queue.first(); request !== undefined; request = this.queue.first()) {
      const lane = this.choose();
      if (lane === undefined) return;
      this.queue.shift();
      this.give(request, lane);
    }
  }

  private choose(lanes = this.lanes): Lane | undefined {
    return this.choice.next(lanes, this.boundOfThread);
  }

  /** As many requests as a thread may have in flight, queued for a connection, and backing off. */
  private get boundOfThread(): number {
    const { perNode, queueMax } = this.options;
    return perNode * Math.max(1, this.lists.newest.targets.length) + queueMax + Math.max(queueMax, perNode);
  }

  /** All that was posted in this turn leaves at its end: one message a thread. */
  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(this.flush);
  }

  /** Sends what was posted until now: a task that is posted next finds it in its thread. */
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
          this.answered(lane, incoming.number(), incoming.answer());
          break;
        case toMain.failed:
          this.ended(lane.ended(incoming.number()), incoming.failure());
          break;
        case toMain.head:
          this.streamBegins(lane, incoming.number(), incoming.head());
          break;
        case toMain.piece:
          lane.streams.piece(incoming.number(), incoming.bytes());
          break;
        case toMain.bodyRead:
          lane.streams.bodyRead(incoming.number(), incoming.number());
          break;
        case toMain.end:
          this.streamEnded(lane, incoming.number())?.end();
          break;
        case toMain.broken: {
          const stream = this.streamEnded(lane, incoming.number());
          const error = incoming.error();
          stream?.broken(error);
          break;
        }
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
        case toMain.credentialRefused:
          observer.credentialRefused();
          break;
        case toMain.credentialGiven:
          this.options.credentialGiven();
          break;
        case toMain.probeWanted:
          observer.probeWanted(incoming.number());
          break;
        case toMain.released:
          this.lists.release(lane, incoming.number(), incoming.number());
          break;
      }
    }
    if (this.queue.length > 0) this.giveQueued();
  }

  private answered(lane: Lane, id: number, answer: Result & { readonly kind: "answered" }): void {
    // Also of a request that was cancelled: its thread holds the bytes until then.
    if (answer.body.length > uncountedBytes) {
      lane.outgoing.words.push(toThread.taken, answer.body.length);
      this.flushSoon();
    }
    this.ended(lane.ended(id), answer);
  }

  private ended(request: LaneRequest | undefined, result: Result): void {
    if (request === undefined) return;
    if (request.state.kind !== "cancelling") return request.settle(result);
    if (result.kind === "answered") this.cancellations.end(request, "maybe", result.attempts);
    else this.cancellations.end(request, result.error.sent, result.error.attempts);
  }

  private streamBegins(lane: Lane, id: number, head: Omit<StreamingAnswer, "windowBytes" | "source">): void {
    const windowBytes = lane.streams.windowOf(id);
    const begun = lane.beginStream(id);
    if (begun === undefined) return;
    const { request, stream } = begun;
    if (request.state.kind === "cancelling") this.cancellations.end(request, "maybe", head.attempts);
    else request.stream({ ...head, windowBytes, source: stream });
  }

  private streamEnded(lane: Lane, id: number): LaneStream | undefined {
    const stream = lane.streams.get(id);
    lane.ended(id);
    return stream;
  }

  /** Acts on what no message reports: a thread that is busy or does not answer. */
  private sweep(nowMs: number, isLate: boolean): void {
    if (isLate) this.choice.noteOwnPause(nowMs);
    this.cancellations.settleOverdue(nowMs);
    if (this.destroyed) return;

    if (this.lanes.some((lane) => !this.choice.isLate(lane, nowMs))) {
      for (const lane of this.lanes) if (lane.load > 0 && this.choice.isLate(lane, nowMs)) this.moveUnaccepted(lane);
    }
    if (this.queue.length > 0) this.giveQueued();
    if (this.queue.length > 0 || this.cancellations.arePending || this.lanes.some(({ load }) => load > 0)) {
      this.sweeps.soon();
    }
  }

  private moveUnaccepted(lane: Lane): void {
    for (const request of lane.current()) {
      const { state } = request;
      if (state.kind === "given" && lane.revoke(state.id, "queued")) this.giveAgain(request);
    }
  }

  private attachThreads(): void {
    const next = () => this.rows.attachNext(this.options.timers.nowMs());
    for (let lane = next(); lane !== undefined; lane = next()) this.attach(lane);
  }

  private attach(lane: Lane): void {
    const { port } = lane.thread;
    port.on("message", (words: Word[]) => this.receive(lane, words));
    port.unref();
    const hello: Hello = { row: lane.row, claims: lane.claims, ...this.lists.newest };
    port.postMessage(hello);
    this.lanes = [...this.lanes, lane];
    this.lists.join(lane);
    this.giveQueued();
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
    for (const { request, sentByThread } of survivors) this.giveAgain(request, sentByThread);
    this.options.totals.fold(lane.row);
    this.lists.leave(lane);
    this.rows.release(lane.row);
    this.attachThreads();
  }
}
