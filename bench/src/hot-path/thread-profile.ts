// Preloaded by `--import` into every thread of a process that is profiled: each writes a CPU profile of itself, from
// one word on a broadcast channel to the next. Node's own --cpu-prof would count the start and the warming up as well.
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { BroadcastChannel, isMainThread, threadId } from "node:worker_threads";

type Word =
  | { readonly say: "start" }
  | { readonly say: "started"; readonly thread: number }
  | { readonly say: "stop"; readonly folder: string }
  | { readonly say: "written"; readonly thread: number };

const sampleEveryUs = 200;
const channel = new BroadcastChannel("rollcall-bench-profile");
channel.unref();

let session: Session | undefined;

async function start(): Promise<void> {
  session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: sampleEveryUs });
  await session.post("Profiler.start");
}

async function stop(folder: string): Promise<void> {
  if (session === undefined) return;
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  session = undefined;
  writeFileSync(join(folder, `thread-${threadId}.cpuprofile`), JSON.stringify(profile));
}

if (!isMainThread) {
  channel.onmessage = async (event) => {
    const { data } = event as { readonly data: Word };
    if (data.say === "start") {
      await start();
      channel.postMessage({ say: "started", thread: threadId } satisfies Word);
    } else if (data.say === "stop") {
      await stop(data.folder);
      channel.postMessage({ say: "written", thread: threadId } satisfies Word);
    }
  };
}

/**
 * Profiles all threads of this process while `work` runs, into `folder`, one file a thread. `nudge` is called again and
 * again until all have written theirs: a thread that sleeps for lack of tasks reads no message.
 */
export async function profileThreads<T>(
  folder: string,
  work: () => Promise<T>,
  nudge: () => Promise<unknown>,
): Promise<T> {
  const started = new Set<number>();
  const written = new Set<number>();
  channel.onmessage = (event) => {
    const { data } = event as { readonly data: Word };
    if (data.say === "started") started.add(data.thread);
    if (data.say === "written") written.add(data.thread);
  };
  channel.postMessage({ say: "start" } satisfies Word);
  await start();
  const result = await work();
  await stop(folder);
  channel.postMessage({ say: "stop", folder } satisfies Word);
  for (let turn = 0; written.size < started.size && turn < nudgesMax; turn++) await nudge();
  return result;
}

const nudgesMax = 10_000;
