import { readdirSync, readFileSync } from "node:fs";

/** How long the threads of a process have waited for a processor, by thread, in milliseconds; empty where Linux tells none. */
export function waitedFor(pid: number): ReadonlyMap<string, number> {
  const waited = new Map<string, number>();
  for (const thread of listed(`/proc/${pid}/task`)) {
    try {
      const [, nanoseconds = "0"] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
      waited.set(thread, Number(nanoseconds) / 1e6);
    } catch {
      // It has ended.
    }
  }
  return waited;
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const checkEveryMs = 500;
/** Of the time between two checks. */
const starvedPart = 0.6;
/** A check that comes so late: the whole machine stood still. */
const lateMs = 700;

/**
 * Calls `starved` with the time over which one of the processes waited for a processor for most of it, or all stood still.
 */
export function watchProcessorTime(
  pids: () => readonly number[],
  starved: (fromMs: number, toMs: number) => void,
): Disposable {
  let before = new Map<number, ReadonlyMap<string, number>>();
  let lastMs = Date.now();
  const checks = setInterval(() => {
    const nowMs = Date.now();
    const spanMs = nowMs - lastMs;
    const now = new Map(pids().map((pid) => [pid, waitedFor(pid)]));
    const longestMs = Math.max(
      0,
      ...[...now].flatMap(([pid, threads]) =>
        [...threads].map(([thread, waitedMs]) => waitedMs - (before.get(pid)?.get(thread) ?? waitedMs)),
      ),
    );
    if (longestMs > starvedPart * spanMs || spanMs > checkEveryMs + lateMs) starved(lastMs, nowMs);
    before = now;
    lastMs = nowMs;
  }, checkEveryMs);
  return { [Symbol.dispose]: () => clearInterval(checks) };
}
