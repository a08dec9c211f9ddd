import type { WireError } from "@rollcall/core";
import type { AnswerReader, AnswerSource } from "../dispatch/answer-stream.js";
import type { StreamingAnswer } from "../dispatch/sender.js";
import type { Outgoing } from "./outgoing.js";
import { PieceRuns } from "./piece-runs.js";

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
  private readonly unposted = new PieceRuns();

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
    this.unposted.clear();
    this.source.drop();
    this.owner.outgoing.dropped(this.id);
    this.owner.ended(this.id);
  }

  piece(bytes: Buffer): void {
    this.unposted.add(bytes);
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
    this.unposted.post(this.id, this.owner.outgoing);
  }
}
