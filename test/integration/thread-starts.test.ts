import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { type CollectingLogger, collectingLogger, waitUntil } from "@rollcall/testing";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { createPool, type Pool } from "@rollcall/worker";
import { failureOf, patience, search } from "./support-requests.js";
import type work from "./tasks/work.js";

const workModule = new URL("./tasks/work.js", import.meta.url);
const realThread = new URL("./threads/rollcall-thread.js", import.meta.resolve("@rollcall/worker"));

interface Scene {
  readonly pool: Pool;
  readonly log: CollectingLogger;
  /** Lets threads start from now on. */
  readonly mend: () => void;
}

/** A pool whose threads cannot start: their module throws. */
async function withBrokenThreads(threads: number | undefined, use: (scene: Scene) => Promise<void>) {
  await using cluster = await startFixtureCluster({ nodes: 1 });
  const folder = mkdtempSync(join(tmpdir(), "rollcall-starts-"));
  const threadEntry = join(folder, "thread.mjs");
  writeFileSync(threadEntry, `throw new Error("broken on purpose");`);
  const log = collectingLogger();
  const pool = createPool({ nodes: cluster.urls, threads, threadEntry: pathToFileURL(threadEntry), logger: log });
  try {
    await use({
      ...{ pool, log },
      mend: () => writeFileSync(threadEntry, `import ${JSON.stringify(realThread.href)};`),
    });
  } finally {
    await pool.close({ timeoutMs: 0 });
    rmSync(folder, { recursive: true });
  }
}

const reason = /^no worker thread can start: broken on purpose, at file:.*thread\.mjs:1:\d+; with `threads: 0` /;

describe("threads that cannot start", patience, () => {
  it("every call that waits for a thread fails at once with the reason, which the log says once, until one starts", async () => {
    await withBrokenThreads(2, async ({ pool, log, mend }) => {
      const waiting = [pool.request(search), pool.run<typeof work>(workModule, { kind: "echo" }), pool.ready()];
      for (const call of waiting) {
        const { code, sent, message } = await failureOf(call);
        assert.deepEqual([code, sent], ["THREAD", "no"]);
        assert.match(message, reason);
      }
      assert.equal((await failureOf(pool.request(search))).code, "THREAD");
      assert.deepEqual(
        pool.stats().threads.map(({ state, reason: why }) => [state, why?.slice(0, 17)]),
        Array(2).fill(["failed", "broken on purpose"]),
      );
      assert.equal(log.messages("error").length, 1, log.text());
      assert.match(log.messages("error")[0] ?? "", reason);
      mend();
      await waitUntil("threads are up", () => pool.stats().threads.every(({ state }) => state === "well"), {
        timeoutMs: 30_000,
      });
      assert.equal((await pool.request(search)).status, 200);
      assert.equal(log.messages("info", "all worker threads are up again").length, 1);
    });
  });

  it("without `threads`, the calling thread serves what waited and all that comes, after one warning", {
    skip: availableParallelism() === 1 && "with one core no thread is started",
  }, async () => {
    await withBrokenThreads(undefined, async ({ pool, log }) => {
      const [answer, task] = await Promise.all([
        pool.request(search),
        pool.run<typeof work>(workModule, { kind: "search" }),
        pool.ready(),
      ]);
      assert.deepEqual([answer.status, (task as { status: number }).status], [200, 200]);
      assert.equal((await pool.request(search)).status, 200);
      const echo = (await pool.run<typeof work>(workModule, { kind: "echo" })) as { isMainThread: boolean };
      assert.equal(echo.isMainThread, true);
      assert.deepEqual(log.messages("warn", "no worker thread can start").length, 1, log.text());
      const { threads, requests, answered, pending } = pool.stats();
      assert.deepEqual([threads, requests, answered, pending], [[], 3, 3, 0]);
    });
  });

  it("under Node's permission model the flag that is missing is named, and the flag helps", async () => {
    await using cluster = await startFixtureCluster({ nodes: 1 });
    const script = `
      import { createPool } from ${JSON.stringify(import.meta.resolve("@rollcall/worker"))};
      const pool = createPool(${JSON.stringify({ nodes: cluster.urls, threads: 1, logger: false })});
      console.log(await pool.request({ method: "GET", path: "/logs/_doc/1" }).then(() => "answered", ({ code, message }) => code + " " + message));
      await pool.close();`;
    const permission = process.allowedNodeEnvironmentFlags.has("--permission")
      ? "--permission"
      : "--experimental-permission";
    const run = async (...flags: string[]) => {
      const args = [permission, "--allow-fs-read=*", ...flags, "--input-type=module", "--eval", script];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
      const printed = text(child.stdout);
      const owned = await own(child);
      assert.deepEqual(await owned.gone, { code: 0, signal: null });
      return printed;
    };
    assert.match(
      await run(),
      /^THREAD .* Node's permission model denies worker threads: start Node with --allow-worker;/,
    );
    assert.equal(await run("--allow-worker"), "answered\n");
  });
});
