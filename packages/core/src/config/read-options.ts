import type { Bound } from "./defaults.js";
import { nearestName } from "./nearest-name.js";
import { hintForOther } from "./other-clients.js";
import { type Place, type Problems, pathIn, placeIn } from "./problems.js";

/** The places of an object's options, by name; a name that is not known is a problem. Not an object: undefined. */
export function readFields<Name extends string>(
  place: Place,
  names: readonly Name[],
  problems: Problems,
): Readonly<Record<Name, Place>> | undefined {
  const { value } = place;
  if (!isObject(value)) {
    problems.add(place, "must be an object");
    return undefined;
  }
  for (const name of Object.keys(value)) {
    if (names.some((known) => known === name)) continue;
    const hint = hintForOther(place.path, name, names) ?? nearest(name, names);
    problems.remark(pathIn(place.path, name), hint === undefined ? "unknown option" : `unknown option; ${hint}`);
  }
  return Object.fromEntries(names.map((name) => [name, placeIn(place, name, value[name])])) as Record<Name, Place>;
}

function nearest(name: string, names: readonly string[]): string | undefined {
  const near = nearestName(name, names);
  return near === undefined ? undefined : `did you mean ${near}?`;
}

/** As {@link readFields}; nothing given is an object without options. */
export function readOptionalFields<Name extends string>(
  place: Place,
  names: readonly Name[],
  problems: Problems,
): Readonly<Record<Name, Place>> | undefined {
  return readFields(place.value === undefined ? { ...place, value: {} } : place, names, problems);
}

/** A whole number within its bound; `initial` if it is not given, or not good. */
export function readWholeNumber(place: Place | undefined, bound: Bound, initial: number, problems: Problems): number {
  if (place?.value === undefined) return initial;
  if (isWholeNumber(place.value, bound)) return place.value;
  problems.add(place, `must be a whole number from ${bound.min} to ${bound.max}`);
  return initial;
}

export function isWholeNumber(value: unknown, { min, max }: Bound): value is number {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}

/** The string, if it is one and `isGood`; undefined and a problem otherwise. */
export function readText(
  place: Place,
  isGood: (text: string) => boolean,
  allowed: string,
  problems: Problems,
): string | undefined {
  if (typeof place.value === "string" && isGood(place.value)) return place.value;
  problems.add(place, allowed);
  return undefined;
}

/** A list of at least one and at most `max`; undefined and a problem otherwise. */
export function readList(place: Place, max: number, of: string, problems: Problems): readonly Place[] | undefined {
  const { value } = place;
  if (Array.isArray(value) && value.length >= 1 && value.length <= max) {
    return Array.from(value, (item: unknown, index) => placeIn(place, index, item));
  }
  if (Array.isArray(value) && value.length === 0)
    problems.remark(place.path, `is empty; it must name 1 to ${max} ${of}`);
  else problems.add(place, `must be a list of 1 to ${max} ${of}`);
  return undefined;
}

/** True or false; the initial value and perhaps a problem otherwise. */
export function readSwitch(place: Place | undefined, initially: boolean, problems: Problems): boolean {
  if (place?.value === undefined) return initially;
  if (typeof place.value === "boolean") return place.value;
  problems.add(place, "must be true or false");
  return initially;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
