import { setTimeout as sleep } from "node:timers/promises";
import { createPool, type PoolOptions, type PoolRequest, RollcallError } from "@rollcall/worker";
import { type ReplicaEntry, ReplicaJournal } from "./journal.js";
import type { Asked, FromReplica, LoadTally, ReplicaOptions, ToReplica } from "./messages.js";

/** One replica of an application: a pool in a process of its own, which sends requests and reports their outcomes. */

const {
  pool: poolOptions,
  load,
  journal: keepsJournal = false,
} = JSON.parse(process.argv[2] ?? "{}") as ReplicaOptions;
const send = (message: FromReplica) => {
  if (process.connected) process.send?.(message);
};
const now = () => Date.now();
const line = (level: string) => (fields: object, message: string) =>
  send({ type: "log", level, line: message, event: "event" in fields ? `${fields.event}` : "", atMs: now() });
const logger = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };

// The process that started us has gone. A disconnect of our own, after the pool has been closed, is no such loss.
process.on("disconnect", () => {
  if (!stopped) process.exit(1);
});

const pool = createPool({ ...(poolOptions as PoolOptions), logger });
pool.on("node", (event) => send({ type: "event", name: "node", event, atMs: now() }));
pool.on("view", (event) => send({ type: "event", name: "view", event, atMs: now() }));
pool.on("degraded", (event) => send({ type: "event", name: "degraded", event, atMs: now() }));

const sendEntries = (entries: readonly ReplicaEntry[]) => send({ type: "journal", entries });
const journal = keepsJournal ? new ReplicaJournal(() => pool.stats().view, now, sendEntries) : undefined;

let stopped = false;
let tally = emptyTally();
let beganMs = performance.now();

function emptyTally(): { -readonly [Key in keyof LoadTally]: LoadTally[Key] } & {
  failures: string[];
  perSecond: number[];
} {
  return { answered: 0, failed: 0, failures: [], slowestMs: 0, perSecond: [] };
}

function note(startedMs: number, failure: string | undefined): void {
  const endedMs = performance.now();
  journal?.request(endedMs - startedMs, failure);
  tally.slowestMs = Math.max(tally.slowestMs, endedMs - startedMs);
  if (failure === undefined) {
    tally.answered++;
    const second = Math.floor((endedMs - beganMs) / 1_000);
    tally.perSecond[second] = (tally.perSecond[second] ?? 0) + 1;
    return;
  }
  tally.failed++;
  if (tally.failures.length < 100) tally.failures.push(failure);
}

async function slot(request: PoolRequest, pauseMs: number): Promise<void> {
  while (!stopped) {
    const startedMs = performance.now();
    try {
      const { ok, status } = await pool.request(request);
      note(startedMs, ok ? undefined : `status ${status}`);
    } catch (error) {
      note(startedMs, error instanceof RollcallError ? `${error.code} (${error.message})` : String(error));
    }
    if (pauseMs > 0) await sleep(pauseMs);
  }
}

const running = load === undefined ? [] : Array.from({ length: load.slots }, () => slot(load.request, load.pauseMs));

async function ask(request: PoolRequest): Promise<Asked> {
  try {
    const { status, node, attempts, ...answer } = await pool.request(request).then((found) => ({
      status: found.status,
      node: found.node,
      attempts: found.attempts,
      body: found.text(),
    }));
    return { status, node, attempts: attempts.length, ...answer };
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    return { code: error.code, sent: error.sent, message: error.message, attempts: error.attempts.length };
  }
}

async function answer(message: ToReplica): Promise<unknown> {
  switch (message.ask) {
    case "stats":
      return pool.stats();
    case "nodes":
      return pool.nodes();
    case "tally":
      return { ...tally, perSecond: Array.from(tally.perSecond, (count) => count ?? 0) };
    case "forget tally":
      tally = emptyTally();
      beganMs = performance.now();
      return undefined;
    case "request":
      return ask(message.request);
    case "block": {
      const untilMs = performance.now() + message.forMs;
      while (performance.now() < untilMs);
      return undefined;
    }
    case "close":
      stopped = true;
      await Promise.all(running);
      await pool.close();
      return undefined;
  }
}

process.on("message", (message: ToReplica) => {
  void answer(message).then(
    (value) => {
      send({ type: "answer", id: message.id, value });
      // Whatever else still holds the process is a leak, and shows as a replica that does not end.
      if (message.ask === "close") process.disconnect();
    },
    (error: unknown) => send({ type: "answer", id: message.id, error: String(error) }),
  );
});

send({ type: "healthy" });
