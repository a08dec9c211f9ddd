import type { FurtherSignals } from "./stop-signals.js";

/** The terminal and the signals of a command. */
export interface Environment {
  /** Resolves when the text has been written, or the reader has gone. */
  write(text: string): Promise<void>;
  /** Whether the output can show colours. */
  readonly hasColours: boolean;
  /** Whether the output is a screen that can be cleared. */
  readonly isScreen: boolean;
  /**
   * Fires on SIGTERM or SIGINT, and when the reader of the output has gone. To be called once. Further signals end the
   * process, by default.
   */
  untilStopped(further?: FurtherSignals): AbortSignal;
  /** Calls `listener` at each SIGHUP. */
  onHangUp(listener: () => void): void;
}
