import { gunzipSync } from "node:zlib";
import { errorCodeOf } from "../error-text.js";
import { printable } from "../printable.js";
import type { Steps } from "../steps.js";

/** The result of reading foreign bytes: a value that is what its type says, or the reason why there is none. */
export type Decoded<Value> = { readonly value: Value } | { readonly problem: string };

/**
 * A field is not what it must be. Thrown by the readers below, and caught by {@link decodeWith} and {@link decodeInSteps}
 * alone. It is no Error: a stack would cost more than the rest of the reading, and who can publish may cause thousands a
 * second.
 */
class InvalidField {
  constructor(readonly problem: string) {}
}

/** Runs a reader of foreign bytes. Total: everything that it throws becomes a problem. */
export function decodeWith<Value>(read: () => Value): Decoded<Value> {
  try {
    return { value: read() };
  } catch (error) {
    return problemIn(error);
  }
}

function problemIn(error: unknown): { readonly problem: string } {
  return { problem: error instanceof InvalidField ? error.problem : "cannot be read" };
}

/** The same of a reader that works in steps. */
export function* decodeInSteps<Value>(read: () => Steps<Value>): Steps<Decoded<Value>> {
  try {
    return { value: yield* read() };
  } catch (error) {
    return problemIn(error);
  }
}

/** The own properties of parsed JSON, unchecked. A prototype could answer for a name that is not there. */
export type Fields = ReadonlyMap<string, unknown>;

export function refuse(problem: string): never {
  throw new InvalidField(problem);
}

export function readObject(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(`${what} is not an object`);
  return new Map(Object.entries(value));
}

export function parseJson(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.byteLength > maxBytes) refuse(`is larger than ${maxBytes} bytes`);
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch {
    return refuse("is not JSON");
  }
}

/** Never inflates more than `maxBytes`, however small the input. */
export function gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.byteLength > maxBytes) refuse(`is larger than ${maxBytes} bytes`);
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const isTooLarge = errorCodeOf(error) === "ERR_BUFFER_TOO_LARGE";
    return refuse(isTooLarge ? `is larger than ${maxBytes} bytes when uncompressed` : "is not gzip");
  }
}

/** Every text of a document or a message: without characters that a terminal or a log may obey. */
export function readString(value: unknown, what: string, maxLength: number): string {
  if (typeof value !== "string") return refuse(`${what} is not text`);
  if (value.length > maxLength) return refuse(`${what} is longer than ${maxLength} characters`);
  return printable(value);
}

/** Text that is not empty. */
export function readName(value: unknown, what: string, maxLength: number): string {
  return readString(value, what, maxLength) || refuse(`${what} is empty`);
}

export function readInteger(value: unknown, what: string, min: number, max: number): number {
  if (!Number.isSafeInteger(value)) return refuse(`${what} is not a whole number`);
  const number = Number(value);
  return number >= min && number <= max ? number : refuse(`${what} is not between ${min} and ${max}`);
}

/** A time on the store's clock, in milliseconds; may have a fraction. */
export function readTime(value: unknown, what: string): number {
  const isTime = typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  return isTime ? value : refuse(`${what} is not a time`);
}

/** In milliseconds, 0 or more; may have a fraction. */
export function readDuration(value: unknown, what: string): number {
  const ms = readTime(value, what);
  return ms >= 0 ? ms : refuse(`${what} is below 0`);
}

export function readBoolean(value: unknown, what: string): boolean {
  return typeof value === "boolean" ? value : refuse(`${what} is neither true nor false`);
}

export function readOneOf<Word extends string>(value: unknown, what: string, words: readonly Word[]): Word {
  return words.find((word) => word === value) ?? refuse(`${what} is not one of ${words.join(", ")}`);
}

export function readArray<Item>(value: unknown, what: string, max: number, read: (item: unknown) => Item): Item[] {
  if (!Array.isArray(value)) return refuse(`${what} is not a list`);
  if (value.length > max) return refuse(`${what} has more than ${max} entries`);
  return value.map(read);
}

/** The field as an object to spread into a document; empty if the field is absent. */
export function readOptional<Name extends string, Value>(
  fields: Fields,
  name: Name,
  read: (value: unknown, what: string) => Value,
): { readonly [key in Name]?: Value } {
  const value = fields.get(name);
  if (value === undefined) return {};
  return { [name]: read(value, name) } as { readonly [key in Name]?: Value };
}
