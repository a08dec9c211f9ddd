/**
 * Requests that wait for a connection or a thread: in order of arrival. Their owner bounds them.
 *
 * A request that stops waiting is only counted out, and dropped when its turn comes: leaving costs nothing.
 */
export class RequestQueue<Request extends { readonly isQueued: boolean }> {
  private requests: Request[] = [];
  private head = 0;
  private left = 0;

  /** How many are queued. */
  get length(): number {
    return this.requests.length - this.head - this.left;
  }

  push(request: Request): void {
    this.requests.push(request);
  }

  /** Puts a request that was admitted before at the head. */
  pushFirst(request: Request): void {
    if (this.head > 0) this.requests[--this.head] = request;
    else this.requests.unshift(request);
  }

  /** To be called once for each request that has left before its turn; its `isQueued` is false by then. */
  countLeft(): void {
    this.left++;
    // Requests that left are removed before they outnumber the queued ones, so that the bound holds for memory too.
    if (this.left > 64 && this.left * 2 > this.requests.length - this.head) this.sweep();
  }

  /** The request whose turn it is, still in the queue. */
  first(): Request | undefined {
    for (; this.head < this.requests.length; this.head++) {
      const request = this.requests[this.head];
      if (request?.isQueued === true) return request;
      this.left--;
    }
    this.sweep();
    return undefined;
  }

  /** Takes the request that `first` returned out of the queue. */
  shift(): void {
    this.head++;
    if (this.head > 1_024 && this.head * 2 > this.requests.length) this.sweep();
  }

  private sweep(): void {
    this.requests = this.requests.slice(this.head).filter((request) => request.isQueued);
    this.head = 0;
    this.left = 0;
  }
}
