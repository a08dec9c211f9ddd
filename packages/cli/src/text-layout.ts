import { styleText } from "node:util";
import { printable } from "@rollcall/core";
import wrapAnsi from "wrap-ansi";

const lineWidth = 80;

export type Style = "heading" | "good" | "bad" | "caution";
/** Text as it looks on a terminal. */
export type Paint = (style: Style, text: string) => string;

const formats = { heading: "bold", good: "green", bad: "red", caution: "yellow" } as const satisfies Record<
  Style,
  string
>;

export const plain: Paint = (_, text) => text;
/** The caller decides whether colours are wanted. By default newer versions of Node check standard output again. */
export const coloured: Paint = (style, text) => styleText(formats[style], text, { validateStream: false });

/**
 * A label and paragraphs beside it, in 80 columns:
 *
 *     label      first paragraph, which continues
 *                here
 *                second paragraph
 *
 * A word is never broken, so that an address can be copied. Characters that are not printable are replaced, so that a
 * node's name cannot contain escape sequences.
 */
export function entry(
  label: string,
  labelWidth: number,
  paragraphs: readonly string[],
  paintLabel = (text: string) => text,
): string {
  const indent = 2 + labelWidth + 2;
  const lines = paragraphs.flatMap((paragraph) => wrapText(printable(paragraph), lineWidth - indent));
  const [first = "", ...rest] = lines;
  const head = `  ${paintLabel(label)}${" ".repeat(Math.max(0, labelWidth - label.length) + 2)}${first}`;
  return [head.trimEnd(), ...rest.map((line) => `${" ".repeat(indent)}${line}`)].join("\n");
}

/** Lines of at most `width` columns, unless one word alone is wider. */
export function wrapText(text: string, width: number): readonly string[] {
  return wrapAnsi(text, width).split("\n");
}

/** Lines to copy, below an {@link entry} of that label width: none is wrapped, characters that are not printable are replaced. */
export function pasteLines(lines: readonly string[], labelWidth: number): string {
  const indent = " ".repeat(2 + labelWidth + 2);
  return lines.map((one) => `${indent}${printable(one)}`).join("\n");
}
