import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { patience } from "./support-requests.js";

/** Sends a request through a worker thread, and prints what becomes of it. In CommonJS. */
const send = (nodes: readonly string[]) => `
  const { createPool } = require(${JSON.stringify(createRequire(import.meta.url).resolve("rollcall"))});
  async function send() {
    const pool = createPool(${JSON.stringify({ nodes, threads: 1, logger: false })});
    const call = pool.request({ method: "GET", path: "/logs/_doc/1" });
    console.log(await call.then(({ status }) => status, ({ code, message }) => code + " " + message));
    await pool.close();
  }`;

/** The lines that a program in CommonJS prints. `preload`: what Node runs first, in each of its threads. */
async function printedBy(program: string, preload = "") {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-processes-"));
  try {
    writeFileSync(join(folder, "main.cjs"), program);
    writeFileSync(join(folder, "preload.cjs"), preload);
    const env = { ...process.env, NODE_OPTIONS: "--require ./preload.cjs" };
    const child = spawn(process.execPath, ["main.cjs"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"], env });
    const printed = text(child.stdout);
    const owned = await own(child);
    assert.deepEqual(await owned.gone, { code: 0, signal: null });
    return (await printed).trim().split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("processes that Node starts in other ways", patience, () => {
  it("each worker of node:cluster has a pool with threads, in CommonJS, and ends by itself once that is closed", async () => {
    await using cluster = await startFixtureCluster({ nodes: 1 });
    const lines = await printedBy(`
      const cluster = require("node:cluster");
      ${send(cluster.urls)}
      if (cluster.isPrimary) for (let workers = 0; workers < 2; workers++) cluster.fork();
      else void send().then(() => process.disconnect());`);
    assert.deepEqual(lines, ["200", "200"]);
  });

  it("where a preload of NODE_OPTIONS throws in threads, a request fails at once with its error and its place", async () => {
    await using cluster = await startFixtureCluster({ nodes: 1 });
    const preload = `if (!require("node:worker_threads").isMainThread) throw new Error("no token here");`;
    const [line = ""] = await printedBy(`${send(cluster.urls)} void send();`, preload);
    assert.match(
      line,
      /^THREAD no worker thread can start: no token here, at .*preload\.cjs:1:\d+; with `threads: 0` /,
    );
  });
});
