import { createRedisStore, systemTimers } from "@rollcall/coordinator";
import { redactRedis } from "@rollcall/core/config";
import { Command } from "commander";
import type { Environment } from "./environment.js";
import { exitCodes } from "./exit-codes.js";
import { fetchStatus, pause } from "./fetch-status.js";
import { jsonText } from "./json-text.js";
import { redisText } from "./redis-text.js";
import { Roll } from "./roll.js";
import { showStatus } from "./show-status.js";
import { StandingWarnings } from "./standing-warnings.js";
import { addStatusOptions, readStatusRequest, type StatusFlags } from "./status-options.js";
import { reportStatus } from "./status-report.js";
import { coloured, plain } from "./text-layout.js";

/** From the beginning of one look to that of the next. */
const watchEveryMs = 2_000;

// Cursor home, then erase all (ECMA-48, 8.3.21 and 8.3.39).
const anewOnScreen = "\u001b[H\u001b[2J";

/** `rollcall status`: shows a shared view and who goes by it. */
export function createStatusCommand(surroundings: Environment, finish: (exitCode: number) => void): Command {
  const command = new Command("status")
    .summary("show a shared view, and who goes by it")
    .description(
      "Reads the view that replicas share from Redis, calls the roll, and shows who leads, which nodes are marked and " +
        "why, and which replicas and threads answered and go by which version. Changes nothing.",
    )
    .addHelpText("after", helpAfter);
  addStatusOptions(command);
  return command.action(async () => {
    const flags = command.opts<StatusFlags>();
    const { place, waitMs } = await readStatusRequest(flags);
    const warnings = new StandingWarnings();
    const parts = { ...place, timers: systemTimers, random: Math.random, logger: warnings };
    const store = createRedisStore({ ...parts, mayLead: false });
    const roll = new Roll(systemTimers);
    store.onHeartbeat((digest) => roll.hear(digest));
    const paint = flags.color && surroundings.hasColours ? coloured : plain;
    const stop = flags.watch === true ? surroundings.untilStopped() : new AbortController().signal;
    const redis = redisText(redactRedis(place.redis));
    try {
      for (let round = 1; ; round++) {
        const nextMs = systemTimers.nowMs() + watchEveryMs;
        const found = await fetchStatus(store, roll, waitMs, stop);
        const report = reportStatus({ ...found, name: place.name, redis, warnings: warnings.texts });
        const isLast = flags.watch !== true || stop.aborted;
        if (!stop.aborted) {
          const text = flags.json === true ? jsonText(report, flags.watch === true) : showStatus(report, paint);
          await surroundings.write(`${between(flags, surroundings, round)}${text}`);
        }
        finish(report.state === "fresh" ? exitCodes.good : exitCodes.bad);
        if (isLast) return;
        await pause(Math.max(0, nextMs - systemTimers.nowMs()), stop);
        if (stop.aborted) return;
      }
    } finally {
      await store.close();
    }
  });
}

/** What stands before the text of a round. */
function between({ watch, json }: StatusFlags, { isScreen }: Environment, round: number): string {
  if (watch !== true || json === true) return "";
  if (isScreen) return anewOnScreen;
  return round === 1 ? "" : "\n";
}

const helpAfter = `
An option that takes a value can also be set in the environment: --redis as
ROLLCALL_REDIS, --name as ROLLCALL_NAME.

Examples:
  $ rollcall status --redis redis://localhost:6379 --name logs
  $ ROLLCALL_REDIS=… rollcall status --name logs --json

Exit codes:
  ${exitCodes.good}  the view is fresh
  ${exitCodes.bad}  there is no view, nobody has kept it for 10 s or longer, or Redis
     does not answer
  ${exitCodes.usage}  wrong usage or configuration
`;
