import type { HeldSample } from "./messages.js";

const megabyte = 1_000_000;

/**
 * What each series may grow by, along its line, from the end of the warm-up to the end of the run: bytes, or this part of
 * its mean if that is more. A call that leaves 50 bytes behind, of the 60,000 of an hour, leaves 3 MB.
 */
const allowances = [
  { series: /^heap/, least: megabyte, part: 0.05 },
  { series: /^external$/, least: 2 * megabyte, part: 0.05 },
  // Of an allocator, which keeps what it may need again.
  { series: /^rss$/, least: 12 * megabyte, part: 0.1 },
  { series: /^resources$/, least: 8, part: 0 },
] as const;

export interface Growth {
  readonly series: string;
  /** From the first of them to the last. */
  readonly spanMs: number;
  readonly mean: number;
  /** By how much the line through the samples rises over their time. */
  readonly rise: number;
  readonly allowed: number;
}

/** The growth of each series of samples, by least squares, without those of the warm-up. */
export function growthOf(samples: readonly HeldSample[], warmUntilMs: number): Growth[] {
  const warm = samples.filter(({ atMs }) => atMs >= warmUntilMs);
  const names = new Set(warm.flatMap(({ held }) => Object.keys(held)));
  return [...names].flatMap((series) => {
    const points = warm.flatMap(({ atMs, held }) => {
      const value = held[series];
      return value === undefined ? [] : [{ atMs, value }];
    });
    const allowance = allowances.find((one) => one.series.test(series));
    if (allowance === undefined) throw new Error(`nothing says by how much ${series} may grow`);
    const line = lineThrough(points);
    return [{ series, ...line, allowed: Math.max(allowance.least, allowance.part * line.mean) }];
  });
}

/** Less says nothing: code is still being compiled. */
export const spanMinMs = 20 * 60_000;

export function hasGrown({ spanMs, rise, allowed }: Growth): boolean {
  return spanMs >= spanMinMs && rise > allowed;
}

function lineThrough(points: readonly { readonly atMs: number; readonly value: number }[]) {
  const mean = meanOf(points.map(({ value }) => value));
  const middleMs = meanOf(points.map(({ atMs }) => atMs));
  let [upper, lower] = [0, 0];
  for (const { atMs, value } of points) {
    upper += (atMs - middleMs) * (value - mean);
    lower += (atMs - middleMs) ** 2;
  }
  const spanMs = (points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0);
  return { spanMs, mean, rise: lower === 0 ? 0 : (upper / lower) * spanMs };
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
