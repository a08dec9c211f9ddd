import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type OwnedProcess, own } from "@rollcall/testing/processes";
import { proxyArguments, type TcpProxy } from "@rollcall/testing/proxies";
import type { PoolRequest } from "@rollcall/worker";
import type { ReplicaEntry } from "./journal.js";
import type { Answers, FromReplica, ReplicaOptions, ToReplica } from "./messages.js";

export type { ReplicaEntry } from "./journal.js";
export type { Asked, LoadTally, ReplicaOptions } from "./messages.js";

export interface ReplicaLine {
  readonly atMs: number;
  readonly level: string;
  readonly event: string;
  readonly text: string;
}

/** A replica of an application as tests see it: a pool in a process of its own. */
export interface Replica extends AsyncDisposable {
  /** To pause, resume and kill. */
  readonly process: OwnedProcess;
  /** "level message", as logged so far. */
  readonly log: readonly string[];
  /** The same with the event of each line, and the time on this machine's clock. */
  readonly lines: readonly ReplicaLine[];
  /** The pool's events, in order, with the time on this machine's clock. */
  readonly events: readonly { readonly name: string; readonly event: unknown; readonly atMs: number }[];
  /** What it did so far, if it was started with `journal`. */
  readonly journal: readonly ReplicaEntry[];
  ask<What extends Exclude<keyof Answers, "request" | "block">>(what: What): Promise<Answers[What]>;
  request(request: PoolRequest): Promise<Answers["request"]>;
  /** Keeps its main thread busy; resolves when that is over. */
  block(forMs: number): Promise<void>;
  /** Closes the pool; resolves when the process has ended by itself. @throws if it has not after 20 s */
  close(): Promise<void>;
}

const program = fileURLToPath(new URL("./replica-process.js", import.meta.url));
const closeTimeoutMs = 20_000;

/**
 * Starts one and resolves when its pool is open; the pool need not have found anything yet. `proxies`: its own ways to
 * some nodes, to be cut for it alone.
 */
export async function startReplica(options: ReplicaOptions, proxies: readonly TcpProxy[] = []): Promise<Replica> {
  const { execArgv, env } = proxyArguments(proxies);
  const child = fork(program, [JSON.stringify(options)], {
    execArgv: [...execArgv],
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const owned = await own(child);
  const log: string[] = [];
  const lines: ReplicaLine[] = [];
  const events: { name: string; event: unknown; atMs: number }[] = [];
  const journal: ReplicaEntry[] = [];
  const asked = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let ids = 0;

  const up = new Promise<void>((resolve, reject) => {
    child.on("message", (message: FromReplica) => {
      if (message.type === "healthy") resolve();
      else if (message.type === "journal") journal.push(...message.entries);
      else if (message.type === "log") {
        log.push(`${message.level} ${message.line}`);
        lines.push({ atMs: message.atMs, level: message.level, event: message.event, text: message.line });
      } else if (message.type === "event") events.push(message);
      else {
        const waiting = asked.get(message.id);
        asked.delete(message.id);
        if (message.error === undefined) waiting?.resolve(message.value);
        else waiting?.reject(new Error(message.error));
      }
    });
    void owned.gone.then(({ code, signal }) => {
      const error = new Error(`the replica ended (${signal ?? code})`);
      reject(error);
      for (const { reject: fail } of asked.values()) fail(error);
    });
  });

  const send = <Value>(message: Omit<ToReplica, "id">): Promise<Value> =>
    new Promise((resolve, reject) => {
      const id = ++ids;
      asked.set(id, { resolve: resolve as (value: unknown) => void, reject });
      child.send({ ...message, id }, (error) => {
        if (error !== null) reject(error);
      });
    });

  await up;
  return {
    process: owned,
    log,
    lines,
    events,
    journal,
    ask: (what) => send({ ask: what } as Omit<ToReplica, "id">),
    request: (request) => send({ ask: "request", request } as Omit<ToReplica, "id">),
    block: (forMs) => send({ ask: "block", forMs } as Omit<ToReplica, "id">),
    async close() {
      if (!owned.alive) return;
      await send({ ask: "close" } as Omit<ToReplica, "id">);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<"late">((resolve) => {
        timer = setTimeout(() => resolve("late"), closeTimeoutMs);
      });
      const ended = await Promise.race([owned.gone, late]);
      clearTimeout(timer);
      if (ended === "late") {
        await owned.kill();
        throw new Error("the replica's pool is closed, but something holds its process");
      }
    },
    async [Symbol.asyncDispose]() {
      await owned.kill();
    },
  };
}
