import type { Steps } from "./steps.js";

/** Runs the steps at once. */
export function finish<Result>(steps: Steps<Result>): Result {
  return count(steps).result;
}

/** Runs the steps at once, and counts the pauses between them. */
export function count<Result>(steps: Steps<Result>): { readonly result: Result; readonly pauses: number } {
  for (let pauses = 0; ; pauses++) {
    const step = steps.next();
    if (step.done === true) return { result: step.value, pauses };
  }
}
