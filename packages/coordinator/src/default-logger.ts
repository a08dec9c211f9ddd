import type { Logger } from "@rollcall/core";
import { pino } from "pino";

/** One line a transition to standard error, as JSON: the same as with the application's own pino. */
export function defaultLogger(): Logger {
  return pino({ name: "rollcall", level: "info" }, pino.destination({ fd: 2, sync: true }));
}
