import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FromReplica, ReplicaSettings, ToReplica } from "./replica-messages.js";
import { own } from "./test-support.js";

/** A replica in a process of its own, as whoever started it sees it. */
export interface Replica {
  /** Searches begin. */
  begin(): void;
  /** No new search. Resolves when the last one is over and reported, or its process is, or after a while not. */
  end(how: { cutShort: boolean }): Promise<void>;
  /** Resolves when the process has ended, by itself or after a while not. */
  close(): Promise<void>;
}

export interface ReplicaListener {
  /** What it tells, but that its searches have ended. */
  readonly told: (message: Exclude<FromReplica, { type: "ended" }>) => void;
  /** Its process has ended, by this signal or with this exit code, and nobody wanted that. */
  readonly lost: (how: string) => void;
}

const program = fileURLToPath(new URL("./replica-process.js", import.meta.url));
const closeTimeoutMs = 5_000;
/** Longer than a search may take; and where nobody waits for searches. */
const endTimeoutMs = { whole: 15_000, cutShort: 2_000 } as const;

/** Starts one. Its pool need not have found anything yet. */
export async function startReplica(settings: ReplicaSettings, { told, lost }: ReplicaListener): Promise<Replica> {
  const child = fork(program, [JSON.stringify(settings)], {
    execArgv: [],
    // An age without end, of a view that nobody has kept, is no number in JSON.
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const owned = await own(child);
  let closing = false;
  let ended = () => {};
  const searchesOver = new Promise<void>((resolve) => {
    ended = resolve;
  });
  child.on("message", (message: FromReplica) => {
    if (message.type === "ended") ended();
    else told(message);
  });
  void owned.gone.then(({ code, signal }) => {
    ended();
    if (!closing) lost(signal ?? `${code}`);
  });
  const tell = (message: ToReplica) => {
    // Nobody is there to hear it any more: its end has been told, or will be.
    if (child.connected) child.send(message, () => {});
  };
  return {
    begin: () => tell({ type: "begin" }),
    async end({ cutShort }) {
      tell({ type: "end", cutShort });
      const late = setTimeout(ended, cutShort ? endTimeoutMs.cutShort : endTimeoutMs.whole);
      await searchesOver;
      clearTimeout(late);
    },
    async close() {
      closing = true;
      tell({ type: "close" });
      const late = setTimeout(() => void owned.kill(), closeTimeoutMs);
      await owned.gone;
      clearTimeout(late);
    },
  };
}
