import { spanText } from "@rollcall/core/operations";

/** A time that an option takes. */
export interface SpanBounds {
  readonly initialMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** `90s`, `10m`, `2h` or `1d` in milliseconds; what is wrong is added to `problems`. */
export function readSpan(
  flag: string,
  text: string | undefined,
  { initialMs, minMs, maxMs }: SpanBounds,
  problems: string[],
): number {
  if (text === undefined) return initialMs;
  const [, digits, unit = ""] = /^(\d{1,9})\s?(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const ms = Number(digits) * (unitMs[unit] ?? Number.NaN);
  if (ms >= minMs && ms <= maxMs) return ms;
  problems.push(
    `${flag} = ${JSON.stringify(text)}: must be a time such as 90s, 10m, 2h or 1d, from ${spanText(minMs)} to ${spanText(maxMs)}`,
  );
  return initialMs;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
