/** What happens, line by line, and what must come of it. */
export interface Story {
  readonly title: string;
  readonly steps: readonly string[];
  readonly outcome: readonly string[];
}

/** Stories stand apart by empty lines: `# title`, one line a step, `----`, one line an outcome. */
export function readStories(text: string): Story[] {
  const blocks = text.split(/\n\n+/).map((block) => block.trim().split("\n"));
  return blocks
    .filter((lines) => lines.includes("----"))
    .map((lines) => {
      const content = lines.filter((line) => !line.startsWith("#"));
      const at = content.indexOf("----");
      const title = lines.filter((line) => line.startsWith("#")).map((line) => line.slice(1).trim());
      return { title: title.join(" "), steps: content.slice(0, at), outcome: content.slice(at + 1) };
    });
}
