import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { systemTimers } from "@rollcall/coordinator/cluster";
import { waitUntil } from "@rollcall/testing";
import type { NewThread } from "../lane/lane.js";
import { createTable } from "../table/layout.js";
import { Threads } from "./threads.js";

/** Threads that run this module. They share `words`, of which the test and the module make what they want. */
function openThreads(test: TestContext, count: number, module: string) {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-threads-"));
  const entry = join(folder, "entry.mjs");
  writeFileSync(
    entry,
    `import { MessageChannel, parentPort, threadId, workerData } from "node:worker_threads";\n${module}`,
  );
  const layout = { slots: 1, threads: count };
  const words = createTable(layout);
  const joined: NewThread[] = [];
  const settings = { perNode: 1, opening: 1, idleMs: 1, maxAgeMs: 1, connectTimeoutMs: 1, maxResponseBytes: 1 };
  const defaults = { timeoutMs: 1, retry: false } as const;
  const threads = new Threads({
    threads: count,
    setup: { words, layout, settings, bufferedMaxBytes: 1, queueMax: 1, noNodeWaitMs: 1, drainMs: 1, defaults },
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
  return { words, joined };
}

const announce = `
  const [lane, views] = [new MessageChannel(), new MessageChannel()];
  const [port, viewPort] = [lane.port2, views.port2];
  parentPort.postMessage({ kind: "rollcall-thread", threadId, port, viewPort }, [port, viewPort]);
  lane.port1.on("message", () => {});
  export default () => {};
  export const refill = () => {};`;

it("threads that die before they are up, which Piscina does not replace, are started again until they stay", async (test) => {
  // Word 0: 0 while threads are to die. Word 1: how many have.
  const { words, joined } = openThreads(
    test,
    2,
    `if (Atomics.load(workerData.words, 0) === 0) {
       Atomics.add(workerData.words, 1, 1);
       process.exit(1);
     }
     ${announce}`,
  );
  await waitUntil("each has died twice", () => Atomics.load(words, 1) >= 4);
  // Longer than a thread takes to come up: none may have.
  await sleep(300);
  assert.equal(joined.length, 0);
  Atomics.store(words, 0, 1);
  await waitUntil("both are up", () => joined.length === 2);
});

it("whatever else a thread's code posts to the main thread is ignored, and a thread joins once", async (test) => {
  const { words, joined } = openThreads(
    test,
    1,
    `const kind = "rollcall-thread";
     for (const message of [null, undefined, 0, "ready", true, [], {}, { kind }, { kind, threadId }]) {
       parentPort.postMessage(message);
     }
     parentPort.postMessage({ kind, threadId, port: {}, viewPort: null });
     const forge = (id) => {
       const [a, b] = [new MessageChannel().port1, new MessageChannel().port1];
       parentPort.postMessage({ kind, threadId: id, port: a, viewPort: b }, [a, b]);
     };
     forge(threadId + 1_000);
     ${announce}
     forge(threadId);
     parentPort.postMessage(null);
     Atomics.store(workerData.words, 0, 1);`,
  );
  await waitUntil("all is posted and the thread is up", () => Atomics.load(words, 0) === 1 && joined.length > 0);
  // What was posted arrives in order, before the answer to a later turn.
  await sleep(100);
  assert.equal(joined.length, 1);
});
