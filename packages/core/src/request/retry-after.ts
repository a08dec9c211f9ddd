/** Longer waits are cut to this: no timeout is as long, and sums of times stay small numbers. */
const longestRetryAfterMs = 3_600_000;

/** The one date form that RFC 9110 lets a server send: `Sun, 06 Nov 1994 08:49:37 GMT`. */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * How long a `Retry-After` header asks us to wait, in milliseconds from 0 to one hour; undefined for anything that is
 * neither whole seconds nor an HTTP date (RFC 9110, 10.2.3). The two date forms long obsolete are not read.
 *
 * @param wallNowMs the wall clock, as `Date.now()` gives it: a date means nothing to a monotonic one
 */
export function parseRetryAfter(value: string, wallNowMs: number): number | undefined {
  const text = value.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, longestRetryAfterMs);
  if (!httpDate.test(text)) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.min(Math.max(0, atMs - wallNowMs), longestRetryAfterMs);
}
