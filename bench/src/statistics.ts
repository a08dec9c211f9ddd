/** The middle value; of an even number of values, the mean of the middle two. @throws of no values */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The first and the third quartile. */
export function quartiles(values: readonly number[]): readonly [number, number] {
  return [quantile(values, 0.25), quantile(values, 0.75)];
}

/** Between two values, the line between them decides (Hyndman and Fan's type 7). */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new Error("no values");
  // Nothing lies between two infinities.
  if (below === above) return below;
  return below + (above - below) * (at - Math.floor(at));
}
