import { priorities } from "@rollcall/core/overload";
import { RequestQueue } from "./request-queue.js";

export interface Ranked {
  readonly isQueued: boolean;
  /** The place of its priority; 0 goes first. */
  readonly rank: number;
}

/** Requests that wait: those of a higher priority first, whatever the others have waited; equals in order of arrival. */
export class PriorityQueues<Request extends Ranked> {
  /** By rank. Unbounded in themselves: their owner bounds them. */
  private readonly queues = priorities.map(() => new RequestQueue<Request>());
  /** That of the request which `first` returned. */
  private current = this.queues[0];

  /** How many are queued. */
  get length(): number {
    return this.ahead(this.queues.length - 1);
  }

  /** How many go before a request of this rank that comes now. */
  ahead(rank: number): number {
    let sum = 0;
    for (let at = 0; at <= rank; at++) sum += this.queues[at]?.length ?? 0;
    return sum;
  }

  push(request: Request): void {
    this.queues[request.rank]?.push(request);
  }

  /** Puts a request that was admitted before at the head of its priority. */
  pushFirst(request: Request): void {
    this.queues[request.rank]?.pushFirst(request);
  }

  /** To be called once for each request that has left before its turn; its `isQueued` is false by then. */
  countLeft({ rank }: Request): void {
    this.queues[rank]?.countLeft();
  }

  /** The request whose turn it is, still in the queue. */
  first(): Request | undefined {
    for (const queue of this.queues) {
      const request = queue.first();
      if (request === undefined) continue;
      this.current = queue;
      return request;
    }
    return undefined;
  }

  /** Takes the request that `first` returned out of the queue. */
  shift(): void {
    this.current?.shift();
  }
}
