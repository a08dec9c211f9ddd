/**
 * A long computation in steps, each of a few milliseconds at most. Its result does not depend on what runs between
 * them.
 */
export type Steps<Result> = Generator<void, Result, void>;

/** Runs the steps, each in a turn of its own: other work of the thread goes on between them. */
export async function runInTurns<Result>(steps: Steps<Result>, nextTurn: () => Promise<unknown>): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await nextTurn();
  }
}
