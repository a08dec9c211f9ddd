import type { Timers } from "@rollcall/core";
import { sentOf } from "@rollcall/core/request";
import type { TableReader } from "../table/reader.js";
import type { AttemptHandler } from "./attempt.js";
import { NamedRequests, type NamedRequestsOwner } from "./named-requests.js";
import { type NodeChoice, noneSelected } from "./node-choice.js";
import type { NodePool } from "./node-pool.js";
import { type DispatchedRequest, queued } from "./pending-request.js";
import { PriorityQueues } from "./priority-queues.js";
import { RefusedRequests } from "./refused-requests.js";
import type { ThreadLoad } from "./thread-load.js";
import type { UnsettledRequests } from "./unsettled-requests.js";

type Request = DispatchedRequest<AttemptHandler>;

export interface AdmissionOptions {
  readonly reader: TableReader;
  readonly timers: Timers;
}

/** What becomes of a request whose turn it is. */
export interface AdmissionOwner {
  /** Without `nowMs`, the clock is read. */
  attempt(request: Request, pool: NodePool<AttemptHandler>, nowMs?: number): void;
}

/**
 * The way of a request to a node with room: at once, or after its turn in the queue, unless it is refused as it arrives.
 * The requests that name their node wait apart from the others, under the same bound.
 */
export class Admission {
  private readonly queue = new PriorityQueues<Request>();
  private readonly refused = new RefusedRequests();
  private readonly named: NamedRequests;
  private closed = false;
  private pumping = false;

  constructor(
    private readonly options: AdmissionOptions,
    private readonly choice: NodeChoice,
    private readonly load: ThreadLoad,
    private readonly unsettled: UnsettledRequests,
    private readonly owner: AdmissionOwner,
  ) {
    this.named = new NamedRequests(choice, this.ofNamed);
  }

  /** How many requests wait for a connection. */
  get waiting(): number {
    return this.queue.length + this.named.length;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** From now on none is admitted, and none that waits gets its turn. */
  close(): void {
    this.closed = true;
  }

  admit(request: Request, nowMs: number): void {
    if (this.closed) return this.unsettled.fail(request, "CLOSED", "the pool is closed", sentOf(request.history));
    this.load.arrived();
    // A thread that has died had sent it: it has waited its turn, and is not refused.
    if (request.history.mayHaveSent) return this.sendAgain(request);
    const { node } = request.prepared.settings ?? {};
    if (node !== undefined) return this.named.admit(request, node);
    // Queued requests of its priority, and of a higher one, go first.
    if (this.queue.ahead(request.rank) === 0) {
      const pool = this.next(request, nowMs);
      if (pool !== undefined) return this.owner.attempt(request, pool, nowMs);
      if (this.options.reader.isBarred) return this.failBarred(request);
    }
    if (!this.beginWait(request, this.queue.ahead(request.rank) + this.named.length)) return;
    this.queue.push(request);
    this.load.waits(true);
  }

  /** The next attempt of a request that was admitted before: it goes to the head of its priority, whatever the bound. */
  sendAgain(request: Request): void {
    const { node } = request.prepared.settings ?? {};
    if (node !== undefined) return this.named.sendAgain(request, node);
    const nowMs = this.options.timers.nowMs();
    const pool = this.next(request, nowMs);
    if (pool !== undefined) return this.owner.attempt(request, pool, nowMs);
    if (this.options.reader.isBarred) return this.failBarred(request);
    this.waitAgain(request);
    this.queue.pushFirst(request);
    this.load.waits(true);
  }

  /** Sends what waits as far as the nodes have room. */
  pump(): void {
    // An attempt that fails as it begins calls this again. The outer loop goes on then: recursion would fill the stack.
    if (this.closed || this.pumping) return;
    this.pumping = true;
    try {
      this.named.pump();
      for (let request = this.queue.first(); request !== undefined; request = this.queue.first()) {
        const nowMs = this.options.timers.nowMs();
        const pool = this.next(request, nowMs);
        if (pool === undefined && !this.options.reader.isBarred) return;
        this.queue.shift();
        this.endWait(request);
        if (pool === undefined) this.failBarred(request);
        else this.owner.attempt(request, pool, nowMs);
      }
    } finally {
      this.pumping = false;
      this.load.waits(this.queue.length > 0);
    }
  }

  /** As {@link pump}, and costs nothing while no request waits. */
  pumpWaiting(): void {
    if (this.waiting > 0) this.pump();
  }

  /** A request has left before its turn; its `isQueued` is false by then. */
  countLeft(request: Request): void {
    this.endWait(request);
    const { node } = request.prepared.settings ?? {};
    if (node !== undefined) return this.named.countLeft(node);
    this.queue.countLeft(request);
    this.load.waits(this.queue.length > 0);
  }

  /** The node for the next attempt; undefined while none has room, or as many are in flight as may be. */
  private next(request: Request, nowMs: number): NodePool<AttemptHandler> | undefined {
    // A Read that leaves a node which is lost brings no more than it has brought already.
    const mayBegin = request.history.moved || this.load.hasRoom(this.queue.length);
    return mayBegin ? this.choice.next(request, nowMs) : undefined;
  }

  /** False: it is refused, for so many requests go before it. */
  private beginWait(request: Request, ahead: number): boolean {
    const { reader, timers } = this.options;
    request.queuedAtMs = timers.nowMs();
    const refused = this.load.refusalOf(ahead, request.prepared.deadlineMs, request.queuedAtMs);
    if (refused === undefined) return true;
    reader.countRefused(refused.refusal);
    request.state = { kind: "refused" };
    this.refused.add(() => {
      if (request.state.kind === "refused") this.unsettled.fail(request, "QUEUE_FULL", refused.message, "no");
    });
    return false;
  }

  private waitAgain(request: Request): void {
    request.state = queued;
    request.queuedAtMs = this.options.timers.nowMs();
  }

  private endWait({ queuedAtMs, prepared }: Request): void {
    const { reader, timers } = this.options;
    reader.countWait(timers.nowMs() - queuedAtMs);
    if (prepared.class !== "read") reader.countWriteWait();
  }

  private failBarred(request: Request): void {
    this.unsettled.fail(request, "NO_NODE", noneSelected, sentOf(request.history));
  }

  private readonly ofNamed: NamedRequestsOwner = {
    attempt: (request, pool) => this.owner.attempt(request, pool),
    beginWait: (request) => this.beginWait(request, this.waiting),
    waitAgain: (request) => this.waitAgain(request),
    endWait: (request) => this.endWait(request),
    refuse: (request, problem) => this.unsettled.fail(request, "NO_NODE", problem, sentOf(request.history)),
  };
}
