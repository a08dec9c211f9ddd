import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { commitOf } from "./checkout.js";

/** What a bench found. */
export interface Report {
  readonly title: string;
  /** Markdown: what was done, and the tables. */
  readonly body: string;
  /** Files to stand beside it, by what follows the report's own name in theirs: `frozen.svg`. */
  readonly attachments?: ReadonlyMap<string, string>;
}

/** The repository's root. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

// By its end, a bench has loaded the machine itself; with more than a few, others have as well.
const loadAtStart = loadavg()[0] ?? 0;
const startedAt = new Date();

/** What a file of this run's results is called. */
export function datedName(name: string): string {
  return `${startedAt.toISOString().slice(0, 10)}-${name}`;
}

/**
 * Writes `bench/results/DATE-NAME.md` over an earlier one of the same day, and its attachments as `DATE-NAME-…` beside
 * it. Returns its path from the root.
 */
export async function writeReport(name: string, { title, body, attachments }: Report): Promise<string> {
  const folder = join(root, "bench/results");
  await mkdir(folder, { recursive: true });
  for (const [suffix, text] of attachments ?? []) await writeFile(join(folder, datedName(`${name}-${suffix}`)), text);
  const file = join(folder, datedName(`${name}.md`));
  await writeFile(file, `# ${title}\n\n${body}\n## Where and with what\n\n${circumstances()}`);
  return relative(root, file);
}

/** A Markdown table. Columns after the first are numbers, so they stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  return line(head) + line(rule) + rows.map(line).join("");
}

function circumstances(): string {
  const [cpu] = cpus();
  const lines = [
    `${startedAt.toISOString().slice(0, 16).replace("T", " ")} UTC, commit ${commitOf(root)}`,
    `${cpus().length} x ${cpu?.model.trim() ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}; load average at the start ${loadAtStart.toFixed(2)}, at the end ${(loadavg()[0] ?? 0).toFixed(2)}`,
    `Node ${process.versions.node}`,
    ...installed.map((path) => versionLine(path)),
  ];
  return lines.map((line) => `- ${line}\n`).join("");
}

const installed = [
  "packages/worker",
  "node_modules/undici",
  "bench/node_modules/piscina",
  "node_modules/ioredis",
  "bench/node_modules/undici",
  "bench/node_modules/@elastic/elasticsearch",
  "bench/node_modules/@elastic/transport",
  "bench/node_modules/@opensearch-project/opensearch",
];

function versionLine(path: string): string {
  const { name, version } = JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")) as Record<
    string,
    string
  >;
  return `${name} ${version} (${path})`;
}
