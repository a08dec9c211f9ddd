import { inspect } from "node:util";
import { searchForCanaries } from "./canary.js";

type Level = "debug" | "info" | "warn" | "error";

/** A logger that keeps every line, for tests of what is logged and of what must never be. */
export interface CollectingLogger extends Record<Level, (fields: object, message: string) => void> {
  /** "level message", oldest first. */
  readonly lines: readonly string[];
  /** The messages of this level that contain `text` or match it, oldest first. Without it: all of them. */
  messages(level: Level, text?: string | RegExp): string[];
  /** All lines with all their fields, as text to search. */
  text(): string;
}

export function collectingLogger(): CollectingLogger {
  const entries: { readonly level: Level; readonly fields: object; readonly message: string }[] = [];
  const keep = (level: Level) => (fields: object, message: string) => {
    entries.push({ level, fields, message });
    searchForCanaries("a log line", { fields, message });
  };
  return {
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
    get lines() {
      return entries.map(({ level, message }) => `${level} ${message}`);
    },
    messages: (level, text = "") =>
      entries
        .filter((entry) => entry.level === level)
        .map(({ message }) => message)
        .filter((message) => (typeof text === "string" ? message.includes(text) : text.test(message))),
    text: () => entries.map((entry) => inspect(entry, { depth: null, maxStringLength: null })).join("\n"),
  };
}
