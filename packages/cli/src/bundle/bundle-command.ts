import { systemTimers, wallNowMs } from "@rollcall/coordinator";
import { printable } from "@rollcall/core";
import { Command } from "commander";
import { observe } from "../doctor/observe.js";
import type { Environment } from "../environment.js";
import { exitCodes, exitCodesHelp } from "../exit-codes.js";
import { packageVersion } from "../package-version.js";
import { readSnapshot } from "../read-snapshot.js";
import { addBundleOptions, type BundleFlags, readBundleRequest } from "./bundle-options.js";
import { bundleText } from "./bundle-text.js";
import { type Bundle, makeBundle } from "./make-bundle.js";
import { secretsOf } from "./secrets-of.js";
import { writeBundle } from "./write-bundle.js";

/** `rollcall bundle`: everything for a bug report in one file. */
export function createBundleCommand(environment: Environment, finish: (exitCode: number) => void): Command {
  const command = new Command("bundle")
    .summary("write everything for a bug report into one file, without secrets")
    .description(
      "Writes one JSON file: the configuration without secrets, the view, its history, the status of all replicas, and " +
        "with --nodes what the doctor sees. It holds addresses and names of nodes, hosts and users. Changes nothing else.",
    )
    .addHelpText("after", helpAfter);
  addBundleOptions(command);
  return command.action(async () => {
    const flags = command.opts<BundleFlags>();
    const request = await readBundleRequest(flags);
    const { place, config, waitMs, timeoutMs } = request;
    const interrupted = environment.untilStopped();
    const parts = { place, timeoutMs, timers: systemTimers, wallNowMs, random: Math.random, interrupted };
    const [snapshot, observations] = await Promise.all([
      readSnapshot(place, waitMs, interrupted),
      config && observe({ ...parts, config }),
    ]);
    if (interrupted.aborted) {
      await environment.write("interrupted: nothing was written\n");
      return finish(exitCodes.failing);
    }
    const versions = {
      rollcall: packageVersion(),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
    };
    const bundle = makeBundle({ request, snapshot, observations, versions, wallNowMs: wallNowMs() });
    const hidesAddresses = flags.redactAddresses === true;
    const text = bundleText(bundle, secretsOf(place, config), hidesAddresses);
    const file = flags.file ?? defaultFile(place.name, bundle.madeAt);
    const written = await writeBundle(file, text, flags.force === true);
    const said = "problem" in written ? written.problem : summary(bundle, file, written.byteLength, hidesAddresses);
    await environment.write(`${said.split("\n").map(printable).join("\n")}\n`);
    if ("problem" in written) finish(exitCodes.failing);
    else finish(bundle.view === null ? exitCodes.failure : exitCodes.success);
  });
}

/** Fit for every file system. */
function defaultFile(name: string, madeAt: string): string {
  return `rollcall-${name}-${madeAt.slice(0, 19).replaceAll(":", "-")}Z.json`;
}

function summary(
  { status, heartbeats, history, doctor }: Bundle,
  file: string,
  byteLength: number,
  hidesAddresses: boolean,
): string {
  const held = hidesAddresses
    ? "It holds no secret and no address; it does hold names of nodes, clusters and users."
    : "It holds no secret; it does hold addresses, and names of nodes, hosts and users: --redact-addresses hides addresses.";
  return [
    `wrote ${file} (${Math.ceil(byteLength / 1_024)} KB)`,
    `  the configuration without secrets; the view: ${status.summary}`,
    `  ${heartbeats.length} replicas, ${history?.length ?? 0} entries of the history, ${doctor === null ? "nothing of the doctor (give --nodes)" : `the doctor: ${doctor.verdict}`}`,
    held,
  ].join("\n");
}

const helpAfter = `
An option that takes a value can also be set in the environment: --redis as
ROLLCALL_REDIS, --name as ROLLCALL_NAME.

Examples:
  $ rollcall bundle --redis redis://localhost:6379 --name logs
  $ rollcall bundle --config pool.json --file report.json.gz

${exitCodesHelp({
  success: "the file was written",
  failure: "it was written, but the view could not be read",
  failing: "no file was written: one line says why",
})}`;
