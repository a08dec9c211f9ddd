import { present } from "../present.js";
import type { ProvidedCredential } from "./config.js";
import { type Place, type Problems, placeIn } from "./problems.js";
import { readAuth } from "./read-auth.js";
import { isObject } from "./read-options.js";

/** What a function has returned: a credential, and until when it holds. */
export function readProvidedAuth(place: Place, problems: Problems): ProvidedCredential | undefined {
  if (!isObject(place.value)) {
    problems.add({ ...place, secret: true }, "must be an object");
    return undefined;
  }
  const { expiresAt, ...credential } = place.value;
  const auth = readAuth({ ...place, value: credential }, problems);
  const expiresAtMs = readTime(placeIn({ ...place, secret: true }, "expiresAt", expiresAt), problems);
  return auth === undefined ? undefined : present({ auth, expiresAtMs });
}

/** A number of seconds would be a day of 1970: such a mistake is a problem, and not a credential that has expired. */
const leastTimeMs = 100_000_000_000;

function readTime(place: Place, problems: Problems): number | undefined {
  if (place.value === undefined) return undefined;
  const time = place.value instanceof Date ? place.value.getTime() : place.value;
  if (typeof time === "number" && Number.isFinite(time) && time >= leastTimeMs) return time;
  problems.add(place, "must be a Date, or a number of milliseconds since 1970 (not of seconds)");
  return undefined;
}
