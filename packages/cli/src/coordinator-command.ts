import { startCoordinator } from "@rollcall/coordinator";
import { Command } from "commander";
import { addCoordinatorOptions, type CoordinatorFlags, readCoordinatorOptions } from "./coordinator-options.js";
import type { Environment } from "./environment.js";
import { exitCodes } from "./exit-codes.js";

/** `rollcall coordinator`: keeps a shared view, or stands by to do so, until it is told to end. */
export function createCoordinatorCommand(
  { untilStopped }: Pick<Environment, "untilStopped">,
  finish: (exitCode: number) => void,
): Command {
  const command = new Command("coordinator")
    .summary("keep the view that replicas share, in a process of its own")
    .description(
      "Finds the nodes of an Elasticsearch or OpenSearch cluster, watches over them, and publishes the view to Redis " +
        "for every pool of the same name. Of several, one leads and the others stand by. Runs until SIGTERM or " +
        "SIGINT, then gives the lead back. Logs JSON lines to standard error.",
    )
    .addHelpText("after", helpAfter);
  addCoordinatorOptions(command);
  return command.action(async () => {
    const coordinator = startCoordinator(await readCoordinatorOptions(command.opts<CoordinatorFlags>()));
    await aborted(untilStopped());
    await coordinator.close();
    finish(exitCodes.good);
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

Example:
  $ ROLLCALL_REDIS=redis://… ROLLCALL_PASSWORD=… rollcall coordinator \\
      --nodes https://es1:9200,https://es2:9200 --username monitor --name logs

Exit codes:
  ${exitCodes.good}  it was told to end
  ${exitCodes.usage}  wrong usage or configuration
`;
