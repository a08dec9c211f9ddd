import type { Word } from "./messages.js";

const schemes = ["http://", "https://"] as const;

/** What crosses for the URL of a node: mostly a number, which crosses faster than a text. */
export function urlWord(node: string, url: string): number | string {
  const at = schemes.findIndex((scheme) => url.length === scheme.length + node.length && url.startsWith(scheme));
  return at < 0 ? url : at;
}

/** The URL of which `word` has crossed. */
export function urlOf(node: string, word: Word): string {
  return typeof word === "number" ? `${schemes[word]}${node}` : String(word);
}
