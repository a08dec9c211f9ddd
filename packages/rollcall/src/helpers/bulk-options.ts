import { present } from "@rollcall/core";
import { type Place, Problems, readFields, readWholeNumber } from "@rollcall/core/config";
import type { BulkOptions } from "./bulk-types.js";
import { checkFunction, checkPool, checkQuery, checkSignal, readIndex, readTimeout } from "./option-checks.js";

/** With every default. */
export interface CheckedBulkOptions<Item>
  extends Pick<BulkOptions<Item>, "index" | "operation" | "query" | "timeoutMs" | "class" | "signal">,
    Pick<BulkOptions<Item>, "onFailed" | "onProgress"> {
  readonly path: string;
  readonly chunkBytes: number;
  readonly chunkItems: number;
  readonly concurrency: number;
  readonly flushAfterMs: number;
  readonly retries: number;
}

export const bulkDefaults = {
  chunkBytes: 5_000_000,
  chunkItems: 5_000,
  concurrency: 4,
  flushAfterMs: 1_000,
  retries: 8,
};
export const bulkBounds = {
  // 100 MB is the largest body that the engines accept unless they are told otherwise.
  chunkBytes: { min: 1, max: 100_000_000 },
  chunkItems: { min: 1, max: 100_000 },
  concurrency: { min: 1, max: 64 },
  flushAfterMs: { min: 1, max: 3_600_000 },
  retries: { min: 0, max: 100 },
};

export const bulkNames = [
  ...["index", "operation", "query", "timeoutMs", "class", "signal", "onFailed", "onProgress"],
  ...["chunkBytes", "chunkItems", "concurrency", "flushAfterMs", "retries"],
] as (keyof BulkOptions)[];

/** @throws {RollcallError} `CONFIG` with one problem a line; `CLOSED` for a pool that is closed */
export function checkBulkOptions<Item>(
  pool: unknown,
  source: unknown,
  options: BulkOptions<Item>,
): CheckedBulkOptions<Item> {
  const problems = new Problems();
  checkSource({ path: "bulk(pool, source)", value: source, secret: true }, problems);
  const fields = readFields({ path: "bulk", value: options, secret: false }, bulkNames, problems);
  if (fields !== undefined) {
    for (const name of ["operation", "onFailed", "onProgress"] as const) checkFunction(fields[name], problems);
    checkSignal(fields.signal, problems);
    checkQuery(fields.query, ["filter_path"], problems);
    checkClass(fields.class, problems);
  }
  const numbers = Object.fromEntries(
    Object.entries(bulkBounds).map(([name, bound]) => {
      const key = name as keyof typeof bulkBounds;
      return [key, readWholeNumber(fields?.[key], bound, bulkDefaults[key], problems)];
    }),
  ) as typeof bulkDefaults;
  const index = readIndex(fields?.index, problems);
  const timeoutMs = readTimeout(fields?.timeoutMs, problems);
  checkPool("bulk(pool, source)", pool, problems);
  problems.throwIfAny();
  const { operation, query, class: requestClass, signal, onFailed, onProgress } = options;
  return {
    ...present({ operation, query, class: requestClass, signal, onFailed, onProgress, index, timeoutMs }),
    ...numbers,
    path: index === undefined ? "/_bulk" : `/${encodeURIComponent(index)}/_bulk`,
  };
}

function checkSource(place: Place, problems: Problems): void {
  const { value } = place;
  const isIterable = typeof value === "object" && value !== null;
  if (typeof value !== "string" && !(isIterable && (Symbol.asyncIterator in value || Symbol.iterator in value))) {
    return problems.add(place, "must be an iterable, an async iterable or a text");
  }
  const { readableDidRead, destroyed, locked } = value as Partial<StreamState>;
  if (readableDidRead === true || destroyed === true || locked === true) {
    problems.remark(place.path, "the source is a stream that was read before: it must be a new one");
  }
}

/** What tells that a stream has begun: of Node, or of the web. */
interface StreamState {
  readonly readableDidRead: boolean;
  readonly destroyed: boolean;
  readonly locked: boolean;
}

function checkClass(place: Place, problems: Problems): void {
  const { value } = place;
  if (value === undefined || value === "repeatable" || value === "never") return;
  problems.add(place, 'must be "repeatable" or "never"');
}
