import type { Logger } from "./logger.js";

/**
 * The same logger, whose errors are ignored: a log line is written from timers and from events of connections, where an
 * error, such as that of a transport whose worker has exited, would end the loop or the process.
 */
export function safeLogger(logger: Logger): Logger {
  const safe =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      try {
        logger[level](fields, message);
      } catch {
        // The only place to report it would be the logger itself.
      }
    };
  return { debug: safe("debug"), info: safe("info"), warn: safe("warn"), error: safe("error") };
}
