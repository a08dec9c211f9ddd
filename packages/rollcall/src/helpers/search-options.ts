import { present } from "@rollcall/core";
import { type Place, Problems, readFields, readWholeNumber } from "@rollcall/core/config";
import type { PitOptions, ScrollOptions } from "./hits-types.js";
import { checkFunction, checkPool, checkQuery, checkSignal, readIndex, readTimeout } from "./option-checks.js";

/** With every default. */
export type CheckedSearch<Options> = Options & {
  readonly size: number;
  readonly keepAliveMs: number;
};

export const searchDefaults = { size: 1_000, keepAliveMs: 60_000 };
export const searchBounds = { size: { min: 1, max: 10_000 }, keepAliveMs: { min: 1_000, max: 86_400_000 } };

const scrollNames = [
  ...["index", "body", "size", "keepAliveMs", "query", "timeoutMs", "signal", "onPartial"],
] as (keyof ScrollOptions)[];
const pitNames: (keyof PitOptions)[] = [...scrollNames, "engine", "tiebreaker"];
export const searchNames = { scroll: scrollNames, pit: pitNames };

/** Fields of a body that the helper sets itself. */
const taken = {
  scroll: ["size", "from", "search_after", "pit"],
  pit: ["size", "from", "search_after", "pit"],
} as const;
const takenParameters = ["scroll", "size", "from", "keep_alive"];

/** @throws {RollcallError} `CONFIG` with one problem a line; `CLOSED` for a pool that is closed */
export function checkSearchOptions<Options extends object>(
  helper: "scroll" | "pit",
  pool: unknown,
  options: Options,
): CheckedSearch<Options> {
  const problems = new Problems();
  const fields = readFields<keyof PitOptions>(
    { path: helper, value: options, secret: false },
    searchNames[helper] as (keyof PitOptions)[],
    problems,
  );
  if (fields !== undefined) {
    checkBody(fields.body, taken[helper], problems);
    checkQuery(fields.query, takenParameters, problems);
    checkSignal(fields.signal, problems);
    checkFunction(fields.onPartial, problems);
    if (helper === "pit") checkPit(fields, problems);
  }
  const { size: sizeBound, keepAliveMs: keepAliveBound } = searchBounds;
  const size = readWholeNumber(fields?.size, sizeBound, searchDefaults.size, problems);
  const keepAliveMs = readWholeNumber(fields?.keepAliveMs, keepAliveBound, searchDefaults.keepAliveMs, problems);
  readIndex(fields?.index, problems);
  readTimeout(fields?.timeoutMs, problems);
  checkPool(`${helper}(pool)`, pool, problems);
  problems.throwIfAny();
  return { ...present(options), size, keepAliveMs } as CheckedSearch<Options>;
}

function checkBody(place: Place, names: readonly string[], problems: Problems): void {
  const { value } = place;
  if (value === undefined) return;
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    return problems.add({ ...place, secret: true }, "must be an object");
  }
  for (const name of names) if (name in value) problems.remark(`${place.path}.${name}`, "the helper sets it itself");
}

function checkPit(fields: Readonly<Record<"index" | "engine" | "tiebreaker", Place>>, problems: Problems): void {
  const { index, engine, tiebreaker } = fields;
  if (index.value === undefined) problems.add(index, "must be a name that is not empty");
  if (engine.value !== undefined && engine.value !== "elasticsearch" && engine.value !== "opensearch") {
    problems.add(engine, 'must be "elasticsearch" or "opensearch"');
  }
  const { value } = tiebreaker;
  const isField = typeof value === "string" && value !== "";
  if (value !== undefined && value !== false && !isField)
    problems.add(tiebreaker, "must be the name of a field, or false");
}
