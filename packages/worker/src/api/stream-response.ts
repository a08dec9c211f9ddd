import type { Readable } from "node:stream";
import type { StreamingAnswer } from "../dispatch/sender.js";
import { ReceivedHead, type ResponseHead } from "./response-head.js";

/** An answer whose headers have come. */
export interface StreamResponse extends ResponseHead {
  /**
   * The body's bytes as they come. No more than a bounded part of them is held: a slow reader slows the node down. Must
   * be read to its end or destroyed: until then it occupies a connection, unless no code refers to it any more.
   *
   * Its error is a {@link RollcallError} with `receivedBytes`: `DISCONNECTED`, `BAD_RESPONSE`, `THREAD`, `TIMEOUT` for no
   * byte within `timeoutMs` while more was wanted, `ABORTED`, `CLOSED`. What had come is read before it, but for
   * `TIMEOUT` and `ABORTED`. An error that no code listens to has no effect.
   */
  readonly body: Readable;
}

export class ReceivedStreamResponse extends ReceivedHead implements StreamResponse {
  constructor(
    answer: StreamingAnswer,
    readonly body: Readable,
  ) {
    super(answer);
  }
}
