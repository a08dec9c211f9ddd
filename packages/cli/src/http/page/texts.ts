/** For people, in one unit: `0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`. Rounded down. */
export function durationOf(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** A count as it is, a rate in two or three digits; thousands with a comma. `0`, `0.04`, `7.3`, `12,431`. */
export function figureOf(value: number): string {
  if (Number.isInteger(value)) return thousands.format(value);
  if (Math.abs(value) < 0.01) return "<0.01";
  if (value < 10) return String(Number(value.toPrecision(2)));
  return thousands.format(value < 100 ? Number(value.toPrecision(2)) : Number(value.toPrecision(3)));
}

/** `4 ms`, `1.2 s`; a dash where nothing was measured. */
export function latencyOf(ms: number | null): string {
  if (ms === null) return "–";
  return ms < 1_000 ? `${figureOf(ms)} ms` : `${figureOf(ms / 1_000)} s`;
}

/** `34 %`. */
export function percentOf(part: number): string {
  return `${figureOf(part * 100)} %`;
}

/** `1 node`, `2 nodes`. */
export function countOf(count: number, one: string, many: string): string {
  return `${thousands.format(count)} ${count === 1 ? one : many}`;
}

/** The time of day, as the browser's user reads it. */
export function timeOf(wallMs: number): string {
  return isDate(wallMs) ? clock.format(wallMs) : "–";
}

/** `Saturday, 28 November`. */
export function dayOf(wallMs: number): string {
  return isDate(wallMs) ? calendar.format(wallMs) : "at an unknown time";
}

function isDate(wallMs: number): boolean {
  return !Number.isNaN(new Date(wallMs).getTime());
}

const thousands = new Intl.NumberFormat("en");
const calendar = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
