import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
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
    `import { parentPort, workerData } from "node:worker_threads";
     const { setup: { words }, ports: { control } } = workerData;
     ${module}`,
  );
  const layout = { slots: 1, threads: count };
  const words = createTable(layout);
  const joined: NewThread[] = [];
  const problems: (string | undefined)[] = [];
  const settings = {
    perNode: 1,
    opening: 1,
    idleMs: 1,
    maxAgeMs: 1,
    connectTimeoutMs: 1,
    maxResponseBytes: 1,
    unpacksAnswers: false,
    packsAboveBytes: undefined,
  };
  const defaults = { timeoutMs: 1, retry: false, hedge: false, maxResponseBytes: 10_000 } as const;
  const threads = new Threads({
    threads: count,
    setup: {
      words,
      layout,
      settings,
      bufferedMaxBytes: 1,
      queueMax: 1,
      adaptiveTimeoutMs: undefined,
      noNodeWaitMs: 1,
      drainMs: 1,
      defaults,
    },
    joined: (thread) => joined.push(thread),
    timers: systemTimers,
    failed: () => {},
    changed: () => problems.push(threads.problem),
    beforeTask: () => {},
    entry,
  });
  threads.start();
  test.after(async () => {
    await threads.destroy();
    rmSync(folder, { recursive: true });
  });
  return { threads, words, joined, problems };
}

const up = `control.on("message", () => {}); control.postMessage("up");`;

it("threads that die before they are up are started again until they stay, and say why meanwhile", async (test) => {
  // Word 0: 0 while threads are to die. Word 1: how many have.
  const { threads, words, joined, problems } = openThreads(
    test,
    2,
    `if (Atomics.load(words, 0) === 0) {
       Atomics.add(words, 1, 1);
       process.exit(7);
     }
     ${up}`,
  );
  await waitUntil("each has died twice", () => Atomics.load(words, 1) >= 4);
  assert.equal(joined.length, 0);
  assert.equal(threads.problem, "it exited with code 7");
  Atomics.store(words, 0, 1);
  await waitUntil("both are up", () => joined.length === 2);
  assert.deepEqual([threads.failures, threads.problem, problems.at(-1)], [[], undefined, undefined]);
});

it("a thread joins once, and whatever its code posts to its parent is ignored", async (test) => {
  const { words, joined } = openThreads(
    test,
    1,
    `for (const message of [null, undefined, 0, "up", true, [], {}]) parentPort.postMessage(message);
     ${up}
     control.postMessage("up");
     parentPort.postMessage(null);
     Atomics.store(words, 0, 1);`,
  );
  await waitUntil("all is posted and the thread is up", () => Atomics.load(words, 0) === 1 && joined.length > 0);
  // What was posted arrives in order, before the answer to a later turn.
  await sleep(100);
  assert.equal(joined.length, 1);
});
