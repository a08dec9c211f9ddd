/** JSON that is safe to print to a terminal. Ends with a line break; with `onOneLine` it has no other. */
export function jsonText(value: unknown, onOneLine = false): string {
  return `${JSON.stringify(value, undefined, onOneLine ? undefined : 2).replace(notPrintable, escaped)}\n`;
}

/** JSON escapes control characters, but not all that a terminal may obey. The line breaks between values stay. */
const notPrintable = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
