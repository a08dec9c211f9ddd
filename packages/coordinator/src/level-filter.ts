import type { LogEvent, Logger } from "@rollcall/core";

export type LogLevel = LogEvent["level"];

/** From the one that says most. */
export const logLevels = ["debug", "info", "warn", "error"] as const satisfies readonly LogLevel[];

/** A logger that passes on the lines of `least` and above. `least` may change at any time. */
export class LevelFilter implements Logger {
  constructor(
    private readonly logger: Logger,
    public least: LogLevel,
  ) {}

  debug(fields: object, message: string): void {
    this.pass("debug", fields, message);
  }

  info(fields: object, message: string): void {
    this.pass("info", fields, message);
  }

  warn(fields: object, message: string): void {
    this.pass("warn", fields, message);
  }

  error(fields: object, message: string): void {
    this.pass("error", fields, message);
  }

  private pass(level: LogLevel, fields: object, message: string): void {
    if (logLevels.indexOf(level) >= logLevels.indexOf(this.least)) this.logger[level](fields, message);
  }
}
