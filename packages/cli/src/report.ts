import type { Conclusion } from "./conclude.js";
import type { Findings } from "./findings.js";

/**
 * The findings and what they mean, as JSON for scripts. Ends with a line break.
 *
 * `{ usable, verdict, advice, seeds, list }`: `usable` is the number of nodes that are kept; `list` is null where no
 * seed gave one. Their fields are those of {@link Findings}, but that `list.seed` is the seed's URL. A later release
 * may add fields; the texts of `verdict`, `advice` and `reason` may change.
 */
export function report({ seeds, list }: Findings, { verdict, advice }: Conclusion): string {
  const usable = list?.nodes.filter((node) => node.verdict === "kept").length ?? 0;
  const ofList = list === undefined ? null : { ...list, seed: list.seed.url };
  const text = JSON.stringify({ usable, verdict, advice, seeds, list: ofList }, undefined, 2);
  return `${text.replace(notPrintable, escaped)}\n`;
}

/** JSON escapes control characters, but not all that a terminal may obey. The line breaks between values stay. */
const notPrintable = /(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
