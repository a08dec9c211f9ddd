/** What a file holds, without one line break at its end: editors and `echo` add it, and it is no part of a secret. */
export function contentOfFile(text: string): string {
  return text.replace(/\r?\n$/, "");
}
