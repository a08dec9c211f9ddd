import type { Logger } from "@rollcall/core";
import loadPino from "./load-pino.cjs";

/**
 * Lines of JSON on standard error, at level info and above: as the application's own pino writes them. A line is written
 * before its call returns, so that none is lost when the process ends.
 *
 * pino is loaded with the first line: a start that has nothing to say does without.
 *
 * @param fd the file descriptor that is written to
 */
export function defaultLogger(fd = 2): Logger {
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
