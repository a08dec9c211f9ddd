// Preloaded by `--import` into every thread of a replica of fleet-marks.ts: reads the node table once a millisecond, as
// a dispatch does at each request, and notes when it first shows a node as down, or as up again.
import { BroadcastChannel, isMainThread, workerData } from "node:worker_threads";
import { HeaderWord, SharedWord, sharedRow, unpackState } from "../../../packages/worker/dist/table/layout.js";
import { machineMs } from "./machine-clock.js";

/** A change that one thread has seen. */
export interface Sighting {
  readonly atMs: number;
  readonly isDown: boolean;
}

/** What one thread has recorded since it was last asked. */
export interface Watched {
  readonly sightings: readonly Sighting[];
  /** When its timer ran later than asked for, and by how much. */
  readonly delays: readonly Delay[];
}

export interface Delay {
  readonly atMs: number;
  readonly lateMs: number;
}

export const watchChannel = "rollcall-bench-marks";
const everyMs = 1;
/** Later than this is worth noting: a timer's own granularity is not. */
const lateFromMs = 0.5;
const keptMax = 60_000;

if (!isMainThread) watch((workerData as { readonly words: Int32Array }).words);

function watch(words: Int32Array): void {
  const sightings: Sighting[] = [];
  const delays: Delay[] = [];
  let isDown = false;
  let lastMs = machineMs();
  setInterval(() => {
    const atMs = machineMs();
    const lateMs = atMs - lastMs - everyMs;
    if (lateMs > lateFromMs && delays.length < keptMax) delays.push({ atMs, lateMs });
    lastMs = atMs;
    const now = showsDown(words);
    if (now !== isDown && sightings.length < keptMax) sightings.push({ atMs, isDown: now });
    isDown = now;
  }, everyMs).unref();

  const channel = new BroadcastChannel(watchChannel);
  channel.unref();
  channel.onmessage = (event) => {
    if ((event as { readonly data: unknown }).data !== "report") return;
    channel.postMessage({ sightings, delays } satisfies Watched);
    sightings.length = 0;
    delays.length = 0;
  };
}

function showsDown(words: Int32Array): boolean {
  const rows = Atomics.load(words, HeaderWord.rows);
  for (let slot = 0; slot < rows; slot++) {
    if (unpackState(Atomics.load(words, sharedRow(slot) + SharedWord.state))?.mark === "down") return true;
  }
  return false;
}
