import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { waitUntil } from "@rollcall/testing";
import { type OwnedProcess, own } from "@rollcall/testing/processes";

const program = fileURLToPath(new URL("../../../demo/dist/main.js", import.meta.url));
const run = promisify(execFile);

// The demo has limits of its own; how long a busy machine makes of them is not under test.
export const patient = { timeoutMs: 250_000, everyMs: 200 } as const;

/** No command can be found, not even redis-server. */
export const withoutRedis = { PATH: join(tmpdir(), "no-such-folder") } as const;

/**
 * The demo as a user starts it: in a process group of its own, as by a shell, with a folder of its own for what it
 * writes.
 */
export interface Demo extends AsyncDisposable {
  readonly process: OwnedProcess;
  /** Resolves once the output contains the text; rejects if the demo ends without it. */
  says(text: string): Promise<void>;
  /** Resolves once it has ended, with its exit code and its whole output. */
  ended(): Promise<{ readonly code: number | null; readonly output: string }>;
  /** Ctrl-C in a terminal: SIGINT to every process of the group. */
  interruptAll(): void;
  /** The running processes of its group, itself included. */
  processes(): Promise<readonly Member[]>;
  /** What lies in the folder for temporary files. */
  leftovers(): Promise<string[]>;
}

export interface Member {
  readonly pid: number;
  readonly command: string;
}

export async function startDemo(
  parameters: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-demo-test-"));
  // The demo may not take ports that tests have claimed.
  const claims = "rollcall-test-ports";
  mkdirSync(join(tmpdir(), claims), { recursive: true });
  await symlink(join(tmpdir(), claims), join(folder, claims));
  const child = spawn(process.execPath, [program, ...parameters], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TMPDIR: folder, ...env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      said += text;
    });
  }
  const demo = await own(child);
  return {
    process: demo,
    async says(text) {
      await waitUntil(
        `the demo says "${text}"`,
        () => {
          if (!demo.alive) throw new Error(`the demo ended without saying "${text}":\n${said}`);
          return said.includes(text);
        },
        { ...patient, everyMs: 20 },
      );
    },
    async ended() {
      await waitUntil("the demo has ended", () => !demo.alive, patient);
      const { code } = await demo.gone;
      return { code, output: said };
    },
    interruptAll() {
      if (demo.alive) process.kill(-demo.pid, "SIGINT");
    },
    processes: () => groupOf(demo.pid),
    leftovers: async () => (await readdir(folder)).filter((name) => name !== claims),
    async [Symbol.asyncDispose]() {
      await demo.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The processes of a group that run: those that only wait to be reaped do not. */
async function groupOf(leader: number): Promise<Member[]> {
  const { stdout } = await run("ps", ["-A", "-ww", "-o", "pid=,pgid=,stat=,args="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, group, state, command = ""] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return Number(group) === leader && !state?.startsWith("Z") ? [{ pid: Number(pid), command }] : [];
  });
}

/** Every text is in the output, the first time after the one before it. */
export function assertInOrder(output: string, texts: readonly string[]): void {
  let from = 0;
  for (const text of texts) {
    const at = output.indexOf(text, from);
    assert.notEqual(at, -1, `"${text}" is missing, or comes too early, in:\n${output}`);
    from = at + text.length;
  }
}

/** No process of its group, and no file, outlives it. */
export async function nothingIsLeftOf(demo: Demo): Promise<void> {
  await noProcessIsLeftOf(demo);
  assert.deepEqual(await demo.leftovers(), []);
}

export async function noProcessIsLeftOf(demo: Demo): Promise<void> {
  await waitUntil("no process of the demo is left", async () => (await demo.processes()).length === 0, patient);
}
