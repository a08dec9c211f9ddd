import type { Timers } from "@rollcall/core";
import { sentOf } from "@rollcall/core/request";
import type { TableReader } from "../table/reader.js";
import type { AttemptHandler } from "./attempt.js";
import { NamedRequests, type NamedRequestsOwner } from "./named-requests.js";
import { type NodeChoice, noneSelected } from "./node-choice.js";
import type { NodePool } from "./node-pool.js";
import type { DispatchedRequest } from "./pending-request.js";
import { RequestQueue } from "./request-queue.js";
import type { UnsettledRequests } from "./unsettled-requests.js";

type Request = DispatchedRequest<AttemptHandler>;

export interface AdmissionOptions {
  readonly reader: TableReader;
  readonly timers: Timers;
  /** How many requests may wait for a connection, those that name their node included. */
  readonly queueMax: number;
}

/** What becomes of a request whose turn it is. */
export interface AdmissionOwner {
  attempt(request: Request, pool: NodePool<AttemptHandler>): void;
}

/**
 * The way of a request to a node with room: at once, or after its turn in the queue. The requests that name their node
 * wait apart from the others, under the same bound.
 */
export class Admission {
  private readonly queue: RequestQueue<Request>;
  private readonly named: NamedRequests;
  private closed = false;
  private pumping = false;

  constructor(
    private readonly options: AdmissionOptions,
    private readonly choice: NodeChoice,
    private readonly unsettled: UnsettledRequests,
    private readonly owner: AdmissionOwner,
  ) {
    this.queue = new RequestQueue(options.queueMax);
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

  admit(request: Request): void {
    if (this.closed) return this.unsettled.fail(request, "CLOSED", "the pool is closed", sentOf(request.history));
    const { node } = request.prepared.settings ?? {};
    if (node !== undefined) return this.named.admit(request, node);
    // Queued requests go first.
    if (this.queue.length === 0) {
      const pool = this.choice.next(request);
      if (pool !== undefined) return this.owner.attempt(request, pool);
      if (this.options.reader.isBarred) return this.failBarred(request);
    }
    if (this.beginWait(request)) this.queue.push(request);
  }

  /** The next attempt of a request that was admitted before: it goes to the head of the queue, whatever the bound. */
  sendAgain(request: Request): void {
    const { node } = request.prepared.settings ?? {};
    if (node !== undefined) return this.named.sendAgain(request, node);
    const pool = this.choice.next(request);
    if (pool !== undefined) return this.owner.attempt(request, pool);
    if (this.options.reader.isBarred) return this.failBarred(request);
    this.waitAgain(request);
    this.queue.pushFirst(request);
  }

  /** Sends what waits as far as the nodes have room. */
  pump(): void {
    // An attempt that fails as it begins calls this again. The outer loop goes on then: recursion would fill the stack.
    if (this.closed || this.pumping) return;
    this.pumping = true;
    try {
      this.named.pump();
      for (let request = this.queue.first(); request !== undefined; request = this.queue.first()) {
        const pool = this.choice.next(request);
        if (pool === undefined && !this.options.reader.isBarred) return;
        this.queue.shift();
        this.endWait(request);
        if (pool === undefined) this.failBarred(request);
        else this.owner.attempt(request, pool);
      }
    } finally {
      this.pumping = false;
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
    if (node === undefined) this.queue.countLeft();
    else this.named.countLeft(node);
  }

  /** False: as many requests wait as may, so this one has failed. */
  private beginWait(request: Request): boolean {
    const { waiting } = this;
    request.queuedAtMs = this.options.timers.nowMs();
    if (waiting < this.options.queueMax) return true;
    const message = `${waiting} requests are waiting for a connection already`;
    this.unsettled.fail(request, "QUEUE_FULL", message, sentOf(request.history));
    return false;
  }

  private waitAgain(request: Request): void {
    request.state = { kind: "queued" };
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
    beginWait: (request) => this.beginWait(request),
    waitAgain: (request) => this.waitAgain(request),
    endWait: (request) => this.endWait(request),
    refuse: (request, problem) => this.unsettled.fail(request, "NO_NODE", problem, sentOf(request.history)),
  };
}
