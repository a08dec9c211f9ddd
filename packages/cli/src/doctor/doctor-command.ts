import { systemTimers, wallNowMs } from "@rollcall/coordinator";
import { Command } from "commander";
import type { Environment } from "../environment.js";
import { exitCodesHelp } from "../exit-codes.js";
import { coloured, plain } from "../text-layout.js";
import { addDoctorOptions, type DoctorFlags, readDoctorRequest } from "./doctor-options.js";
import { doctorReport } from "./doctor-report.js";
import { judgeObservations } from "./doctor-verdict.js";
import { findChanges } from "./find-changes.js";
import { observe } from "./observe.js";
import { renderDoctor } from "./render-doctor.js";

/** `rollcall doctor`: looks at each step between this machine and the cluster, and says what to change. */
export function createDoctorCommand(environment: Environment, finish: (exitCode: number) => void): Command {
  const command = new Command("doctor")
    .summary("find out what is wrong between this machine, the cluster and Redis")
    .description(
      "Looks from this machine at each configured node: name lookup, TCP, TLS, credential, identity; at each address that " +
        "the cluster publishes; and at Redis. Says what to change, the most likely cause first. Sends GET requests only, " +
        "and writes nothing to Redis.",
    )
    .addHelpText("after", helpAfter);
  addDoctorOptions(command);
  return command.action(async () => {
    const flags = command.opts<DoctorFlags>();
    const request = await readDoctorRequest(flags);
    const interrupted = environment.untilStopped();
    const observations = await observe({
      ...request,
      timers: systemTimers,
      wallNowMs,
      random: Math.random,
      interrupted,
    });
    const changes = findChanges(observations);
    const verdict = judgeObservations(observations, changes);
    const paint = flags.color && environment.hasColours ? coloured : plain;
    const shown =
      flags.json === true
        ? doctorReport(observations, changes, verdict)
        : renderDoctor(observations, changes, verdict, paint);
    await environment.write(shown);
    finish(verdict.exitCode);
  });
}

const helpAfter = `
An option that takes a value can also be set in the environment: --nodes as
ROLLCALL_NODES with commas between its values, --redis as ROLLCALL_REDIS.

Examples:
  $ rollcall doctor --nodes http://localhost:9200
  $ ROLLCALL_PASSWORD=… ROLLCALL_REDIS=… rollcall doctor --username monitor \\
      --nodes https://es1:9200,https://es2:9200 --ca ca.pem --name logs

${exitCodesHelp({
  success: "all is well; notes do not count",
  failure: "something is wrong, or the time was over before all was looked at",
  noAnswer: "no configured node answered",
})}`;
