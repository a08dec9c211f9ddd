import type { BadStory } from "./explore.js";

/** One weakened product, and the shortest way from it to what must never happen. */
export function storyText(what: string, { what: bad, lines }: BadStory): string {
  return `# ${what}\n${lines.map((line) => `  ${line}\n`).join("")}  => ${bad}\n`;
}
