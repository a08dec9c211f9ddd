import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { createPool, type Pool, RollcallError } from "@rollcall/worker";
import { failureOf, patience, requestsSeen, settled } from "./support-requests.js";
import type block from "./tasks/block.js";
import type work from "./tasks/work.js";

const workModule = new URL("./tasks/work.js", import.meta.url);
const blockModule = new URL("./tasks/block.js", import.meta.url);

const sharedWords = () => new Int32Array(new SharedArrayBuffer(8));

async function withThreads(threads: number, use: (pool: Pool, seen: () => Promise<number>) => Promise<void>) {
  await using cluster = await startFixtureCluster({ nodes: 2 });
  const pool = createPool({ nodes: cluster.urls, threads, logger: false });
  try {
    await settled(pool, cluster);
    await use(pool, () => requestsSeen(cluster));
  } finally {
    await pool.close({ timeoutMs: 0 });
  }
}

for (const threads of [0, 1, 2]) {
  describe(`task, ${threads} threads`, patience, () => {
    it("a task gets its data, runs in a worker thread, and its result is returned", async () => {
      await withThreads(threads, async (pool) => {
        const value = { when: new Date(0), map: new Map([[1, "one"]]) };
        const result = (await pool.run<typeof work>(workModule, { kind: "echo", value })) as Record<string, unknown>;
        assert.deepEqual(result.value, value);
        assert.notEqual(result.value, value);
        assert.equal(result.isMainThread, threads === 0);
      });
    });

    it("a task requests from its own thread, and what it requests is counted", async () => {
      await withThreads(threads, async (pool, seen) => {
        const before = [pool.stats().requests, await seen()] as const;
        const results = await Promise.all(
          Array.from({ length: 20 }, () => pool.run<typeof work>(workModule, { kind: "search" })),
        );
        for (const result of results) assert.equal((result as { status: number }).status, 200);
        assert.equal(await seen(), before[1] + 20);
        const { requests, answered, failed, pending } = pool.stats();
        assert.deepEqual([requests - before[0], answered - before[0], failed, pending], [20, 20, 0, 0]);
      });
    });

    it("a task that throws rejects with TASK, with the error and its causes as they were", async () => {
      await withThreads(threads, async (pool) => {
        const error = await failureOf(pool.run<typeof work>(workModule, { kind: "throw" }));
        const { cause } = error;
        assert.equal(error.code, "TASK");
        assert.ok(cause instanceof Error && cause.cause instanceof Error);
        assert.deepEqual([cause.name, cause.message], ["TypeError", "it went wrong"]);
        assert.match(cause.stack ?? "", /work\.js/);
        assert.deepEqual([cause.cause.name, cause.cause.message], ["RangeError", "since this did"]);

        const { cause: ours } = await failureOf(pool.run<typeof work>(workModule, { kind: "throw-ours" }));
        assert.ok(ours instanceof RollcallError);
        assert.deepEqual([ours.code, ours.message], ["NO_NODE", "no node there"]);

        const { cause: value } = await failureOf(pool.run<typeof work>(workModule, { kind: "throw-value" }));
        assert.match(String(value), /a text/);
      });
    });

    it("a task that cannot run, or whose result cannot be cloned, rejects and does not disturb others", async () => {
      await withThreads(threads, async (pool) => {
        const messages: string[] = [];
        for (const [module, kind] of [
          [workModule, "function"],
          [new URL("./tasks/no-default.js", import.meta.url), "echo"],
          [new URL("./tasks/absent.js", import.meta.url), "echo"],
        ] as const) {
          const error = await failureOf(pool.run<typeof work>(module, { kind }));
          assert.match(error.stack ?? "", /tasks\.test\.js/, "the stack shows the caller");
          assert.equal(error.code, "TASK");
          messages.push(error.message);
        }
        assert.match(messages[0] ?? "", /result cannot be cloned/);
        assert.match(messages[1] ?? "", /no function as default export/);
        assert.match(messages[2] ?? "", /could not be loaded/);
        const unsendable = await failureOf(pool.run<typeof work>(workModule, { kind: "echo", value: () => 1 }));
        assert.equal(unsendable.code, "CONFIG");
        for (const wrong of ["./tasks/work.js" as unknown as URL, undefined as unknown as URL]) {
          assert.equal((await failureOf(pool.run<typeof work>(wrong, { kind: "echo" }))).code, "CONFIG");
        }
        assert.ok(await pool.run<typeof work>(workModule, { kind: "echo" }));
      });
    });

    it("a task is given up at once by its signal or its timeout, and its own signal fires", async () => {
      await withThreads(threads, async (pool) => {
        for (const how of ["ABORTED", "TIMEOUT", "CLOSED"] as const) {
          const words = sharedWords();
          const stop = new AbortController();
          // On a busy machine a thread takes a second or two to load the module of its first task.
          const options =
            how === "TIMEOUT" ? { timeoutMs: 8_000 } : how === "ABORTED" ? { signal: stop.signal } : undefined;
          const call = failureOf(pool.run<typeof work>(workModule, { kind: "wait-for-signal", words }, options));
          await waitUntil("it runs", () => Atomics.load(words, 0) === 1);
          if (how === "ABORTED") stop.abort();
          if (how === "CLOSED") void pool.close({ timeoutMs: 50 });
          assert.equal((await call).code, how);
          // A thread that is destroyed with its pool may end before it does that.
          if (how !== "CLOSED") await waitUntil("its signal has fired", () => Atomics.load(words, 1) === 1);
        }
        const stopped = AbortSignal.abort();
        const late = await failureOf(pool.run<typeof work>(workModule, { kind: "echo" }, { signal: stopped }));
        assert.equal(late.code, "CLOSED");
      });
    });

    it("close() waits for a task that runs", async () => {
      await withThreads(threads, async (pool) => {
        const stop = new AbortController();
        const words = sharedWords();
        const call = failureOf(
          pool.run<typeof work>(workModule, { kind: "wait-for-signal", words }, { signal: stop.signal }),
        );
        await waitUntil("it runs", () => Atomics.load(words, 0) === 1);
        let closed = false;
        const closing = pool.close().then(() => {
          closed = true;
        });
        await new Promise((resolve) => setTimeout(resolve, 50));
        assert.equal(closed, false);
        stop.abort();
        assert.equal((await call).code, "ABORTED");
        await closing;
      });
    });
  });
}

describe("queue of tasks", patience, () => {
  it("tasks beyond the queue are refused at once", async () => {
    await withThreads(1, async (pool) => {
      const words = sharedWords();
      const blocking = pool.run<typeof block>(blockModule, words);
      const calls = Array.from({ length: 400 }, () =>
        pool.run<typeof work>(workModule, { kind: "echo" }).then(
          () => "ran",
          (error: RollcallError) => error.code,
        ),
      );
      await waitUntil("it blocks", () => Atomics.load(words, 0) === 1);
      Atomics.store(words, 1, 1);
      Atomics.notify(words, 1);
      assert.equal(await blocking, "let go");
      const outcomes = await Promise.all(calls);
      // 64 at once, the blocking one among them, and 256 that wait.
      assert.deepEqual([outcomes.filter((one) => one === "ran").length, outcomes.lastIndexOf("ran")], [319, 318]);
      assert.ok(outcomes.slice(319).every((one) => one === "QUEUE_FULL"));
    });
  });
});
