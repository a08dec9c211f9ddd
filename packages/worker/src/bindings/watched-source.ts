import type { AnswerReader, AnswerSource } from "../dispatch/answer-stream.js";
import { idAtStart } from "./answer-id.js";

/** A streamed answer, whose beginning is also read for the id of a search. */
export class WatchedSource implements AnswerSource {
  /** Undefined once the id is found, or cannot be there. */
  private begun: string | undefined = "";

  constructor(
    private readonly source: AnswerSource,
    private readonly found: (id: string) => void,
  ) {}

  open(reader: AnswerReader): void {
    this.source.open({
      piece: (bytes) => {
        if (this.begun !== undefined) this.watch(bytes);
        reader.piece(bytes);
      },
      end: () => reader.end(),
      broken: (error) => reader.broken(error),
    });
  }

  read(byteLength: number): void {
    this.source.read(byteLength);
  }

  drop(): void {
    this.source.drop();
  }

  private watch(bytes: Buffer): void {
    const text = this.begun + bytes.toString("latin1");
    const id = idAtStart(text);
    this.begun = id === undefined ? text : undefined;
    if (typeof id === "string") this.found(id);
  }
}
