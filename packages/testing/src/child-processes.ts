import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * A child that a test may pause and kill, and that does not outlive this process.
 *
 * Only what was handed to `own` is ever signalled, by its id, and only while it has not been reaped: an id that the
 * system may have reused is never signalled.
 */
export interface OwnedProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly alive: boolean;
  readonly paused: boolean;
  /** Resolves when the process is gone and everything it wrote to its pipes has been read. */
  readonly gone: Promise<ProcessEnd>;
  /** SIGSTOP */
  pause(): void;
  /** SIGCONT */
  resume(): void;
  /** SIGTERM, then SIGKILL if it is not gone within `graceMs` (default 20,000). */
  stop(graceMs?: number): Promise<ProcessEnd>;
  /** SIGKILL */
  kill(): Promise<ProcessEnd>;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const owned = new Set<OwnedProcess>();

// Covers an exit that runs handlers. For one that does not (SIGKILL), a child must end by itself when its IPC channel
// or standard input closes; a paused one cannot, so it has a guard.
process.on("exit", () => {
  for (const one of owned) {
    one.resume();
    one.child.kill("SIGKILL");
  }
});

/** Takes charge of a child that has just been spawned. @throws if it could not be started at all */
export async function own(child: ChildProcess): Promise<OwnedProcess> {
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${child.spawnfile} was spawned without an id`);

  let guard: ChildProcess | undefined;
  const alive = () => child.exitCode === null && child.signalCode === null;
  const releaseGuard = () => {
    guard?.stdin?.end("release\n");
    guard = undefined;
  };
  const gone = new Promise<ProcessEnd>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });

  const one: OwnedProcess = {
    child,
    pid,
    gone,
    get alive() {
      return alive();
    },
    get paused() {
      return guard !== undefined;
    },
    pause() {
      if (!alive() || guard !== undefined) return;
      child.kill("SIGSTOP");
      guard = startGuard(pid);
    },
    resume() {
      if (!alive() || guard === undefined) return;
      child.kill("SIGCONT");
      releaseGuard();
    },
    async stop(graceMs = 20_000) {
      one.resume();
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      return gone.finally(() => clearTimeout(timer));
    },
    async kill() {
      child.kill("SIGKILL");
      return gone;
    },
  };
  child.once("exit", () => {
    releaseGuard();
    owned.delete(one);
  });
  owned.add(one);
  return one;
}

/**
 * A shell that waits. On "release" it ends. If its input closes because this process died, it kills the guarded
 * process, which may be paused or not notice the death. The caller releases the guard when the guarded process ends, so
 * the id is safe to use: only this process could have reaped it.
 */
export function startGuard(pid: number): ChildProcess {
  const script = `trap '' INT TERM HUP; read -r word; [ "$word" = release ] || kill -KILL ${pid}`;
  const guard = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"] });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.unref();
  return guard;
}

/** Whether a process of this id is there and not merely waiting to be reaped. Sends no signal. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return process.platform !== "linux"; // on Linux it has gone between the two checks
  }
}
