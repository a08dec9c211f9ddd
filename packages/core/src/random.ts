/** A number in [0, 1), like `Math.random`. Handed in, so that a test can replay a run. */
export type Random = () => number;
