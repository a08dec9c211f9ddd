import type { Logger } from "./logger.js";
import { printable, printableData } from "./printable.js";

/**
 * The same logger, whose errors are ignored: a log line is written from timers and from events of connections, where an
 * error, such as that of a transport whose worker has exited, would end the loop or the process. The functions may be
 * async: a promise that rejects is no unhandled rejection.
 * Lines contain texts from nodes and from Redis: none has a control character here, so none can forge a line.
 *
 * @param onFirstFault receives the first error, and no other; it must not throw
 */
export function safeLogger(logger: Logger, onFirstFault: (error: unknown) => void): Logger {
  let isFaulty = false;
  const failed = (error: unknown) => {
    if (isFaulty) return;
    isFaulty = true;
    onFirstFault(error);
  };
  const safe =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      try {
        const returned: unknown = logger[level](printableData(fields), printable(message));
        if (returned instanceof Promise) returned.catch(failed);
      } catch (error) {
        failed(error);
      }
    };
  return { debug: safe("debug"), info: safe("info"), warn: safe("warn"), error: safe("error") };
}
