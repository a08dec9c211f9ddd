import { PriorityQueues } from "../dispatch/priority-queues.js";
import { RefusedRequests } from "../dispatch/refused-requests.js";
import type { CancelCode } from "../dispatch/sender.js";
import type { TableLayout } from "../table/layout.js";
import { failed, sentOfRequest } from "./cancellations.js";
import { claim } from "./claim-word.js";
import type { Lane, LaneRequest } from "./lane.js";
import type { LaneChoice } from "./lane-choice.js";
import type { Sweep } from "./sweep.js";
import type { TargetLists } from "./target-lists.js";

export interface LaneQueueOptions {
  /** Requests that may wait in each thread for a connection. */
  readonly queueMax: number;
  /** Requests that may be in flight from one thread to one node. */
  readonly perNode: number;
  readonly layout: TableLayout;
}

/**
 * Gives each request to the lane that is chosen for it. Requests wait here while no lane is up, or none has room for
 * what was admitted before. Every request that waits or is given has a sweep ahead of it.
 */
export class LaneQueue {
  /** Unbounded in itself: `admit` bounds it. */
  private readonly queue = new PriorityQueues<LaneRequest>();
  private readonly refused = new RefusedRequests();
  /** While no thread can start: what becomes of requests instead of waiting for one. */
  private instead: ((request: LaneRequest) => void) | undefined;

  constructor(
    private readonly options: LaneQueueOptions,
    private readonly choice: LaneChoice,
    private readonly lists: TargetLists,
    private readonly sweeps: Sweep,
  ) {}

  /** How many requests wait. */
  get length(): number {
    return this.queue.length;
  }

  /** Gives a new request to one of these lanes, or keeps it; it fails if all bounds are reached. */
  admit(request: LaneRequest, lanes: readonly Lane[]): void {
    if (this.instead !== undefined) return this.instead(request);
    // Queued requests go first.
    if (lanes.length === 0 || this.queue.length > 0) {
      if (this.queue.length >= this.boundOfThread * this.options.layout.threads) {
        return this.refuse(request, `${this.queue.length} requests wait for a thread already; nothing was sent`);
      }
      this.queue.push(request);
      return this.sweeps.soon();
    }
    const { streams } = request;
    const lane = this.choose(streams === 0 ? lanes : lanes.filter((one) => one.streams.hasRoom(streams)));
    if (lane !== undefined) return this.give(request, lane);
    const what = streams === 0 ? "requests" : "streams";
    this.refuse(request, `every thread has as many ${what} as it may have; nothing was sent`);
  }

  /** A request that was admitted before, and of which a thread has sent so many attempts: kept, whatever the bounds. */
  giveAgain(request: LaneRequest, lanes: readonly Lane[], sentAttempts = 0): void {
    request.requeue(sentAttempts);
    const lane = this.choose(lanes);
    if (lane !== undefined) return this.give(request, lane);
    if (this.instead !== undefined) return this.instead(request);
    this.queue.pushFirst(request);
    this.sweeps.soon();
  }

  /** Gives what waits to these lanes, as far as they have room. */
  giveQueued(lanes: readonly Lane[]): void {
    for (let request = this.queue.first(); request !== undefined; request = this.queue.first()) {
      const lane = this.choose(lanes);
      if (lane === undefined) return;
      this.queue.shift();
      this.give(request, lane);
    }
  }

  /** Gives the requests of a late lane that its thread has not accepted yet, and that can move, to any of `lanes`. */
  moveUnaccepted(late: Lane, lanes: readonly Lane[]): void {
    for (const request of late.current()) {
      const { state } = request;
      if (request.hasGivenBody) continue;
      if (state.kind === "given" && late.revoke(state.id, "queued")) this.giveAgain(request, lanes);
    }
  }

  /** Requests that wait, and those that come until `waitAgain`, go to this function instead. */
  putAside(instead: (request: LaneRequest) => void): void {
    this.instead = instead;
    this.takeAll(instead);
  }

  /** A thread is up: requests wait for one again. */
  waitAgain(): void {
    this.instead = undefined;
  }

  /** Settles a request that waits here, or was refused. */
  cancel(request: LaneRequest, code: CancelCode, message: string): void {
    const waits = request.isQueued;
    request.settle(failed(code, message, sentOfRequest(request, claim.queued)));
    if (waits) this.queue.countLeft(request);
  }

  /** Takes all that wait out of the queue, one by one. */
  takeAll(take: (request: LaneRequest) => void): void {
    for (let request = this.queue.first(); request !== undefined; request = this.queue.first()) {
      this.queue.shift();
      take(request);
    }
  }

  private refuse(request: LaneRequest, message: string): void {
    request.state = { kind: "refused" };
    this.refused.add(() => {
      if (request.state.kind === "refused") request.settle(failed("QUEUE_FULL", message, "no"));
    });
  }

  private give(request: LaneRequest, lane: Lane): void {
    lane.give(request);
    this.sweeps.soon();
  }

  private choose(lanes: readonly Lane[]): Lane | undefined {
    return this.choice.next(lanes, this.boundOfThread);
  }

  /** As many requests as a thread may have in flight, queued for a connection, and backing off. */
  private get boundOfThread(): number {
    const { perNode, queueMax } = this.options;
    return perNode * Math.max(1, this.lists.newest.targets.length) + queueMax + Math.max(queueMax, perNode);
  }
}
