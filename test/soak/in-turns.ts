/** The members of a list in random order, each once, then in another order, without end. */
export function* inTurns<T>(list: readonly T[], random: () => number): Generator<T, never, undefined> {
  for (;;) {
    const left = [...list];
    while (left.length > 0) yield* left.splice(Math.floor(random() * left.length), 1);
  }
}
