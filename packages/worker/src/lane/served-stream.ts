import type { WireError } from "@rollcall/core";
import { pieceMaxBytes } from "@rollcall/core/request";
import type { AnswerReader, AnswerSource } from "../dispatch/answer-stream.js";
import type { StreamingAnswer } from "../dispatch/sender.js";
import type { Outgoing } from "./outgoing.js";

/** What a stream of a thread needs of the thread's end of the lane. */
export interface ServedStreamOwner {
  readonly outgoing: Outgoing;
  /** `join` of this stream is called at the end of this turn, before what was posted leaves. */
  joinSoon(stream: ServedStream): void;
  /** Its id is free. */
  ended(id: number): void;
}

/** One answer that streams to main: joins its pieces, up to a size or to the end of the turn. */
export class ServedStream implements AnswerReader {
  private readonly source: AnswerSource;
  private pieces: Buffer[] = [];
  private byteLength = 0;

  constructor(
    private readonly id: number,
    answer: StreamingAnswer,
    private readonly owner: ServedStreamOwner,
  ) {
    this.source = answer.source;
    owner.outgoing.head(id, answer);
    this.source.open(this);
  }

  read(byteLength: number): void {
    this.source.read(byteLength);
  }

  drop(): void {
    this.pieces = [];
    this.source.drop();
    this.owner.outgoing.dropped(this.id);
    this.owner.ended(this.id);
  }

  piece(bytes: Buffer): void {
    if (this.byteLength + bytes.length > pieceMaxBytes) this.join();
    this.pieces.push(bytes);
    this.byteLength += bytes.length;
    this.owner.joinSoon(this);
  }

  end(): void {
    this.join();
    this.owner.outgoing.end(this.id);
    this.owner.ended(this.id);
  }

  broken(error: WireError): void {
    this.join();
    this.owner.outgoing.broken(this.id, error);
    this.owner.ended(this.id);
  }

  join(): void {
    if (this.pieces.length === 0) return;
    this.owner.outgoing.piece(this.id, this.pieces, this.byteLength);
    this.pieces = [];
    this.byteLength = 0;
  }
}
