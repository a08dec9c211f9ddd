import type { HeldSample } from "./messages.js";

const megabyte = 1_000_000;

/**
 * What each series may grow by, along its line, from the end of the warm-up to the end of the run, or this part of its
 * mean if that is more. Of the 60,000 calls of an hour, a call that leaves one object behind leaves 60,000, and one that
 * leaves 50 bytes behind leaves 3 MB.
 *
 * Compiled code is no leak, and is judged apart: V8 compiles a function again, better and with more beside it, each time
 * it has run often enough. Here most run in some faults alone, a few times in each, so an hour is not enough for all of
 * them: of what each heap gained between its snapshots of minutes 12 and 58, nine tenths or more were code, its metadata
 * and what V8 has learnt of types; most of the rest was the view's history, which has a bound. There is an end to it, for
 * there is an end to the functions; code compiled anew for each call would show. What is learnt of types is a part of
 * `heap`, for V8 does not say how much it is.
 */
const allowances = [
  { series: /^objects/, least: 3_000, part: 0.02 },
  { series: /^heap/, least: megabyte, part: 0.05 },
  { series: /^code/, least: 2 * megabyte, part: 0.25 },
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
