import { createPool, type Pool, RollcallError } from "@rollcall/worker";
import { type Choice, helpText, readArguments } from "./arguments.js";
import { type DemoCluster, openCluster } from "./cluster.js";
import { createDisplay } from "./display.js";
import { perform, type Stop } from "./perform.js";
import { unlessAborted } from "./story.js";

const exitCodes = { fine: 0, failed: 1, usage: 2, interrupted: 130 } as const;

const searchTimeoutMs = 10_000;
const closeTimeoutMs = 2_000;
/** What still holds the process so long after the end is not waited for. */
const lingerMs = 10_000;
/** npm may hand on the Ctrl-C that the terminal has already sent to us: two so close together are one. */
const sameInterruptMs = 500;

const choice = readArguments(process.argv.slice(2), process.env);
switch (choice.kind) {
  case "help":
    process.stdout.write(helpText);
    break;
  case "problem":
    process.stderr.write(`${choice.message}; --help shows what there is\n`);
    process.exitCode = exitCodes.usage;
    break;
  case "own":
  case "given":
    process.exitCode = await run(choice);
    setTimeout(() => process.exit(), lingerMs).unref();
}

async function run(choice: Extract<Choice, { kind: "own" | "given" }>): Promise<number> {
  const display = createDisplay(process.stdout);
  const stop = new AbortController();
  // While the cluster starts there is nothing to sum up, and leaving ends every process that was started.
  let interrupt = (): void => process.exit(exitCodes.interrupted);
  onInterrupt(() => interrupt());

  let cluster: DemoCluster | undefined;
  let pool: Pool | undefined;
  try {
    cluster = await openCluster(choice, display.say);
    interrupt = () => stop.abort("interrupted" satisfies Stop);
    const { nodes, auth } = cluster;
    pool = createPool({ nodes, ...(auth === undefined ? {} : { auth }), timeoutMs: searchTimeoutMs, logger: false });
    await unlessAborted(pool.ready(), stop.signal);
    await unlessAborted(cluster.prepare(pool), stop.signal);
    const well = await perform({ cluster, pool, seconds: choice.seconds, display, stop });
    return well ? exitCodes.fine : exitCodes.failed;
  } catch (error) {
    if (stop.signal.aborted) return exitCodes.interrupted;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof RollcallError && error.code === "CONFIG" ? exitCodes.usage : exitCodes.failed;
  } finally {
    await pool?.close({ timeoutMs: closeTimeoutMs });
    await cluster?.close();
  }
}

/** Calls `interrupt` for the first Ctrl-C, signal to end, or loss of whoever reads us; a second one ends the process. */
function onInterrupt(interrupt: () => void): void {
  let firstMs: number | undefined;
  const interrupted = () => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      interrupt();
    } else if (performance.now() - firstMs > sameInterruptMs) process.exit(exitCodes.interrupted);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupted);
  process.stdout.on("error", () => {
    if (firstMs === undefined) interrupted();
  });
}
