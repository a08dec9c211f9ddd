import { createPool, type PoolOptions, RollcallError } from "@rollcall/worker";
import { type Choice, helpText, readArguments } from "./arguments.js";
import { type DemoCluster, givenCluster, type OwnCluster, openCluster } from "./cluster.js";
import { createDisplay, type Display } from "./display.js";
import { canStartRedis, openFleet, replicaCount } from "./fleet.js";
import { fleetSeconds } from "./fleet-story.js";
import { perform, type Stop } from "./perform.js";
import { performFleet } from "./perform-fleet.js";
import { aloneSeconds, unlessAborted } from "./story.js";

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
    process.exitCode = await run((stage) => (choice.kind === "own" ? runOwn(choice, stage) : runGiven(choice, stage)));
    setTimeout(() => process.exit(), lingerMs).unref();
}

/** What a performance shows itself on, and how it is told to end. */
interface Stage {
  readonly display: Display;
  readonly stop: AbortController;
  /** From now on an interrupt ends the searches; until then, while things start, it ends the process. */
  readonly begin: () => void;
}

async function run(play: (stage: Stage) => Promise<boolean>): Promise<number> {
  const stop = new AbortController();
  // While things start there is nothing to sum up, and leaving ends every process that was started.
  let interrupt = (): void => process.exit(exitCodes.interrupted);
  onInterrupt(() => interrupt());
  const begin = () => {
    interrupt = () => stop.abort("interrupted" satisfies Stop);
  };
  try {
    return (await play({ display: createDisplay(process.stdout), stop, begin })) ? exitCodes.fine : exitCodes.failed;
  } catch (error) {
    if (stop.signal.reason === ("interrupted" satisfies Stop)) return exitCodes.interrupted;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof RollcallError && error.code === "CONFIG" ? exitCodes.usage : exitCodes.failed;
  }
}

async function runGiven(choice: Extract<Choice, { kind: "given" }>, stage: Stage): Promise<boolean> {
  const cluster = givenCluster(choice, stage.display.say);
  return searchAlone(cluster, choice.seconds ?? aloneSeconds, stage);
}

async function runOwn(choice: Extract<Choice, { kind: "own" }>, stage: Stage): Promise<boolean> {
  const { say } = stage.display;
  const together = await canStartRedis();
  if (!together) say("no redis-server here; with it, replicas share a view, and lose Redis as well");
  const cluster = await openCluster(choice, say);
  try {
    return together
      ? await searchTogether(cluster, choice.seconds ?? fleetSeconds, stage)
      : await searchAlone(cluster, choice.seconds ?? aloneSeconds, stage);
  } finally {
    await cluster.close();
  }
}

/** One pool, in this process, with a coordinator of its own. */
async function searchAlone(cluster: DemoCluster, seconds: number, { display, stop, begin }: Stage): Promise<boolean> {
  begin();
  const pool = createPool(poolOptions(cluster));
  try {
    await unlessAborted(pool.ready(), stop.signal);
    await unlessAborted(cluster.prepare(pool), stop.signal);
    return await perform({ cluster, pool, seconds, display, stop });
  } finally {
    await pool.close({ timeoutMs: closeTimeoutMs });
  }
}

/** Replicas, each a process with threads, that share the view of one coordinator over Redis. */
async function searchTogether(cluster: OwnCluster, seconds: number, { display, stop, begin }: Stage): Promise<boolean> {
  const pool = createPool(poolOptions(cluster));
  try {
    await pool.ready();
    await cluster.prepare(pool);
  } finally {
    await pool.close({ timeoutMs: closeTimeoutMs });
  }
  display.say(`a Redis, a coordinator and ${replicaCount} replicas, a process each, are starting`);
  const fleet = await openFleet({ cluster, searchTimeoutMs, lost: (error) => stop.abort(error) });
  begin();
  try {
    return await performFleet({ cluster, fleet, seconds, display, stop });
  } finally {
    await fleet.close();
  }
}

function poolOptions({ nodes, auth }: DemoCluster): PoolOptions {
  return { nodes, ...(auth === undefined ? {} : { auth }), timeoutMs: searchTimeoutMs, logger: false };
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
