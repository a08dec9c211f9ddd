import type { WireError } from "@rollcall/core";
import type { AnswerReader, AnswerSource } from "../dispatch/answer-stream.js";

/** What a stream writes to its lane. */
export interface StreamLane {
  postRead(id: number, byteLength: number): void;
  /** The thread ends the stream; its id is in use until the thread reports that. */
  postDrop(id: number): void;
}

/** One answer that streams from a thread, as main has it. */
export class LaneStream implements AnswerSource, AnswerReader {
  private reader: AnswerReader | undefined;
  private receivedBytes = 0;

  constructor(
    private readonly id: number,
    private readonly lane: StreamLane,
  ) {}

  open(reader: AnswerReader): void {
    this.reader = reader;
  }

  read(byteLength: number): void {
    if (this.reader !== undefined) this.lane.postRead(this.id, byteLength);
  }

  drop(): void {
    if (this.take() !== undefined) this.lane.postDrop(this.id);
  }

  piece(bytes: Buffer): void {
    this.receivedBytes += bytes.length;
    this.reader?.piece(bytes);
  }

  end(): void {
    this.take()?.end();
  }

  broken(error: WireError): void {
    this.take()?.broken({ ...error, receivedBytes: this.receivedBytes });
  }

  private take(): AnswerReader | undefined {
    const { reader } = this;
    this.reader = undefined;
    return reader;
  }
}
