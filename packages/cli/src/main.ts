#!/usr/bin/env node
import { RollcallError } from "@rollcall/core";
import { Command, CommanderError } from "commander";
import { createBundleCommand } from "./bundle/bundle-command.js";
import { createCoordinatorCommand } from "./coordinator-command.js";
import { createDoctorCommand } from "./doctor/doctor-command.js";
import type { Environment } from "./environment.js";
import { exitCodes } from "./exit-codes.js";
import { createHistoryCommand } from "./history-command.js";
import { operationCommands } from "./operations/operation-command.js";
import { packageVersion } from "./package-version.js";
import { createSniffCommand } from "./sniff-command.js";
import { createStatusCommand } from "./status-command.js";
import { untilStopSignal } from "./stop-signals.js";
import { describeUsageError } from "./usage-error.js";
import { createWhyCommand } from "./why/why-command.js";

async function run(words: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.usage;
  const program = new Command("rollcall")
    .description(
      "Diagnoses an Elasticsearch or OpenSearch cluster, publishes a shared view of it, and shows its status.",
    )
    .version(packageVersion(), "--version", "write the version")
    // One sentence in the help says how every option is named in the environment.
    .configureHelp({ optionDescription: ({ description }) => description })
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const finish = (code: number) => {
    exitCode = code;
  };
  for (const create of [
    createSniffCommand,
    createDoctorCommand,
    createCoordinatorCommand,
    createStatusCommand,
    createHistoryCommand,
    ...operationCommands,
    createWhyCommand,
    createBundleCommand,
  ]) {
    program.addCommand(create(environment, finish).copyInheritedSettings(program));
  }
  try {
    await program.parseAsync(words, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // Without a command, commander has written its help already.
      if (error.code !== "commander.help") complain(`${describeUsageError(error)}\n${whereHelpIs(program, words)}`);
      return exitCodes.usage;
    }
    if (!(error instanceof RollcallError) || error.code !== "CONFIG") throw error;
    complain(`the configuration is wrong:\n${error.message.replace(/^/gm, "  ")}`);
    return exitCodes.usage;
  }
}

function whereHelpIs(program: Command, [first]: readonly string[]): string {
  const command = program.commands.find((known) => known.name() === first);
  return `See rollcall ${command === undefined ? "" : `${command.name()} `}--help`;
}

function complain(text: string): void {
  process.stderr.write(`rollcall: ${text}\n`);
}

function write(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

const outputClosed = new AbortController();
const isScreen = process.stdout.isTTY === true && process.env.TERM !== "dumb";
const environment: Environment = {
  write,
  hasColours: isScreen && (process.env.NO_COLOR ?? "") === "",
  isScreen,
  untilStopped: (further = "end the process") => AbortSignal.any([untilStopSignal(further), outputClosed.signal]),
  onHangUp(listener) {
    process.on("SIGHUP", listener);
  },
};

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error; // the reader has ended, such as `head`
    if (stream === process.stdout) outputClosed.abort();
  });
}

// No timer or socket of the library keeps a process alive, but a command has to run to its end.
setInterval(() => {}, 2 ** 30);
const exitCode = await run(process.argv.slice(2));
await write("");
// A hanging name look-up would keep the process alive.
process.exit(exitCode);
