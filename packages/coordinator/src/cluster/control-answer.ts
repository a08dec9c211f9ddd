import type { Dispatcher } from "undici";
import { type ControlResponse, failedResponse, tooLarge } from "./control-client.js";

/**
 * The answer to one control request, as undici's handler, in the older of its two forms: requests have the same. Reads
 * at most `maxBytes` of the body.
 */
export class ControlAnswer implements Dispatcher.DispatchHandler {
  /** Rejects with undici's error. */
  readonly response: Promise<ControlResponse>;
  private readonly chunks: Buffer[] = [];
  private byteLength = 0;
  private status = 0;
  private isWanted = true;
  private stop: ((error?: Error) => void) | undefined;
  private settle: (response: ControlResponse) => void = () => {};
  private fail: (error: Error) => void = () => {};

  constructor(private readonly maxBytes: number) {
    this.response = new Promise((resolve, reject) => {
      this.settle = resolve;
      this.fail = reject;
    });
  }

  /** Ends the request and its connection. Without effect once it has ended. */
  abort(): void {
    this.isWanted = false;
    this.stop?.(new Error("given up"));
  }

  onConnect(abort: (error?: Error) => void): void {
    this.stop = abort;
    if (!this.isWanted) this.abort();
  }

  /** Again for the answer itself after an interim one. */
  onHeaders(status: number): boolean {
    this.status = status;
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.byteLength += chunk.length;
    this.chunks.push(chunk);
    if (this.byteLength <= this.maxBytes) return true;
    this.settle(failedResponse(tooLarge, `the answer is larger than ${this.maxBytes} bytes`));
    this.abort();
    return false;
  }

  onComplete(): void {
    this.settle({ kind: "answered", status: this.status, body: Buffer.concat(this.chunks) });
  }

  onError(error: Error): void {
    this.fail(error);
  }
}
