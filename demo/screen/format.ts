import { styleText } from "node:util";

/** How the demo writes numbers, times and names from a cluster. */

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Names and reasons may come from a cluster: no control character of theirs may reach the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}

export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** A printed line, after its time. */
export function timedLine(atMs: number, text: string): string {
  return `${tenths(atMs).padStart(8)}  ${text}`;
}

export function tenths(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

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

/** n2 before n10. */
export function inOrder(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** The colour of a state: green is good, yellow is between, red is bad. */
export type Colour = "green" | "yellow" | "red";

/** Colours `length` characters of a line; those beyond the end of the line are left out. */
export function paintAt(line: string, at: number, length: number, colour: Colour): string {
  const end = at + length;
  const text = line.slice(at, end);
  // Whether the terminal has colours was decided before.
  const painted = styleText(colour, text, { validateStream: false });
  return text === "" ? line : line.slice(0, at) + painted + line.slice(end);
}
