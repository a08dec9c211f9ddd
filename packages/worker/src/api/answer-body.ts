import { Readable } from "node:stream";
import type { CallerContext } from "../dispatch/caller-context.js";

/** Where a body gets its pieces. */
export interface BodySupply {
  /** The body has room: its next piece, its end or its error is wanted. */
  pull(): void;
  /** The body was read to its end, or destroyed: nothing is wanted any more. */
  release(): void;
}

/**
 * The body of a streamed answer, as its reader has it. It holds one piece at most: what waits beside it is the supply's.
 *
 * An error without a listener has no effect: a body that its reader has left must not end the process. Later readers
 * still get it.
 */
export class AnswerBody extends Readable {
  /**
   * `inContext`: where its events are emitted, wherever its pieces come from. What the caller's context holds may refer to
   * the body, so it is kept here, and by none that must not keep the body.
   */
  constructor(
    private readonly supply: BodySupply,
    readonly inContext: CallerContext,
  ) {
    super({ highWaterMark: 1 });
    this.on("error", () => {});
  }

  override _read(): void {
    this.supply.pull();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.supply.release();
    callback(error);
  }
}
