import { systemTimers } from "@rollcall/coordinator";
import { printable } from "@rollcall/core";
import { Command } from "commander";
import { collect, poolTimeouts } from "../collect.js";
import type { Environment } from "../environment.js";
import { exitCodes, exitCodesHelp } from "../exit-codes.js";
import { jsonText } from "../json-text.js";
import { readSnapshot } from "../read-snapshot.js";
import { coloured, type Paint, plain } from "../text-layout.js";
import { type Explained, explainNode } from "./explain-node.js";
import { showExplanation } from "./show-explanation.js";
import { addWhyOptions, readWhyRequest, type WhyFlags } from "./why-options.js";

/** How many of the listed nodes are probed from this machine, where that is asked for. */
const probedMax = 128;

/** `rollcall why NODE`: everything that bears on one node, from every replica. */
export function createWhyCommand(environment: Environment, finish: (exitCode: number) => void): Command {
  const command = new Command("why")
    .summary("explain what one node receives, and why, from every replica")
    .description(
      "Reads the view that replicas share from Redis, asks every replica for its status, and explains in one sentence " +
        "what a node receives and why; below it everything that bears on it. Changes nothing.",
    )
    .argument("<node>", "its name, host:port, host or id")
    .addHelpText("after", helpAfter);
  addWhyOptions(command);
  return command.action(async (text: string) => {
    const flags = command.opts<WhyFlags>();
    const { place, waitMs, config } = await readWhyRequest(flags);
    const stop = environment.untilStopped();
    const [snapshot, findings] = await Promise.all([
      readSnapshot(place, waitMs, stop),
      config && collect(config, poolTimeouts, systemTimers, { probedMax, stop }),
    ]);
    const explained = explainNode(text, snapshot, findings?.list?.nodes);
    const paint = flags.color && environment.hasColours ? coloured : plain;
    await environment.write(flags.json === true ? jsonText(explained) : textOf(explained, paint));
    finish(exitCodeOf(explained));
  });
}

function textOf(explained: Explained, paint: Paint): string {
  return "problem" in explained ? `${printable(explained.problem)}\n` : showExplanation(explained, paint);
}

function exitCodeOf(explained: Explained): number {
  if ("problem" in explained) return exitCodes.failing;
  return explained.answer.isWell === false ? exitCodes.failure : exitCodes.success;
}

const helpAfter = `
An option that takes a value can also be set in the environment: --redis as
ROLLCALL_REDIS, --name as ROLLCALL_NAME.

Examples:
  $ rollcall why es2 --redis redis://localhost:6379 --name logs
  $ ROLLCALL_REDIS=… rollcall why 10.0.0.2:9200 --name logs --json

${exitCodesHelp({
  success: "the node receives its share, or nothing is held against it",
  failure: "it receives less than its share, or nothing",
  failing: "there is no such node, or no view can be read: one line says which",
})}`;
