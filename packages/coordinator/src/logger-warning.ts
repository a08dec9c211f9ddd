import { messageOf } from "@rollcall/core";

/** Where an error of the logger itself is reported: a warning of the process, by default on standard error. */
export function warnOfLogger(error: unknown): void {
  process.emitWarning(`a log line is lost, and later ones may be: the logger failed (${messageOf(error)})`, {
    code: "ROLLCALL_LOGGER",
  });
}
