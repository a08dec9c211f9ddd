/** Sort values beyond it, which are whole numbers, are not what the cluster sent. */
const safest = Number.MAX_SAFE_INTEGER;
/** The value of a document without the field, where it is a number: the largest or smallest of 64 bits. */
const missing = 2 ** 63;

/**
 * The JSON of `search_after` for the hits behind a hit; undefined where its values cannot be given back as they came.
 *
 * A number of 64 bits may be rounded when JSON is read. The two that stand for "no value" are recognised; a number beyond
 * 64 bits is a double, and exact.
 */
export function searchAfterJson(sort: unknown): string | undefined {
  if (!Array.isArray(sort) || sort.length === 0) return undefined;
  const values = sort.map(valueJson);
  return values.includes(undefined) ? undefined : `[${values.join(",")}]`;
}

function valueJson(value: unknown): string | undefined {
  if (value === missing) return "9223372036854775807";
  if (value === -missing) return "-9223372036854775808";
  if (typeof value === "number" && Math.abs(value) > safest && Math.abs(value) < missing) return undefined;
  return JSON.stringify(value);
}

/** The caller's sort, as a list, with what makes each place unique at its end. */
export function uniqueSort(sort: unknown, tiebreaker: string | undefined): readonly unknown[] {
  const given: readonly unknown[] = sort === undefined || sort === null ? [] : Array.isArray(sort) ? sort : [sort];
  if (tiebreaker === undefined || given.some((one) => fieldsOf(one).includes(tiebreaker))) return given;
  return [...given, { [tiebreaker]: "asc" }];
}

function fieldsOf(sort: unknown): readonly string[] {
  if (typeof sort === "string") return [sort.split(":")[0] ?? ""];
  return typeof sort === "object" && sort !== null ? Object.keys(sort) : [];
}
