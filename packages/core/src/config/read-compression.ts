import type { CompressionConfig } from "./config.js";
import { bounds, defaults } from "./defaults.js";
import type { Place, Problems } from "./problems.js";
import { isObject, readFields, readSwitch, readWholeNumber } from "./read-options.js";

const initial = defaults.compression;

/** What is compressed: nothing, all, or what the fields say. */
export function readCompression(place: Place, problems: Problems): CompressionConfig {
  const { value } = place;
  if (value === undefined) return initial;
  if (typeof value === "boolean") return { ...initial, requests: value, responses: value };
  if (!isObject(value)) {
    problems.add(place, "must be true, false, or an object of `requests`, `responses` and `aboveBytes`");
    return initial;
  }
  const fields = readFields(place, ["requests", "responses", "aboveBytes"], problems);
  const requests = readSwitch(fields?.requests, initial.requests, problems);
  if (fields?.aboveBytes.value !== undefined && !requests) {
    problems.add(fields.aboveBytes, "must not be given without `compression.requests: true`, which it belongs to");
  }
  return {
    requests,
    responses: readSwitch(fields?.responses, initial.responses, problems),
    aboveBytes: readWholeNumber(fields?.aboveBytes, bounds.compression.aboveBytes, initial.aboveBytes, problems),
  };
}
