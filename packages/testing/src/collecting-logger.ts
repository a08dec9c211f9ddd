import { inspect } from "node:util";

type Level = "debug" | "info" | "warn" | "error";

export interface LogLine {
  readonly level: Level;
  readonly fields: object;
  readonly message: string;
}

/** A logger that keeps every line, for tests of what is said and of what must never be. */
export interface CollectingLogger extends Record<Level, (fields: object, message: string) => void> {
  readonly lines: readonly LogLine[];
  /** The messages of this level that hold `text` or match it, oldest first. Without it: all of them. */
  messages(level: Level, text?: string | RegExp): string[];
  /** All lines with all their fields, as text to search. */
  text(): string;
}

export function collectingLogger(): CollectingLogger {
  const lines: LogLine[] = [];
  const keep = (level: Level) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  return {
    lines,
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
    messages: (level, text = "") =>
      lines
        .filter((line) => line.level === level)
        .map(({ message }) => message)
        .filter((message) => (typeof text === "string" ? message.includes(text) : text.test(message))),
    text: () => lines.map((line) => inspect(line, { depth: null, maxStringLength: null })).join("\n"),
  };
}
