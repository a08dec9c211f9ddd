import { createRedisStore, ReplicaRegistry, systemTimers } from "@rollcall/coordinator";
import { redactRedis } from "@rollcall/core/config";
import { Command } from "commander";
import { ActiveWarnings } from "./active-warnings.js";
import type { Environment } from "./environment.js";
import { exitCodes, exitCodesHelp } from "./exit-codes.js";
import { fetchStatus } from "./fetch-status.js";
import { jsonText } from "./json-text.js";
import { pause } from "./pause.js";
import { redisText } from "./redis-text.js";
import { showStatus } from "./show-status.js";
import { addStatusOptions, readStatusRequest, type StatusFlags } from "./status-options.js";
import { reportStatus } from "./status-report.js";
import { type Health, healthOf } from "./status-verdict.js";
import { coloured, plain } from "./text-layout.js";

/** From the start of one round to the start of the next. */
const watchEveryMs = 2_000;

// Cursor home, then erase all (ECMA-48, 8.3.21 and 8.3.39).
const clearScreen = "\u001b[H\u001b[2J";

/** `rollcall status`: shows a shared view and the replicas that use it. */
export function createStatusCommand(environment: Environment, finish: (exitCode: number) => void): Command {
  const command = new Command("status")
    .summary("show a shared view, and the replicas that use it")
    .description(
      "Reads the view that replicas share from Redis, asks every replica for its status, and shows the leader, the " +
        "marked nodes with the reasons, and the version that each replica and thread uses. Changes nothing.",
    )
    .addHelpText("after", helpAfter);
  addStatusOptions(command);
  return command.action(async () => {
    const flags = command.opts<StatusFlags>();
    const { place, waitMs, failOn } = await readStatusRequest(flags);
    const warnings = new ActiveWarnings();
    const parts = { ...place, timers: systemTimers, random: Math.random, logger: warnings };
    const store = createRedisStore({ ...parts, mayLead: false });
    const replicas = new ReplicaRegistry(systemTimers);
    store.onHeartbeat((heartbeat) => replicas.record(heartbeat));
    const paint = flags.color && environment.hasColours ? coloured : plain;
    const stop = flags.watch === true ? environment.untilStopped() : new AbortController().signal;
    const redis = redisText(redactRedis(place.redis));
    try {
      for (let round = 1; ; round++) {
        const nextMs = systemTimers.nowMs() + watchEveryMs;
        const found = await fetchStatus(store, replicas, waitMs, stop);
        const report = reportStatus({ ...found, name: place.name, redis, warnings: warnings.texts });
        const isLast = flags.watch !== true || stop.aborted;
        if (!stop.aborted) {
          const text = flags.json === true ? jsonText(report, flags.watch === true) : showStatus(report, paint);
          await environment.write(`${between(flags, environment, round)}${text}`);
        }
        finish(codeOf[healthOf(report.troubles, failOn)]);
        if (isLast) return;
        await pause(Math.max(0, nextMs - systemTimers.nowMs()), stop);
        if (stop.aborted) return;
      }
    } finally {
      await store.close();
    }
  });
}

const codeOf = {
  well: exitCodes.success,
  degraded: exitCodes.failure,
  failing: exitCodes.failing,
} as const satisfies Record<Health, number>;

/** What separates the text of a round from the last. */
function between({ watch, json }: StatusFlags, { isScreen }: Environment, round: number): string {
  if (watch !== true || json === true) return "";
  if (isScreen) return clearScreen;
  return round === 1 ? "" : "\n";
}

const helpAfter = `
An option that takes a value can also be set in the environment: --redis as
ROLLCALL_REDIS, --name as ROLLCALL_NAME.

Examples:
  $ rollcall status --redis redis://localhost:6379 --name logs
  $ ROLLCALL_REDIS=… rollcall status --name logs --json

${exitCodesHelp({
  success: "the view is fresh, and all its nodes serve",
  failure: "degraded: a node is down, or drains (down, draining)",
  failing: "no node is healthy (no-node), or the view is not fresh: none, without a leader, or Redis away (view)",
})}`;
