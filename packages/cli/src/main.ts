#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { RollcallError } from "@rollcall/core";
import { Command, CommanderError } from "commander";
import { exitCodes } from "./conclude.js";
import { createSniffCommand } from "./sniff-command.js";
import { describeUsageError } from "./usage-error.js";

async function run(words: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.usage;
  const program = new Command("rollcall")
    .description("Shows how Rollcall sees an Elasticsearch or OpenSearch cluster.")
    .version(version(), "--version", "write the version")
    // One sentence says how every option is named in the environment.
    .configureHelp({ optionDescription: ({ description }) => description })
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const sniff = createSniffCommand({ write, isTerminal: isColourTerminal() }, (code) => {
    exitCode = code;
  }).copyInheritedSettings(program);
  program.addCommand(sniff);
  try {
    await program.parseAsync(words, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // Without a command commander has written its help, and has nothing more to say.
      if (error.code !== "commander.help") complain(`${describeUsageError(error)}\nSee rollcall sniff --help`);
      return exitCodes.usage;
    }
    if (!(error instanceof RollcallError) || error.code !== "CONFIG") throw error;
    complain(`the configuration is wrong:\n${error.message.replace(/^/gm, "  ")}`);
    return exitCodes.usage;
  }
}

function complain(text: string): void {
  process.stderr.write(`rollcall: ${text}\n`);
}

function write(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

function isColourTerminal(): boolean {
  const { NO_COLOR = "", TERM } = process.env;
  return process.stdout.isTTY === true && NO_COLOR === "" && TERM !== "dumb";
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const isObject = typeof manifest === "object" && manifest !== null;
  return isObject && "version" in manifest ? String(manifest.version) : "unknown";
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error; // whoever read has read enough, such as `head`
  });
}

const exitCode = await run(process.argv.slice(2));
await write("");
// A name look-up that hangs would keep the process.
process.exit(exitCode);
