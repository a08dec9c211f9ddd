import type { WireError } from "@rollcall/core";
import { nextSendWindow, type SendWindow, sendWindow } from "@rollcall/core/request";

/** The receiving end of a streamed answer. Its calls come in the order of the bytes; nothing follows `end` or `broken`. */
export interface AnswerReader {
  piece(bytes: Buffer): void;
  end(): void;
  broken(error: WireError): void;
}

/** The sending end of a streamed answer. */
export interface AnswerSource {
  /** Pieces go to this reader. To be called once, while the request settles. */
  open(reader: AnswerReader): void;
  /** The reader has taken so many bytes: as many more may come. */
  read(byteLength: number): void;
  /** No more is wanted: the attempt ends soon, and the reader is not called any more. */
  drop(): void;
}

/** The part of an attempt that a stream controls. */
export interface StreamedAttempt {
  /** The node may send no more for now, or may go on. */
  hold(isHeld: boolean): void;
  /** The rest of the answer is not wanted. */
  drop(): void;
}

/** One answer on its way from its attempt to its reader, with no more unread than its window holds. */
export class AnswerStream implements AnswerSource {
  private window: SendWindow;
  private reader: AnswerReader | undefined;
  /** Of the body, so far. */
  receivedBytes = 0;

  constructor(
    windowBytes: number,
    private readonly attempt: StreamedAttempt,
  ) {
    this.window = sendWindow(windowBytes);
  }

  open(reader: AnswerReader): void {
    this.reader = reader;
  }

  piece(bytes: Buffer): void {
    this.receivedBytes += bytes.length;
    this.change("sent", bytes.length);
    this.reader?.piece(bytes);
  }

  read(byteLength: number): void {
    this.change("read", byteLength);
  }

  drop(): void {
    if (this.reader === undefined) return;
    this.reader = undefined;
    this.attempt.drop();
  }

  end(): void {
    this.take()?.end();
  }

  broken(error: WireError): void {
    this.take()?.broken(error);
  }

  private take(): AnswerReader | undefined {
    const { reader } = this;
    this.reader = undefined;
    return reader;
  }

  private change(type: "sent" | "read", byteLength: number): void {
    const [window, effect] = nextSendWindow(this.window, { type, byteLength });
    this.window = window;
    if (effect !== undefined && this.reader !== undefined) this.attempt.hold(effect === "pause");
  }
}
