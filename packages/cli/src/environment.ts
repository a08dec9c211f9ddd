/** What a command is run in. */
export interface Environment {
  /** Resolves when the text has been handed over, or nobody reads it any more. */
  write(text: string): Promise<void>;
  /** Whether colours are fit for where `write` leads. */
  readonly hasColours: boolean;
  /** Whether what was written can be written over. */
  readonly isScreen: boolean;
  /** Fires when the process is to end: asked by SIGTERM or SIGINT, or because nobody reads what it writes. */
  untilStopped(): AbortSignal;
}
