import type { Logger } from "@rollcall/core";
import { pino } from "pino";

/** Lines of JSON on standard error, at level info and above: as the application's own pino writes them. */
export function defaultLogger(): Logger {
  return pino({ name: "rollcall", level: "info" }, pino.destination({ fd: 2, sync: true }));
}
