import { present } from "@rollcall/core";
import { createPool, type PoolOptions, RollcallError } from "@rollcall/worker";
import { unlessAborted } from "./abortable.js";
import { type Choice, helpText, readArguments } from "./arguments.js";
import { type DemoCluster, givenCluster, type OwnCluster, openCluster } from "./cluster/demo-cluster.js";
import { canStartRedis, openFleet, replicaCount } from "./fleet/fleet.js";
import { runFleet } from "./fleet/run-fleet.js";
import { runOnePool } from "./one-pool/run-one-pool.js";
import { defaultSeconds } from "./pace.js";
import type { Stop } from "./run-course.js";
import { createDisplay, type Display } from "./screen/terminal.js";

const exitCodes = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

const searchTimeoutMs = 10_000;
const closeTimeoutMs = 2_000;
/** The process exits so long after its end, even if a timer or socket is still open. */
const lingerMs = 10_000;
/** npm may pass on the Ctrl-C that the terminal has already sent: two within this time are one. */
const sameInterruptMs = 500;

const choice = readArguments(process.argv.slice(2), process.env);
switch (choice.kind) {
  case "help":
    process.stdout.write(helpText);
    break;
  case "problem":
    process.stderr.write(`${choice.message}; --help lists the options\n`);
    process.exitCode = exitCodes.usage;
    break;
  case "own":
  case "given":
    process.exitCode = await run((control) =>
      choice.kind === "own" ? runOwn(choice, control) : runGiven(choice, control),
    );
    setTimeout(() => process.exit(), lingerMs).unref();
}

/** Where a run prints, and what ends it. */
interface RunControl {
  readonly display: Display;
  readonly stop: AbortController;
  /** From now on an interrupt ends the searches; until then, while processes start, it ends the demo. */
  readonly begin: () => void;
}

async function run(start: (control: RunControl) => Promise<boolean>): Promise<number> {
  const stop = new AbortController();
  // Before the searches there is nothing to sum up, and an exit ends every process that was started.
  let interrupt = (): void => process.exit(exitCodes.interrupted);
  onInterrupt(() => interrupt());
  const begin = () => {
    interrupt = () => stop.abort("interrupted" satisfies Stop);
  };
  try {
    const succeeded = await start({ display: createDisplay(process.stdout), stop, begin });
    return succeeded ? exitCodes.success : exitCodes.failure;
  } catch (error) {
    if (stop.signal.reason === ("interrupted" satisfies Stop)) return exitCodes.interrupted;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof RollcallError && error.code === "CONFIG" ? exitCodes.usage : exitCodes.failure;
  }
}

async function runGiven(choice: Extract<Choice, { kind: "given" }>, control: RunControl): Promise<boolean> {
  const cluster = givenCluster(choice, control.display.print);
  return withOnePool(cluster, choice.seconds ?? defaultSeconds.onePool, control);
}

async function runOwn(choice: Extract<Choice, { kind: "own" }>, control: RunControl): Promise<boolean> {
  const { print } = control.display;
  const hasRedis = await canStartRedis();
  if (!hasRedis) print("redis-server not found: one pool without a shared view, and only a node is killed");
  const cluster = await openCluster(choice, print);
  try {
    return hasRedis
      ? await withFleet(cluster, choice.seconds ?? defaultSeconds.fleet, control)
      : await withOnePool(cluster, choice.seconds ?? defaultSeconds.onePool, control);
  } finally {
    await cluster.close();
  }
}

/** One pool in this process, with its own coordinator. */
async function withOnePool(cluster: DemoCluster, seconds: number, control: RunControl): Promise<boolean> {
  const { display, stop, begin } = control;
  begin();
  const pool = createPool(poolOptions(cluster));
  try {
    await unlessAborted(pool.ready(), stop.signal);
    await unlessAborted(cluster.prepare(pool), stop.signal);
    return await runOnePool({ cluster, pool, seconds, display, stop });
  } finally {
    await pool.close({ timeoutMs: closeTimeoutMs });
  }
}

/** Replicas that share the view of one coordinator over Redis. */
async function withFleet(cluster: OwnCluster, seconds: number, control: RunControl): Promise<boolean> {
  const { display, stop, begin } = control;
  const pool = createPool(poolOptions(cluster));
  try {
    await pool.ready();
    await cluster.prepare(pool);
  } finally {
    await pool.close({ timeoutMs: closeTimeoutMs });
  }
  display.print(`Redis, a coordinator and ${replicaCount} replicas are starting, each in its own process`);
  const fleet = await openFleet({ cluster, searchTimeoutMs, onLoss: (error) => stop.abort(error) });
  begin();
  try {
    return await runFleet({ cluster, fleet, seconds, display, stop });
  } finally {
    await fleet.close();
  }
}

function poolOptions({ nodes, auth }: DemoCluster): PoolOptions {
  return { nodes, ...present({ auth }), timeoutMs: searchTimeoutMs, logger: false };
}

/** Calls `interrupt` for the first Ctrl-C, end signal or closed output; a second one ends the process. */
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
