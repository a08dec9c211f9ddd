import type { Logger } from "./logger.js";

/** The same logger, with `bound` in the fields of each line: what all lines of one process or of one view share. */
export function boundLogger(logger: Logger, bound: object): Logger {
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void =>
      logger[level]({ ...bound, ...fields }, message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
