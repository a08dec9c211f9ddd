import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { Logger } from "@rollcall/core";
import loadPino from "./load-pino.cjs";
import { prettyLogger } from "./pretty-logger.js";
import { wallNowMs } from "./system-timers.js";

/**
 * Lines on standard error, at level info and above: for people where that is a terminal, and else of JSON, as the
 * application's own pino writes them. A line is written before its call returns, so that none is lost when the process
 * ends.
 *
 * @param fd the file descriptor that is written to
 */
export function defaultLogger(fd = 2): Logger {
  if (!isatty(fd)) return jsonLogger(fd);
  const { NO_COLOR = "", TERM } = process.env;
  const hasColours = NO_COLOR === "" && TERM !== "dumb";
  return prettyLogger({ write: (text) => writeSync(fd, text), wallNowMs, hasColours });
}

/** pino is loaded with the first line: a start that has nothing to say does without. */
function jsonLogger(fd: number): Logger {
  let opened: Logger | undefined;
  const open = (): Logger => {
    const { destination, pino } = loadPino();
    return pino({ name: "rollcall", level: "info" }, destination({ fd, sync: true }));
  };
  const at = (level: "info" | "warn" | "error") => (fields: object, message: string) => {
    opened ??= open();
    opened[level](fields, message);
  };
  return { debug: () => {}, info: at("info"), warn: at("warn"), error: at("error") };
}
