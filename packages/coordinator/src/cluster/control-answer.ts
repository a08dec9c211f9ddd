import { present } from "@rollcall/core";
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
  private date: string | undefined;
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
  onHeaders(status: number, headers: readonly Buffer[]): boolean {
    this.status = status;
    this.date = headerOf(headers, "date");
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
    const { status, date } = this;
    this.settle({ kind: "answered", status, body: Buffer.concat(this.chunks), ...present({ date }) });
  }

  onError(error: Error): void {
    this.fail(error);
  }
}

/** Names and values in turn. */
function headerOf(headers: readonly Buffer[], wanted: string): string | undefined {
  const at = headers.findIndex((name, index) => {
    return index % 2 === 0 && name.length === wanted.length && name.toString("latin1").toLowerCase() === wanted;
  });
  return at < 0 ? undefined : headers[at + 1]?.toString("latin1");
}
