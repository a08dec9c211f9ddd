import { styleText } from "node:util";
import type { Logger } from "@rollcall/core";

export interface PrettyLoggerParts {
  readonly write: (text: string) => void;
  /** The system's time, in milliseconds since 1970. */
  readonly wallNowMs: () => number;
  readonly hasColours: boolean;
}

type Level = keyof Logger;

const formats = { debug: "dim", info: "green", warn: "yellow", error: "red" } as const satisfies Record<Level, string>;

/**
 * A line for people instead of JSON: local time, level, text, event. The text has the other
 * fields in it.
 *
 *     18:59:59.700  warn   node es2 (10.0.0.2:9200) is down: connection refused (2 failed probes)  node.down
 */
export function prettyLogger({ write, wallNowMs, hasColours }: PrettyLoggerParts): Logger {
  const paint = (format: (typeof formats)[Level], text: string) =>
    hasColours ? styleText(format, text, { validateStream: false }) : text;
  const at = (level: Level) => (fields: object, message: string) => {
    const event = "event" in fields ? `  ${paint("dim", String(fields.event))}` : "";
    write(`${clockOf(wallNowMs())}  ${paint(formats[level], level.padEnd(5))}  ${message}${event}\n`);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function clockOf(nowMs: number): string {
  const date = new Date(nowMs);
  const local = new Date(nowMs - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice("2026-11-28T".length, -1);
}
