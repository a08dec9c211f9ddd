import { bounds, type Place, type Problems, readText, readWholeNumber } from "@rollcall/core/config";
import { RollcallError } from "@rollcall/worker";

/** @throws {RollcallError} `CLOSED` for a pool that is closed */
export function checkPool(helper: string, pool: unknown, problems: Problems): void {
  const isPool = typeof pool === "object" && pool !== null && "request" in pool && typeof pool.request === "function";
  if (!isPool)
    return problems.remark(helper, "pool must be what createPool returns, a child of it, or what a task gets");
  if ("isClosed" in pool && pool.isClosed === true) throw new RollcallError("CLOSED", "the pool is closed");
}

export function checkFunction(place: Place, problems: Problems): void {
  if (place.value !== undefined && typeof place.value !== "function") problems.add(place, "must be a function");
}

export function checkSignal(place: Place, problems: Problems): void {
  const { value } = place;
  const isSignal = typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;
  if (value !== undefined && !isSignal) problems.add(place, "must be an AbortSignal");
}

/** `taken`: the parameters that the helper sets itself. */
export function checkQuery(place: Place, taken: readonly string[], problems: Problems): void {
  const { value } = place;
  if (value === undefined) return;
  if (typeof value !== "object" || value === null || Array.isArray(value) || Symbol.iterator in value) {
    return problems.add(place, "must be an object");
  }
  for (const name of taken) {
    if (name in value) problems.remark(`${place.path}.${name}`, "the helper sets it itself");
  }
}

/** One index, or several with commas between them. */
export function readIndex(place: Place | undefined, problems: Problems): string | undefined {
  if (place?.value === undefined) return undefined;
  return readText(place, (text) => text !== "", "must be a name that is not empty", problems);
}

export function readTimeout(place: Place | undefined, problems: Problems): number | undefined {
  if (place?.value === undefined) return undefined;
  return readWholeNumber(place, bounds.timeoutMs, bounds.timeoutMs.max, problems);
}
