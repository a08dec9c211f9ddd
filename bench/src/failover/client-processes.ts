import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type OwnedProcess, own } from "@rollcall/testing/processes";
import type { ClientSettings, FromClient, ProcessTrace, ToClient } from "./client.js";

/** All processes of one application: each with its client, and all with the same one. */
export interface ClientProcesses extends AsyncDisposable {
  /** The load begins. */
  go(): void;
  /** The load ends; resolves with the trace of every process once its last call has ended. */
  finish(): Promise<readonly ProcessTrace[]>;
}

const program = fileURLToPath(new URL("./client.js", import.meta.url));
const answerTimeoutMs = 120_000;

/** Resolves when every process has found the cluster. */
export async function startClientProcesses(settings: readonly ClientSettings[]): Promise<ClientProcesses> {
  const processes: ClientProcess[] = [];
  const fleet: ClientProcesses = {
    go: () => {
      for (const one of processes) one.send("go");
    },
    finish: () => Promise.all(processes.map((one) => one.finish())),
    async [Symbol.asyncDispose]() {
      await Promise.all(processes.map((one) => one.stop()));
    },
  };
  try {
    for (const one of settings) processes.push(await startProcess(one));
    await Promise.all(processes.map((one) => one.ready));
  } catch (error) {
    await fleet[Symbol.asyncDispose]();
    throw error;
  }
  return fleet;
}

interface ClientProcess {
  readonly ready: Promise<unknown>;
  send(message: ToClient): void;
  finish(): Promise<ProcessTrace>;
  stop(): Promise<unknown>;
}

async function startProcess(settings: ClientSettings): Promise<ClientProcess> {
  const owned = await own(fork(program, [JSON.stringify(settings)]));
  const next = <Type extends FromClient["type"]>(type: Type) =>
    word(owned, type, `${settings.contender}: no word "${type}" from a process`);
  const ready = next("ready");
  // It is not awaited if another process fails to start.
  ready.catch(() => {});
  return {
    ready,
    send: (message) => owned.child.send(message),
    finish() {
      const trace = next("trace");
      owned.child.send("finish" satisfies ToClient);
      return trace;
    },
    stop: () => owned.kill(),
  };
}

/** The child's next message of this type. @throws when it ends before, or takes longer than two minutes */
function word<Type extends FromClient["type"]>(
  { child, gone }: OwnedProcess,
  type: Type,
  complaint: string,
): Promise<Extract<FromClient, { type: Type }>> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${complaint}: ${why}`));
    const timer = setTimeout(() => fail(`none in ${answerTimeoutMs} ms`), answerTimeoutMs);
    void gone.then(({ code, signal }) => {
      clearTimeout(timer);
      fail(`it ended with ${signal ?? code}`);
    });
    const listen = (message: FromClient) => {
      if (message.type !== type) return;
      clearTimeout(timer);
      child.off("message", listen);
      resolve(message as Extract<FromClient, { type: Type }>);
    };
    child.on("message", listen);
  });
}
