import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { type CollectingLogger, collectingLogger, waitUntil } from "@rollcall/testing";
import { type FixtureCluster, nodeAt, setAll, startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { createPool, type Pool } from "@rollcall/worker";
import { failureOf, newDocument, patience, requestsSeen, search, settled } from "./support-requests.js";
import type block from "./tasks/block.js";
import type die from "./tasks/die.js";

const blockModule = new URL("./tasks/block.js", import.meta.url);
const users = { kind: "other" } as const;
const dieModule = new URL("./tasks/die.js", import.meta.url);

interface Scene {
  readonly pool: Pool;
  readonly cluster: FixtureCluster;
  readonly log: CollectingLogger;
}

async function withThreads(threads: number, use: (scene: Scene) => Promise<void>) {
  await using cluster = await startFixtureCluster({ nodes: 2 });
  const log = collectingLogger();
  const pool = createPool({ nodes: cluster.urls, threads, logger: log });
  try {
    await settled(pool, cluster);
    await use({ pool, cluster, log });
    await waitUntil("nothing is pending", () => {
      const { inFlight, queued, pending } = pool.stats();
      return inFlight === 0 && queued === 0 && pending === 0;
    });
    const { requests, answered, failed } = pool.stats();
    assert.equal(answered + failed, requests);
  } finally {
    await pool.close({ timeoutMs: 0 });
  }
}

/** Blocks a thread until `letGo`. */
async function blockThread(pool: Pool): Promise<{ letGo(): Promise<void> }> {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const task = pool.run<typeof block>(blockModule, words);
  await waitUntil("the thread is blocked", () => Atomics.load(words, 0) === 1);
  return {
    async letGo() {
      Atomics.store(words, 1, 1);
      Atomics.notify(words, 1);
      await task;
    },
  };
}

describe("blocked thread", patience, () => {
  it("a thread blocked by a task delays no request while there is another", async () => {
    await withThreads(2, async ({ pool }) => {
      // Requests in flight when the task comes end before it runs.
      const before = Array.from({ length: 20 }, () => pool.request(search));
      const blocked = await blockThread(pool);
      for (const answer of await Promise.all(before)) assert.equal(answer.status, 200);
      for (let round = 0; round < 30; round++) {
        const answers = await Promise.all(Array.from({ length: 4 }, () => pool.request(search)));
        assert.ok(answers.every(({ ok }) => ok));
      }
      await blocked.letGo();
    });
  });

  it("a blocked thread does not keep a request beyond its timeout, and the error says whether it was sent", async () => {
    await withThreads(1, async ({ pool, cluster }) => {
      await setAll(cluster, { requests: [{ kind: "silence", on: users }] });
      const seen = await requestsSeen(cluster);
      const handed = failureOf(pool.request({ ...newDocument, timeoutMs: 4_000 }));
      await waitUntil("a node has it", async () => (await requestsSeen(cluster)) > seen);
      const blocked = await blockThread(pool);
      const stop = new AbortController();
      const aborted = failureOf(pool.request({ ...newDocument, signal: stop.signal }));
      stop.abort();
      const late = failureOf(pool.request({ ...newDocument, timeoutMs: 300 }));
      for (const [call, code, sent] of [
        [aborted, "ABORTED", "no"],
        [late, "TIMEOUT", "no"],
        [handed, "TIMEOUT", "maybe"],
      ] as const) {
        const error = await call;
        assert.deepEqual([error.code, error.sent], [code, sent]);
      }
      await blocked.letGo();
      assert.equal(await requestsSeen(cluster), seen + 1, "what was given up unsent was never sent");
    });
  });

  it("a pool with a blocked thread can be closed", async () => {
    await withThreads(1, async ({ pool }) => {
      const words = new Int32Array(new SharedArrayBuffer(8));
      const task = failureOf(pool.run<typeof block>(blockModule, words));
      await waitUntil("the thread is blocked", () => Atomics.load(words, 0) === 1);
      const call = failureOf(pool.request(newDocument));
      await pool.close({ timeoutMs: 50 });
      assert.equal((await task).code, "CLOSED");
      const error = await call;
      assert.deepEqual([error.code, error.sent], ["CLOSED", "no"]);
    });
  });
});

describe("thread that dies", patience, () => {
  for (const how of ["exit", "throw"] as const) {
    it(`a thread that dies (${how}) fails only requests that may have been carried out`, async () => {
      await withThreads(1, async ({ pool, cluster, log }) => {
        await setAll(cluster, { requests: [{ kind: "delay", ms: 3_000, on: users }] });
        const seen = await requestsSeen(cluster);
        const read = pool.request(search);
        const write = failureOf(pool.request(newDocument));
        await waitUntil("the nodes have both", async () => (await requestsSeen(cluster)) === seen + 2);
        const task = failureOf(pool.run<typeof die>(dieModule, how));
        assert.equal((await task).code, "THREAD");
        const error = await write;
        assert.deepEqual([error.code, error.sent], ["THREAD", "maybe"]);
        await setAll(cluster, {});
        const waits = pool.request(newDocument);
        assert.equal((await read).status, 200);
        assert.equal((await waits).status, 201);
        assert.equal(log.text().match(/a worker thread died/g)?.length, 1, log.text());
        const counts = pool.nodes().reduce((sum, { requests }) => sum + requests, 0);
        assert.equal(counts, (await requestsSeen(cluster)) - seen, "no count died with it");
      });
    });
  }

  for (const [how, error] of [
    ["throw-later", "thrown when the task was over"],
    ["reject-later", "rejected when the task was over"],
  ] as const) {
    it(`a thread that dies of an error outside a task (${how}) does not end the process, and is logged once, with it`, async () => {
      await withThreads(1, async ({ pool, log }) => {
        await pool.run<typeof die>(dieModule, how);
        await waitUntil("it is logged", () => log.text().includes("a worker thread died"));
        assert.match(log.text(), new RegExp(`died of an error \\(${error}, at file:.*die\\.js:\\d+:\\d+\\)`));
        assert.equal(log.text().match(/worker thread/g)?.length, 1, log.text());
        assert.equal((await pool.request(search)).status, 200);
      });
    });
  }

  it("whatever a task posts to its parent is ignored, and its thread goes on", async () => {
    await withThreads(1, async ({ pool, log }) => {
      const module = `import { parentPort, threadId } from "node:worker_threads";
        export default () => {
          for (const message of [null, undefined, 0, "up", [], {}]) parentPort.postMessage(message);
          return threadId;
        };`;
      const task = new URL(`data:text/javascript,${encodeURIComponent(module)}`);
      const before = await pool.run<() => number>(task, undefined);
      assert.equal((await pool.request(search)).status, 200);
      assert.equal(await pool.run<() => number>(task, undefined), before);
      assert.deepEqual([log.messages("warn"), log.messages("error")], [[], []]);
    });
  });

  it("a thread that dies again and again is replaced every time, and others serve meanwhile", async () => {
    await withThreads(2, async ({ pool }) => {
      for (let round = 0; round < 5; round++) {
        const task = failureOf(pool.run<typeof die>(dieModule, "exit"));
        const answers = await Promise.all(Array.from({ length: 20 }, () => pool.request(search)));
        assert.ok(answers.every(({ ok }) => ok));
        assert.equal((await task).code, "THREAD");
      }
    });
  });

  it("a thread that runs out of memory does not end the process", async () => {
    await using cluster = await startFixtureCluster({ nodes: 1 });
    const script = `
      import { createPool } from ${JSON.stringify(import.meta.resolve("@rollcall/worker"))};
      const pool = createPool(${JSON.stringify({ nodes: [nodeAt(cluster, 0).url], threads: 1, logger: false })});
      await pool.ready();
      const code = await pool.run(new URL(${JSON.stringify(dieModule.href)}), "memory").catch((error) => error.code);
      const { status } = await pool.request({ method: "GET", path: "/logs/_doc/1" });
      await pool.close();
      console.log(code, status < 500);`;
    const args = ["--max-old-space-size=64", "--input-type=module", "--eval", script];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
    const printed = text(child.stdout);
    const owned = await own(child);
    assert.deepEqual(await owned.gone, { code: 0, signal: null });
    assert.equal(await printed, "THREAD true\n");
  });
});
