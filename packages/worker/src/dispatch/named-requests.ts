import type { AttemptHandler } from "./attempt.js";
import type { NodeChoice } from "./node-choice.js";
import type { NodePool } from "./node-pool.js";
import type { DispatchedRequest } from "./pending-request.js";
import { RequestQueue } from "./request-queue.js";

type Request = DispatchedRequest<AttemptHandler>;

/** What becomes of a request that names its node. */
export interface NamedRequestsOwner {
  attempt(request: Request, pool: NodePool<AttemptHandler>): void;
  /** It waits from now on. False: nothing may wait any more, and it has failed. */
  beginWait(request: Request): boolean;
  waitAgain(request: Request): void;
  endWait(request: Request): void;
  /** There is no such node; the text says which there are. */
  refuse(request: Request, problem: string): void;
}

/**
 * The requests that name their node. They go there or nowhere, so they wait apart from the others, in order of arrival
 * for each name: a node without room holds up its own alone.
 */
export class NamedRequests {
  private readonly queues = new Map<string, RequestQueue<Request>>();

  constructor(
    private readonly choice: Pick<NodeChoice, "byName">,
    private readonly owner: NamedRequestsOwner,
  ) {}

  /** How many wait. */
  get length(): number {
    let sum = 0;
    for (const { length } of this.queues.values()) sum += length;
    return sum;
  }

  admit(request: Request, name: string): void {
    const queue = this.queues.get(name);
    // Queued requests go first.
    if ((queue === undefined || queue.length === 0) && this.isSent(request, name)) return;
    if (this.owner.beginWait(request)) this.queueOf(name).push(request);
  }

  /** The next attempt of a request that was admitted before: it goes to the head of its queue, whatever the bound. */
  sendAgain(request: Request, name: string): void {
    if (this.isSent(request, name)) return;
    this.owner.waitAgain(request);
    this.queueOf(name).pushFirst(request);
  }

  /** Sends what waits as far as the nodes have room. */
  pump(): void {
    for (const [name, queue] of this.queues) {
      let request = queue.first();
      for (; request !== undefined; request = queue.first()) {
        const pool = this.choice.byName(name);
        if (pool === undefined) break;
        queue.shift();
        this.owner.endWait(request);
        this.settle(request, pool);
      }
      if (request === undefined) this.queues.delete(name);
    }
  }

  /** A request has left before its turn; its `isQueued` is false by then. */
  countLeft(name: string): void {
    this.queues.get(name)?.countLeft();
  }

  private isSent(request: Request, name: string): boolean {
    const pool = this.choice.byName(name);
    if (pool === undefined) return false;
    this.settle(request, pool);
    return true;
  }

  private settle(request: Request, pool: NodePool<AttemptHandler> | string): void {
    if (typeof pool === "string") this.owner.refuse(request, pool);
    else this.owner.attempt(request, pool);
  }

  private queueOf(name: string): RequestQueue<Request> {
    const queue = this.queues.get(name) ?? new RequestQueue<Request>();
    this.queues.set(name, queue);
    return queue;
  }
}
