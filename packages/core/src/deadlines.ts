import type { Random } from "./random.js";

/** What a state machine does once a time has come. A machine lists its deadlines in one place: {@link runDue} and
 * {@link firstDueMs} both read that list, so a tick and the time of the next tick cannot disagree. */
export interface Deadline<State, Effect> {
  readonly atMs: number;
  /** Must move or end the deadline; otherwise it is due again at once. */
  readonly run: (nowMs: number, random: Random) => readonly [State, readonly Effect[]];
}

/** When the next of the deadlines is due; infinity if there is none. */
export function firstDueMs(deadlines: readonly { readonly atMs: number }[]): number {
  return deadlines.reduce((dueMs, { atMs }) => Math.min(dueMs, atMs), Number.POSITIVE_INFINITY);
}

/** Runs deadlines one at a time, the first of the list before the others, until none is due. */
export function runDue<State, Effect>(
  state: State,
  deadlinesOf: (state: State) => readonly Deadline<State, Effect>[],
  nowMs: number,
  random: Random,
): readonly [State, readonly Effect[]] {
  const effects: Effect[] = [];
  let current = state;
  for (;;) {
    const due = deadlinesOf(current).find(({ atMs }) => nowMs >= atMs);
    if (due === undefined) return [current, effects];
    const [next, more] = due.run(nowMs, random);
    current = next;
    effects.push(...more);
  }
}
