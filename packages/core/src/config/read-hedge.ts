import type { HedgeConfig } from "./config.js";
import { bounds, defaults } from "./defaults.js";
import type { Place, Problems } from "./problems.js";
import { isObject, readFields } from "./read-options.js";

const initial: HedgeConfig = { extraWork: defaults.hedge.extraWork };

/** Whether Reads are hedged, and what that may cost. `hasRetries`: a request may be sent to a second node at all. */
export function readHedge(
  place: Place,
  { hasRetries, isSigned }: { readonly hasRetries: boolean; readonly isSigned: boolean },
  problems: Problems,
): false | HedgeConfig {
  const { value } = place;
  if (value === undefined || value === false) return false;
  if (value !== true && !isObject(value)) {
    problems.add(place, "must be true, false, or { extraWork }");
    return false;
  }
  if (!hasRetries) problems.remark(place.path, "must not be given with `retry: false`, which sends each request once");
  if (isSigned) problems.remark(place.path, "must not be given together with `sign`: a hedge would have no signature");
  return value === true ? initial : readFieldsOf(place, problems);
}

function readFieldsOf(place: Place, problems: Problems): HedgeConfig {
  const extraWork = readFields(place, ["extraWork"], problems)?.extraWork;
  if (extraWork?.value === undefined) return initial;
  const { min, max } = bounds.hedge.extraWork;
  if (typeof extraWork.value === "number" && extraWork.value >= min && extraWork.value <= max) {
    return { extraWork: extraWork.value };
  }
  problems.add(extraWork, `must be a number from ${min} to ${max}`);
  return initial;
}
