import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { waitUntil } from "@rollcall/testing";
import { type OwnedProcess, own, startGuard } from "@rollcall/testing/processes";
import { proxyArguments, type TcpProxy } from "@rollcall/testing/proxies";

// Tests run from test/dist/support.
const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));

export interface CoordinatorLine {
  readonly level: number;
  readonly msg: string;
  readonly event?: string;
  /** On this machine's clock. */
  readonly time?: number;
}

/** `rollcall coordinator` as users run it: a process of its own. */
export interface CoordinatorProcess extends AsyncDisposable {
  /** To pause, resume, stop and kill. */
  readonly process: OwnedProcess;
  /** Its log so far, with levels as pino numbers them. */
  readonly log: readonly CoordinatorLine[];
}

export interface CoordinatorProcessOptions {
  readonly nodes: readonly string[];
  readonly redis: string;
  readonly name: string;
  /** Further words for the command. */
  readonly flags?: readonly string[];
  /** Its own ways to some nodes, to be cut for it alone. */
  readonly proxies?: readonly TcpProxy[];
}

/** Resolves once it has said that it has begun. @throws if it ends before */
export async function startCoordinatorProcess(options: CoordinatorProcessOptions): Promise<CoordinatorProcess> {
  const { nodes, redis, name, flags = [], proxies = [] } = options;
  const words = ["coordinator", "--nodes", nodes.join(","), "--redis", redis, "--name", name, ...flags];
  const { execArgv, env } = proxyArguments(proxies);
  const { PATH } = process.env;
  const child = spawn(process.execPath, [...execArgv, program, ...words], {
    env: { PATH, ...env },
    stdio: ["pipe", "ignore", "pipe"],
  });
  const owned = await own(child);
  // A coordinator goes on when we are killed.
  const guard = startGuard(owned.pid);
  child.once("exit", () => guard.stdin?.end("release\n"));
  const log: CoordinatorLine[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    try {
      log.push(JSON.parse(line) as CoordinatorLine);
    } catch {
      log.push({ level: 0, msg: line });
    }
  });
  await waitUntil("the coordinator has begun", () => {
    if (!owned.alive) throw new Error(`the coordinator ended: ${JSON.stringify(log)}`);
    return log.some(({ msg }) => /^is a candidate to lead /.test(msg));
  });
  return {
    process: owned,
    log,
    async [Symbol.asyncDispose]() {
      await owned.kill();
    },
  };
}
