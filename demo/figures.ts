/** How numbers, times and foreign names are written, wherever the demo writes them. */

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Names and reasons may come from a cluster: nothing in them may steer a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}

export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** A line of what happens, with its time. */
export function timed(atMs: number, text: string): string {
  return `${clock(atMs).padStart(8)}  ${text}`;
}

export function clock(ms: number): string {
  return `${seconds(ms)} s`;
}

export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}

/** For what takes longer than a request, and may yet take less than a second. */
export function hundredths(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

export function milliseconds(ms: number): string {
  return ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : hundredths(ms);
}

export function whole(value: number): string {
  return grouped(Math.round(value));
}

export function grouped(value: number): string {
  return value.toLocaleString("en-US");
}

export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** How good or bad a thing is, for who sees colours. */
export type Mood = "good" | "doubtful" | "bad";

const colours: Readonly<Record<Mood, number>> = { good: 32, doubtful: 33, bad: 31 };

/** Colours so many characters of a line from a place on; those that the line does not have are left out. */
export function paintAt(line: string, at: number, length: number, mood: Mood): string {
  const end = at + length;
  const text = line.slice(at, end);
  return text === "" ? line : `${line.slice(0, at)}\u001b[${colours[mood]}m${text}\u001b[0m${line.slice(end)}`;
}
