import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { own } from "@rollcall/testing/processes";
import type { FromReplica, ReplicaSettings, ToReplica } from "./replica-messages.js";

/** A replica in a process of its own, as its parent process sees it. */
export interface Replica {
  /** Searches begin. */
  begin(): void;
  /**
   * No new search. Resolves when the last one is reported or the process ends: after 15 s at most, 2 s if cut short.
   */
  end(how: { readonly cutShort: boolean }): Promise<void>;
  /** Resolves when the process has ended: by itself, or after 5 s by SIGKILL. */
  close(): Promise<void>;
}

export interface ReplicaListener {
  readonly onMessage: (message: Exclude<FromReplica, { type: "ended" }>) => void;
  /** The process ended, with this signal or exit code, although it was not closed. */
  readonly onExit: (how: string) => void;
}

const program = fileURLToPath(new URL("./replica-process.js", import.meta.url));
const closeTimeoutMs = 5_000;
/** A search may take 10 s. */
const endTimeoutMs = 15_000;
const cutShortTimeoutMs = 2_000;

/** Resolves when the process runs; its pool may still be looking for the cluster. */
export async function startReplica(
  settings: ReplicaSettings,
  { onMessage, onExit }: ReplicaListener,
): Promise<Replica> {
  const child = fork(program, [JSON.stringify(settings)], {
    execArgv: [],
    // JSON has no Infinity, the age of a view before the first beat.
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const owned = await own(child);
  let closing = false;
  let onEnded = () => {};
  const ended = new Promise<void>((resolve) => {
    onEnded = resolve;
  });
  child.on("message", (message: FromReplica) => {
    if (message.type === "ended") onEnded();
    else onMessage(message);
  });
  void owned.gone.then(({ code, signal }) => {
    onEnded();
    if (!closing) onExit(signal ?? `${code}`);
  });
  const send = (message: ToReplica) => {
    // The channel may close meanwhile: `gone` reports the end of the process.
    if (child.connected) child.send(message, () => {});
  };
  return {
    begin: () => send({ type: "begin" }),
    async end({ cutShort }) {
      send({ type: "end", cutShort });
      const late = setTimeout(onEnded, cutShort ? cutShortTimeoutMs : endTimeoutMs);
      await ended;
      clearTimeout(late);
    },
    async close() {
      closing = true;
      send({ type: "close" });
      const late = setTimeout(() => void owned.kill(), closeTimeoutMs);
      await owned.gone;
      clearTimeout(late);
    },
  };
}
