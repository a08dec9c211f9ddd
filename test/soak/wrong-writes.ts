import { brokenPromise, doneByIndex } from "../faults/support-writes.js";
import type { WriteOutcome } from "./messages.js";

/** The writes that the nodes have done otherwise than their callers were promised, one line each. */
export function wrongWrites(writes: readonly WriteOutcome[], documents: ReadonlyMap<string, number>): string[] {
  const done = doneByIndex(documents);
  return writes.flatMap(({ write, outcome }) => {
    const broken = brokenPromise(write, outcome, done.get(write.index) ?? []);
    return broken === undefined
      ? []
      : [`the ${write.kind} of ${write.index} was ${broken}: ${JSON.stringify(outcome)}`];
  });
}
