import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { systemTimers } from "@rollcall/coordinator/cluster";
import { waitUntil } from "@rollcall/testing";
import type { NewThread } from "../lane/lane.js";
import { createTable } from "../table/layout.js";
import { Threads } from "./threads.js";

it("threads that die before they are up, which Piscina does not replace, come all the same, once they can", async (test) => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-threads-"));
  const entry = join(folder, "entry.mjs");
  // Word 0: 0 while threads are to die. Word 1: how many have.
  writeFileSync(
    entry,
    `import { MessageChannel, parentPort, threadId, workerData } from "node:worker_threads";
     if (Atomics.load(workerData.words, 0) === 0) {
       Atomics.add(workerData.words, 1, 1);
       process.exit(1);
     }
     const [lane, views] = [new MessageChannel(), new MessageChannel()];
     const [port, viewPort] = [lane.port2, views.port2];
     parentPort.postMessage({ kind: "rollcall-thread", threadId, port, viewPort }, [port, viewPort]);
     lane.port1.on("message", () => {});
     export default () => {};
     export const refill = () => {};`,
  );
  const words = createTable({ slots: 1, threads: 2 });
  const joined: NewThread[] = [];
  const connections = {
    perNode: 1,
    opening: 1,
    idleMs: 1,
    maxAgeMs: 1,
    connectTimeoutMs: 1,
    maxResponseBytes: 1,
  };
  const threads = new Threads({
    threads: 2,
    setup: {
      words,
      layout: { slots: 1, threads: 2 },
      settings: connections,
      queueMax: 1,
      noNodeWaitMs: 1,
      drainMs: 1,
      defaults: { timeoutMs: 1, retry: false },
    },
    joined: (thread) => joined.push(thread),
    timers: systemTimers,
    failed: () => {},
    beforeTask: () => {},
    entry: pathToFileURL(entry),
  });
  test.after(async () => {
    await threads.destroy();
    rmSync(folder, { recursive: true });
  });
  await waitUntil("four have begun", () => Atomics.load(words, 1) >= 4);
  await sleep(300);
  assert.equal(joined.length, 0);
  Atomics.store(words, 0, 1);
  await waitUntil("both have joined", () => joined.length === 2);
});
