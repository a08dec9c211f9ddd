import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { Logger } from "@rollcall/core";
import { LevelFilter, type LogLevel } from "./level-filter.js";
import loadPino from "./load-pino.cjs";
import { prettyLogger } from "./pretty-logger.js";
import { wallNowMs } from "./system-timers.js";

/**
 * Lines on standard error, at level info and above unless `least` says otherwise: for people where that is a terminal,
 * and else of JSON, as the application's own pino writes them. A line is written before its call returns, so that none
 * is lost when the process ends.
 *
 * @param fd the file descriptor that is written to
 */
export function defaultLogger(fd = 2): LevelFilter {
  return new LevelFilter(isatty(fd) ? textLogger(fd) : jsonLogger(fd), "info");
}

function textLogger(fd: number): Logger {
  const { NO_COLOR = "", TERM } = process.env;
  const hasColours = NO_COLOR === "" && TERM !== "dumb";
  return prettyLogger({ write: (text) => writeSync(fd, text), wallNowMs, hasColours });
}

/** pino is loaded with the first line: a start that has nothing to say does without. */
function jsonLogger(fd: number): Logger {
  let opened: Logger | undefined;
  const open = (): Logger => {
    const { destination, pino } = loadPino();
    return pino({ name: "rollcall", level: "debug" }, destination({ fd, sync: true }));
  };
  const at = (level: LogLevel) => (fields: object, message: string) => {
    opened ??= open();
    opened[level](fields, message);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
