import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import type { PoolOptions } from "@rollcall/worker";
import type { Fleet } from "./fleet.js";
import type { Entry } from "./journal.js";
import {
  type ExpectedLog,
  healedWithinMs,
  isTelling,
  judge,
  lastOfRedis,
  missing,
  processesOf,
  unmet,
} from "./judge.js";

/** The processes of a drill. In Redis, each is a user of this name. */
export const processNames = ["coordinator", "candidate", "threaded", "reader"] as const;
export type ProcessName = (typeof processNames)[number];

/** The Redis servers of one kind of installation. */
export interface DrillRedis extends AsyncDisposable {
  /** What this process is given as `redis`. */
  redisFor(process: ProcessName): PoolOptions["redis"] & (string | object);
}

/** One fault of Redis: what happens, how long, and what the log says of it. */
export interface Drill<Servers> {
  /** Completes "while …". */
  readonly name: string;
  /** The fault lasts at least so long, and until the lines are logged that must be because of it. 0: it is a moment. */
  readonly forMs: number;
  /** What ends the fault makes processes log a loss, too: so no line is waited for before. */
  readonly endIsLoss?: true;
  /** Begins the fault; returns what ends it. */
  readonly begin: (servers: Servers) => Promise<() => Promise<unknown>>;
  readonly log: ExpectedLog;
}

/** The end of a fault that is a moment. */
export const isOver = async () => {};

/** For lines that come late, or too often. */
const quietMs = 3_000;
/** A process that has logged Redis' return may still be counting: see `RedisHealthCheck`. */
const steadyMs = 10_000;

function isSteady(journal: readonly Entry[]): boolean {
  return processesOf(journal).every((process) => {
    const last = lastOfRedis(journal, process);
    return last === undefined || (last.event === "redis.recovered" && Date.now() - last.atMs > steadyMs);
  });
}

/** What was found wrong, empty if all was well, and the lines of all processes, with their time in the drill. */
export interface DrillResult {
  readonly findings: readonly string[];
  readonly lines: readonly string[];
}

/** Runs one drill with a fleet that is steady before it. */
export async function runDrill<Servers>(
  { begin, forMs, endIsLoss, log }: Drill<Servers>,
  servers: Servers,
  fleet: Fleet,
): Promise<DrillResult> {
  await fleet.steady();
  await waitUntil("Redis has been there for long enough", () => isSteady(fleet.journal()));
  const beganMs = Date.now();
  const end = await begin(servers);
  await sleep(forMs);
  // A process that asks Redis seldom meets its third reply late, and a leader may have nothing to write for long.
  const lastsOn = () => endIsLoss !== true && unmet(fleet.journal(), beganMs, log).length > 0;
  while (Date.now() < beganMs + healedWithinMs && lastsOn()) await sleep(500);
  await end();
  const times = { beganMs, endedMs: Date.now() };
  while (Date.now() < times.endedMs + healedWithinMs && missing(fleet.journal(), times, log).length > 0)
    await sleep(500);
  await sleep(quietMs);
  const journal = fleet.journal();
  const ended = fleet.ended().map((process) => `${process} has ended`);
  const lines = journal.filter(({ atMs }) => atMs >= beganMs).filter(isTelling);
  return {
    findings: [...judge(journal, times, log), ...ended],
    lines: lines.map(({ atMs, process, event, text }) => `${secondsOf(atMs - beganMs)} ${process} ${event}: ${text}`),
  };
}

const secondsOf = (ms: number) => (ms / 1_000).toFixed(1).padStart(5);
