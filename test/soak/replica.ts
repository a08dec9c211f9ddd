import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { waitUntil } from "@rollcall/testing";
import { type OwnedProcess, own } from "@rollcall/testing/processes";
import type {
  CallKind,
  FailedCall,
  FromSoakReplica,
  HeldSample,
  SoakReplicaOptions,
  ToSoakReplica,
  WriteOutcome,
} from "./messages.js";

/** A replica of the soak, as the soak sees it. All that it has reported stays here. */
export interface SoakReplica extends AsyncDisposable {
  readonly name: string;
  readonly process: OwnedProcess;
  readonly answered: ReadonlyMap<CallKind, number>;
  readonly failed: readonly FailedCall[];
  readonly writes: readonly WriteOutcome[];
  readonly samples: readonly HeldSample[];
  surge(perSecond: number): void;
  /** Resolves when there is one sample more. */
  sample(): Promise<void>;
  /** Ends the load; resolves with the number of calls that have not ended within a minute. */
  stop(): Promise<number>;
  /** Closes the pool; resolves with what is left in the process, which has ended by itself. */
  close(): Promise<readonly string[]>;
}

const program = fileURLToPath(new URL("./soak-replica.js", import.meta.url));

export async function startSoakReplica(
  options: SoakReplicaOptions,
  onLine: (level: string, text: string) => void,
): Promise<SoakReplica> {
  const child = fork(program, [JSON.stringify(options)], {
    execArgv: ["--expose-gc"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const owned = await own(child);
  const answered = new Map<CallKind, number>();
  const failed: FailedCall[] = [];
  const writes: WriteOutcome[] = [];
  const samples: HeldSample[] = [];
  let isOpen = false;
  let pending: number | undefined;
  let left: readonly string[] | undefined;

  child.on("message", (message: FromSoakReplica) => {
    switch (message.type) {
      case "open":
        isOpen = true;
        break;
      case "calls":
        for (const [kind, count] of Object.entries(message.answered) as [CallKind, number][]) {
          answered.set(kind, (answered.get(kind) ?? 0) + count);
        }
        failed.push(...message.failed);
        writes.push(...message.writes);
        break;
      case "sample":
        samples.push({ atMs: message.atMs, held: message.held });
        break;
      case "stopped":
        pending = message.pending;
        break;
      case "closed":
        left = message.left;
        break;
      case "line":
        onLine(message.level, message.text);
    }
  });
  const tell = (message: ToSoakReplica) => child.send(message);
  const until = <T>(what: string, check: () => T | undefined): Promise<T> =>
    waitUntil(`${options.name} ${what}`, () => {
      const value = check();
      if (value === undefined && !owned.alive) throw new Error(`${options.name} has ended`);
      return value === undefined ? undefined : { value };
    }).then((found) => (found as { value: T }).value);

  await until("is open", () => (isOpen ? true : undefined));
  return {
    name: options.name,
    process: owned,
    answered,
    failed,
    writes,
    samples,
    surge: (perSecond) => tell({ type: "surge", perSecond }),
    async sample() {
      const before = samples.length;
      tell({ type: "sample" });
      await until("has taken a sample", () => (samples.length > before ? true : undefined));
    },
    stop() {
      tell({ type: "stop" });
      return until("has stopped", () => pending);
    },
    async close() {
      tell({ type: "close" });
      const found = await until("has closed", () => left);
      await waitUntil(`${options.name} has ended by itself`, () => !owned.alive, { timeoutMs: 20_000 });
      return found;
    },
    async [Symbol.asyncDispose]() {
      await owned.kill();
    },
  };
}
