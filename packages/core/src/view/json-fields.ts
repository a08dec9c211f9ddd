import { gunzipSync } from "node:zlib";
import { viewLimits } from "./limits.js";

/** What came of reading something that others wrote: a value that holds what its type says, or why there is none. */
export type Decoded<Value> = { readonly value: Value } | { readonly problem: string };

/** A field is not what it must be. Caught by {@link decoded}, and seen nowhere else. */
class Malformed extends Error {}

/** Runs a reader of foreign bytes. Total: whatever is thrown within becomes a problem. */
export function decoded<Value>(read: () => Value): Decoded<Value> {
  try {
    return { value: read() };
  } catch (error) {
    return { problem: error instanceof Malformed ? error.message : "cannot be read" };
  }
}

/** Parsed JSON of which nothing is known yet. Its prototype is not to be trusted: only own properties are read. */
export type Fields = ReadonlyMap<string, unknown>;

export function refuse(problem: string): never {
  throw new Malformed(problem);
}

export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(`${what} is no object`);
  return new Map(Object.entries(value));
}

export function jsonOf(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.byteLength > maxBytes) refuse(`is larger than ${maxBytes} bytes`);
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch {
    return refuse("is no JSON");
  }
}

/** Never inflates more than a document may hold, however small the input. */
export function gunzipped(bytes: Uint8Array): Uint8Array {
  const maxBytes = viewLimits.documentMaxBytes;
  if (bytes.byteLength > maxBytes) refuse(`is larger than ${maxBytes} bytes`);
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooLarge = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    return refuse(tooLarge ? `is larger than ${maxBytes} bytes when uncompressed` : "is no gzip");
  }
}

export function text(value: unknown, what: string, maxLength: number): string {
  if (typeof value !== "string") return refuse(`${what} is no text`);
  if (value.length > maxLength) return refuse(`${what} is longer than ${maxLength} characters`);
  return value;
}

export function named(value: unknown, what: string, maxLength: number): string {
  return text(value, what, maxLength) || refuse(`${what} is empty`);
}

export function wholeNumber(value: unknown, what: string, min: number, max: number): number {
  if (!Number.isSafeInteger(value)) return refuse(`${what} is no whole number`);
  const number = Number(value);
  return number >= min && number <= max ? number : refuse(`${what} is not between ${min} and ${max}`);
}

/** A moment on the store's clock, in milliseconds; it may have a fraction. */
export function moment(value: unknown, what: string): number {
  const isMoment = typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  return isMoment ? value : refuse(`${what} is no time`);
}

/** In milliseconds; it may have a fraction. */
export function duration(value: unknown, what: string): number {
  const ms = moment(value, what);
  return ms >= 0 ? ms : refuse(`${what} is below 0`);
}

export function flag(value: unknown, what: string): boolean {
  return typeof value === "boolean" ? value : refuse(`${what} is neither true nor false`);
}

export function oneOf<Word extends string>(value: unknown, what: string, words: readonly Word[]): Word {
  return words.find((word) => word === value) ?? refuse(`${what} is none of ${words.join(", ")}`);
}

export function listOf<Item>(value: unknown, what: string, max: number, read: (item: unknown) => Item): Item[] {
  if (!Array.isArray(value)) return refuse(`${what} is no list`);
  if (value.length > max) return refuse(`${what} has more than ${max} entries`);
  return value.map(read);
}

/** What `read` makes of a field, or nothing where there is none: for spreading into a document. */
export function optional<Name extends string, Value>(
  fields: Fields,
  name: Name,
  read: (value: unknown, what: string) => Value,
): { readonly [key in Name]?: Value } {
  const value = fields.get(name);
  if (value === undefined) return {};
  return { [name]: read(value, name) } as { readonly [key in Name]?: Value };
}
