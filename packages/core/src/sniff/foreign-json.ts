import { printable } from "../printable.js";

type JsonObject = Readonly<Record<string, unknown>>;

/** An object of parsed JSON that a cluster wrote; undefined for anything else. */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/**
 * A text of 1 to `maxLength` characters, without those that a terminal or a log may obey; undefined for anything else.
 */
export function boundedText(value: unknown, maxLength: number): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= maxLength ? printable(value) : undefined;
}
