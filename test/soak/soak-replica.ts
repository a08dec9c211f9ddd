import { seededRandom } from "@rollcall/testing";
import { createPool, type Pool } from "@rollcall/worker";
import { callsOf } from "./calls.js";
import { type HeapHeld, heapHeld } from "./heap-held.js";
import type heapOfThread from "./memory-task.js";
import type {
  CallKind,
  FailedCall,
  FromSoakReplica,
  SoakReplicaOptions,
  ToSoakReplica,
  WriteOutcome,
} from "./messages.js";

/**
 * A replica of the soak: a pool under a mixed load in an open loop, which reports what fails, what it wrote and what it
 * holds. Started with --expose-gc.
 */
const { pool: poolOptions, seed, name } = JSON.parse(process.argv[2] ?? "{}") as SoakReplicaOptions;
const random = seededRandom(seed);
const tickMs = 20;
const reportEveryMs = 500;
/** Enough that each of two threads gets one. */
const memoryTasks = 8;

const send = (message: FromSoakReplica) => {
  if (process.connected) process.send?.(message);
};
// The process that started this one has gone. A disconnect of its own, after the pool has been closed, is no such loss.
process.on("disconnect", () => {
  if (!isClosed) process.exit(1);
});
let isClosed = false;
const before = process.getActiveResourcesInfo();

const line = (level: string) => (_: object, text: string) => send({ type: "line", level, text });
const logger = { debug: () => {}, info: line("info"), warn: line("warn"), error: line("error") };
const pool: Pool = createPool({ ...poolOptions, logger });

let answered: Partial<Record<CallKind, number>> = {};
let failed: FailedCall[] = [];
let writes: WriteOutcome[] = [];
let pending = 0;
let surgePerSecond = 0;

const calls = callsOf(pool, name, (outcome) => writes.push(outcome));

async function make({ kind, call }: (typeof calls)[number]): Promise<void> {
  pending++;
  const beganMs = Date.now();
  const end = await call();
  pending--;
  if (end === undefined) answered[kind] = (answered[kind] ?? 0) + 1;
  else failed.push({ kind, beganMs, endedMs: Date.now(), ...end });
}

let lastMs = performance.now();
const load = setInterval(() => {
  const nowMs = performance.now();
  // After a pause the load goes on, and what was not called meanwhile is not made up for.
  const seconds = Math.min(nowMs - lastMs, 5 * tickMs) / 1_000;
  lastMs = nowMs;
  for (const one of calls) {
    const due = (one.kind === "surge" ? surgePerSecond : one.perSecond) * seconds;
    for (let left = due; left > 0; left--) if (random() < left) void make(one);
  }
}, tickMs);

function report(): void {
  send({ type: "calls", answered, failed, writes });
  [answered, failed, writes] = [{}, [], []];
}
const reports = setInterval(report, reportEveryMs);

async function sample(): Promise<void> {
  const threads = poolOptions.threads ?? 0;
  const task = new URL("./memory-task.js", import.meta.url);
  const heaps =
    threads === 0
      ? []
      : await Promise.all(Array.from({ length: memoryTasks }, () => pool.run<typeof heapOfThread>(task, undefined)));
  const { rss, external } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo().length;
  const held = { ...seriesOf("", await heapHeld()), external, rss, resources };
  for (const { threadId, ...ofThread } of heaps) Object.assign(held, seriesOf(` of thread ${threadId}`, ofThread));
  send({ type: "sample", atMs: Date.now(), held });
}

function seriesOf(whose: string, { objects, heapBytes, codeBytes }: HeapHeld) {
  return { [`objects${whose}`]: objects, [`heap${whose}`]: heapBytes, [`code${whose}`]: codeBytes };
}

const settled = async () => {
  for (let waitedMs = 0; pending > 0 && waitedMs < 60_000; waitedMs += tickMs) {
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
};

/** What is there beyond what was there before the pool was. */
function leftOver(): string[] {
  const known = [...before];
  return process.getActiveResourcesInfo().filter((resource) => {
    const at = known.indexOf(resource);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
}

async function obey(message: ToSoakReplica): Promise<void> {
  switch (message.type) {
    case "surge":
      surgePerSecond = message.perSecond;
      return;
    case "sample":
      return sample();
    case "stop":
      clearInterval(load);
      await settled();
      report();
      send({ type: "stopped", pending });
      return;
    case "close": {
      clearInterval(reports);
      await pool.close();
      // What the close has ended may need a turn to go.
      await new Promise((resolve) => setImmediate(resolve));
      send({ type: "closed", left: leftOver() });
      isClosed = true;
      process.disconnect();
    }
  }
}

process.on("message", (message: ToSoakReplica) => void obey(message));
send({ type: "open" });
