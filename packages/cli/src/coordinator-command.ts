import { CoalescingRunner, defaultLogger, startCoordinator } from "@rollcall/coordinator";
import { Command } from "commander";
import { addCoordinatorOptions, type CoordinatorFlags, readCoordinatorSettings } from "./coordinator-options.js";
import type { Environment } from "./environment.js";
import { exitCodes, exitCodesHelp } from "./exit-codes.js";
import { reloadSettings } from "./reload-settings.js";

/** `rollcall coordinator`: leads a shared view, or is a candidate for it, until a signal ends it. */
export function createCoordinatorCommand(
  { untilStopped, onHangUp }: Pick<Environment, "untilStopped" | "onHangUp">,
  finish: (exitCode: number) => void,
): Command {
  const command = new Command("coordinator")
    .summary("publish the view that replicas share, from a process of its own")
    .description(
      "Discovers the nodes of an Elasticsearch or OpenSearch cluster, monitors them, and publishes the view to Redis " +
        "for every pool of the same name. Of several coordinators, one leads and the others are candidates. Runs until " +
        "SIGTERM or SIGINT, then gives the lease back. SIGHUP reads configuration, credentials and certificates again. " +
        "Logs to standard error: JSON lines, or text on a terminal.",
    )
    .addHelpText("after", helpAfter);
  addCoordinatorOptions(command);
  return command.action(async () => {
    // From the first moment: a signal that comes while files are read is obeyed once they are.
    const stopped = untilStopped("are ignored");
    let reloads: CoalescingRunner | undefined;
    onHangUp(() => reloads?.request());
    const flags = command.opts<CoordinatorFlags>();
    const logger = defaultLogger();
    const first = await readCoordinatorSettings(flags);
    const { options, http, logLevel } = first;
    finish(exitCodes.success);
    if (stopped.aborted) return;
    logger.least = logLevel;
    // The libraries of the page are loaded only here.
    const page = http === undefined ? undefined : await (await import("./http/open-http.js")).openHttp(http, logger);
    if (stopped.aborted) return page?.close();
    const coordinator = startCoordinator({ ...options, logger });
    page?.show(coordinator, options);
    const read = () => readCoordinatorSettings(flags);
    reloads = new CoalescingRunner(() => reloadSettings({ first, read, coordinator, page, logger }));
    await aborted(stopped);
    await Promise.all([page?.close(), coordinator.close()]);
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

const helpAfter = `
An option that takes a value can also be set in the environment: --api-key as
ROLLCALL_API_KEY, --nodes as ROLLCALL_NODES with commas between its values.

Examples:
  $ ROLLCALL_REDIS=redis://… ROLLCALL_PASSWORD=… rollcall coordinator \\
      --nodes https://es1:9200,https://es2:9200 --username monitor --name logs
  $ rollcall coordinator --config /etc/rollcall/coordinator.json

${exitCodesHelp({ success: "it was stopped by a signal" })}`;
