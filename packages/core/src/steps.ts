/**
 * A long computation in steps, each of a few milliseconds at most. Its result does not depend on what runs between
 * them.
 */
export type Steps<Result> = Generator<void, Result, void>;

/** Runs all steps one after the other, without a turn between them: for what is known to be small. */
export function runAtOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Runs the steps, each in a turn of its own: other work of the thread goes on between them. */
export async function runInTurns<Result>(steps: Steps<Result>, nextTurn: () => Promise<unknown>): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
  }
}
