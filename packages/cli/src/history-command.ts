import { createRedisStore, systemTimers } from "@rollcall/coordinator";
import { redactRedis } from "@rollcall/core/config";
import { Command } from "commander";
import { ActiveWarnings } from "./active-warnings.js";
import type { Environment } from "./environment.js";
import { exitCodes, exitCodesHelp } from "./exit-codes.js";
import { addHistoryOptions, type HistoryFlags, readHistoryRequest } from "./history-options.js";
import { type HistoryReport, reportHistory } from "./history-report.js";
import { jsonText } from "./json-text.js";
import { redisText } from "./redis-text.js";
import { showHistory } from "./show-history.js";
import { coloured, plain } from "./text-layout.js";
import { whenConnected } from "./when-connected.js";

/** `rollcall history`: what has happened to a shared view. */
export function createHistoryCommand(environment: Environment, finish: (exitCode: number) => void): Command {
  const command = new Command("history")
    .summary("show what has happened to a shared view and its nodes")
    .description(
      "Reads the history of a shared view from Redis: nodes that went down and came back, with the evidence, changes " +
        "of the leader and of the replicas, and what operators did. Changes nothing.",
    )
    .addHelpText("after", helpAfter);
  addHistoryOptions(command);
  return command.action(async () => {
    const flags = command.opts<HistoryFlags>();
    const { place, sinceMs, node } = await readHistoryRequest(flags);
    const warnings = new ActiveWarnings();
    const store = createRedisStore({
      ...{ ...place, timers: systemTimers, random: Math.random, logger: warnings, mayLead: false },
    });
    try {
      const read = await whenConnected(() => store.readHistory(), new AbortController().signal);
      const question = { view: place.name, nowMs: store.nowMs(), sinceMs, node };
      const chosen = reportHistory("value" in read ? read.value : undefined, question);
      const [unusable] = warnings.texts;
      const away =
        "problem" in read
          ? `Redis cannot be used (${redisText(redactRedis(place.redis))}): ${read.problem}`
          : undefined;
      const problem = away ?? (chosen.problem === null ? null : (unusable ?? chosen.problem));
      await write(environment, flags, { ...chosen, problem });
      finish(away !== undefined ? exitCodes.failing : problem === null ? exitCodes.success : exitCodes.failure);
    } finally {
      await store.close();
    }
  });
}

async function write(environment: Environment, flags: HistoryFlags, report: HistoryReport): Promise<void> {
  const paint = flags.color && environment.hasColours ? coloured : plain;
  await environment.write(flags.json === true ? jsonText(report) : showHistory(report, paint));
}

const helpAfter = `
An option that takes a value can also be set in the environment: --redis as
ROLLCALL_REDIS, --name as ROLLCALL_NAME.

Examples:
  $ rollcall history --redis redis://localhost:6379 --name logs --since 30m
  $ ROLLCALL_REDIS=… rollcall history --name logs --node es2 --json

${exitCodesHelp({
  success: "the history was read, whether or not an entry was chosen",
  failure: "the view has no history, or it cannot be read",
  failing: "Redis cannot be used",
})}`;
