const lineWidth = 80;

export type Style = "heading" | "good" | "bad" | "caution";
/** Text as it looks on a terminal. */
export type Paint = (style: Style, text: string) => string;

// SGR parameters (ECMA-48, 8.3.117).
const sgr: Readonly<Record<Style, number>> = { heading: 1, good: 32, bad: 31, caution: 33 };

export const plain: Paint = (_, text) => text;
export const coloured: Paint = (style, text) => `\u001b[${sgr[style]}m${text}\u001b[0m`;

/**
 * A label and paragraphs beside it, in 80 columns:
 *
 *     label      first paragraph, which goes on
 *                here
 *                second paragraph
 *
 * A word is never broken: an address must stay fit to be copied. What is not printable is replaced, so that nobody who
 * can name a node can write escape sequences.
 */
export function entry(
  label: string,
  labelWidth: number,
  paragraphs: readonly string[],
  paintLabel = plainText,
): string {
  const indent = 2 + labelWidth + 2;
  const [first = "", ...rest] = paragraphs.flatMap((paragraph) => wrap(printable(paragraph), lineWidth - indent));
  const head = `  ${paintLabel(label)}${" ".repeat(Math.max(0, labelWidth - label.length) + 2)}${first}`;
  return [head.trimEnd(), ...rest.map((line) => `${" ".repeat(indent)}${line}`)].join("\n");
}

const plainText = (text: string) => text;

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Without control, format and other characters that are not seen, and that a terminal may obey. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{fffd}");
}
