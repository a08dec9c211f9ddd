import type { SettledRequest } from "@rollcall/worker";

/** `error.type` of a request that has failed: the code of its error, or the status of its answer where that is 400 or more. */
export function errorType({ outcome, status }: SettledRequest): string | undefined {
  if (outcome !== "answered") return outcome;
  return status !== undefined && status >= 400 ? String(status) : undefined;
}
