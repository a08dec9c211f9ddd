/** Time that only moves forward, in milliseconds. Its zero means nothing; differences do. */
export interface Clock {
  nowMs(): number;
}

/** A clock that can also wake its owner. Handed in, so that a test can turn the hands itself. */
export interface Timers extends Clock {
  /** Runs `wake` once, `delayMs` from now. The timer never keeps a process alive. Returns its cancellation. */
  after(delayMs: number, wake: () => void): () => void;
}
