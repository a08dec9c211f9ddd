/**
 * The signal of one call, with one listener. An `AbortController` would cost more than all else that the adapter does
 * for a call, and few calls are aborted.
 */
export class CallAbort {
  aborted = false;
  private listener: (() => void) | undefined;

  addEventListener(_type: "abort", listener: () => void): void {
    this.listener = listener;
  }

  removeEventListener(): void {
    this.listener = undefined;
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.listener?.();
  }
}
