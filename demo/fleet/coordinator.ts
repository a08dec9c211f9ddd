import type { CoordinatorProcess } from "../../test/support/coordinator-process.js";
import type { Target } from "../cluster/demo-cluster.js";

// By its compiled path: `demo` and `demo/dist` are not equally deep, so no relative import suits compiler and program.
const { startCoordinatorProcess }: typeof import("../../test/support/coordinator-process.js") = await import(
  new URL("../../../test/dist/support/coordinator-process.js", import.meta.url).href
);

export interface CoordinatorOptions {
  readonly nodes: readonly string[];
  readonly redis: string;
  readonly name: string;
}

/** A coordinator on its way out gives its lease back. */
const stopGraceMs = 3_000;

/** Starts `rollcall coordinator` in a process that can be killed and restarted. `onLoss`: it ended by itself. */
export async function startCoordinator(
  options: CoordinatorOptions,
  onLoss: (error: Error) => void,
): Promise<Target & { close(): Promise<void> }> {
  let running: CoordinatorProcess | undefined;
  let closed = false;
  const takeRunning = () => {
    const taken = running;
    running = undefined;
    return taken;
  };
  const kill = async () => {
    await takeRunning()?.process.kill();
  };
  const start = async () => {
    const started = await startCoordinatorProcess(options);
    running = started;
    void started.process.gone.then(({ code, signal }) => {
      if (running === started) onLoss(new Error(`the coordinator has ended (${signal ?? code})`));
    });
    if (closed) await kill();
  };
  await start();
  return {
    name: "the coordinator",
    kill,
    restart: start,
    async close() {
      closed = true;
      await takeRunning()?.process.stop(stopGraceMs);
    },
  };
}
