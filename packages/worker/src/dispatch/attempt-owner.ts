/** What an attempt reports to. */
export interface AttemptOwner<Attempt> {
  /** A byte of the answer has come. */
  received(attempt: Attempt): void;
  /** More of a large answer has come. False: it waits until `resume` is called. */
  grew(attempt: Attempt, addedBytes: number): boolean;
  /** The headers of an answer that is to stream have come. Afterwards it streams, or its rest is drained. */
  headersCame(attempt: Attempt): void;
  /** The answer waits for its reader or for our memory, or no more. */
  held(attempt: Attempt, isHeld: boolean): void;
  /** It has ended: `error` is set, or the answer is whole. Called once, also for one that was abandoned. */
  finished(attempt: Attempt): void;
}
