import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type FixtureCluster, type FixtureOptions, startFixtureCluster } from "@rollcall/testing/fixture";
import { type OwnedProcess, own } from "@rollcall/testing/processes";

/** Of the examples. */
export const folder = fileURLToPath(new URL("../../../examples/", import.meta.url));

export async function onCluster(
  options: FixtureOptions,
  use: (cluster: FixtureCluster) => Promise<void>,
): Promise<void> {
  const cluster = await startFixtureCluster(options);
  try {
    await use(cluster);
  } finally {
    await cluster.close();
  }
}

export interface Running {
  readonly process: OwnedProcess;
  /** What it has written to standard output so far. */
  text(): string;
  /** And to standard error. */
  complaints(): string;
}

export async function start(file: string, urls: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [join(folder, file), ...urls], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const written = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    written.out += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    written.err += chunk;
  });
  const running: Running = {
    process: await own(child),
    text: () => written.out,
    complaints: () => written.err,
  };
  return running;
}

export async function runToEnd(file: string, urls: readonly string[], env?: Readonly<Record<string, string>>) {
  const running = await start(file, urls, env);
  const { code } = await running.process.gone;
  assert.equal(code, 0, running.complaints());
  return { text: running.text(), lines: linesOf(running.text()) };
}

export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** The lines written are those of the "Prints" comment, but for numbers. */
export function assertAsPromised(file: string, lines: readonly string[]): void {
  const [comment = ""] = readFileSync(join(folder, file), "utf8").split("\nimport");
  const promised = [...comment.matchAll(/^\/\/ {3}(?!curl|npx|[A-Z]+=)(.+)$/gm)].map(([, line = ""]) => line);
  const withoutNumbers = (line: string) => line.replace(/\d+/g, "#");
  assert.ok(promised.length > 0);
  assert.deepEqual(lines.map(withoutNumbers), promised.map(withoutNumbers));
}
