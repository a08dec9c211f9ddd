const hourMs = 3_600_000;

/** How long a drain and a pause may last, and how long they do where nothing else is said. */
export const operationTimes = {
  drain: { initialMs: hourMs, minMs: 1_000, maxMs: 7 * 24 * hourMs },
  pause: { initialMs: 600_000, minMs: 1_000, maxMs: 24 * hourMs },
} as const;

/** For people, in the greatest unit of which it is a whole number: `999 ms`, `90 s`, `10 min`, `7 d`. */
export function spanText(ms: number): string {
  const [unit, unitMs] = units.find(([, unitMs]) => ms >= unitMs && ms % unitMs === 0) ?? ["ms", 1];
  return `${ms / unitMs} ${unit}`;
}

const units = [
  ["d", 24 * hourMs],
  ["h", hourMs],
  ["min", 60_000],
  ["s", 1_000],
] as const;
