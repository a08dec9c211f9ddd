/**
 * Calls that wait for a connection to become free: first come, first served, bounded.
 *
 * A call that stops waiting only says so; it is dropped when its turn comes, so that leaving costs nothing.
 */
export class WaitingCalls<Call extends { readonly isWaiting: boolean }> {
  private calls: Call[] = [];
  private head = 0;
  private left = 0;

  constructor(private readonly max: number) {}

  /** How many wait. */
  get length(): number {
    return this.calls.length - this.head - this.left;
  }

  /** False where the queue is full. */
  push(call: Call): boolean {
    if (this.length >= this.max) return false;
    this.calls.push(call);
    return true;
  }

  /** Takes back, before all others and whatever the bound, a call that has been in the queue or past it before. */
  pushFirst(call: Call): void {
    if (this.head > 0) this.calls[--this.head] = call;
    else this.calls.unshift(call);
  }

  /** To be called once for each call that has stopped waiting before its turn; by then it says so itself. */
  countLeft(): void {
    this.left++;
    // Those who left are swept out before they outnumber those who wait, so that the bound holds for memory too.
    if (this.left > 64 && this.left * 2 > this.calls.length - this.head) this.sweep();
  }

  /** The call whose turn it is, still in the queue. */
  first(): Call | undefined {
    for (; this.head < this.calls.length; this.head++) {
      const call = this.calls[this.head];
      if (call?.isWaiting === true) return call;
      this.left--;
    }
    this.sweep();
    return undefined;
  }

  /** Takes the call that `first` gave out of the queue. */
  shift(): void {
    this.head++;
    if (this.head > 1_024 && this.head * 2 > this.calls.length) this.sweep();
  }

  private sweep(): void {
    this.calls = this.calls.slice(this.head).filter((call) => call.isWaiting);
    this.head = 0;
    this.left = 0;
  }
}
