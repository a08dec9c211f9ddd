import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "@rollcall/testing";
import { own } from "@rollcall/testing/processes";
import { startRedis } from "@rollcall/testing/redis";

// Tests run from test/dist/integration; the packages are found from the root.
const root = fileURLToPath(new URL("../../../", import.meta.url));

describe("Redis unreachable", () => {
  it("close() resolves before the process ends, wherever between two attempts to connect the pool is", async () => {
    const port = await freePort();
    for (const afterMs of [1, 60, 130, 210, 330, 700]) {
      const program = `
        import { createPool } from "@rollcall/worker";
        const redis = "redis://127.0.0.1:${port}";
        const pool = createPool({ nodes: ["http://127.0.0.1:${port}"], redis, name: "x", threads: 0, logger: false });
        await new Promise((resolve) => setTimeout(resolve, ${afterMs}));
        await pool.close();
        console.log("closed");`;
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { cwd: root });
      const owned = await own(child);
      child.stdin.end();
      const [said, { code }] = await Promise.all([text(child.stdout), owned.gone]);
      assert.deepEqual([said, code], ["closed\n", 0], `${afterMs} ms after its start`);
    }
  });
});

describe("a pool that is not closed", () => {
  it("an idle pool does not keep the process alive with Redis, a client of it, one that is frozen, or one or its Sentinels away", async () => {
    await using server = await startRedis();
    await using frozen = await startRedis();
    const away = await freePort();
    const endsAfterMs = async (redis: string, coordinator: string, threads = 0) => {
      const program = `
        import { createPool } from "@rollcall/worker";
        import { Redis } from "ioredis";
        createPool({
          nodes: ["http://127.0.0.1:${away}"],
          redis: ${redis}, name: "x", coordinator: "${coordinator}", threads: ${threads}, logger: false,
        });
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        console.log(performance.now());`;
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { cwd: root });
      const owned = await own(child);
      child.stdin.end();
      let saidMs = 0;
      child.stdout.on("data", () => {
        saidMs = performance.now();
      });
      const { code } = await owned.gone;
      assert.equal(code, 0);
      assert.ok(saidMs > 0);
      return performance.now() - saidMs;
    };
    frozen.freeze();
    for (const [redis, coordinator, threads] of [
      [`"${server.url}"`, "candidate"],
      [`"${server.url}"`, "external"],
      [`new Redis("${server.url}", { lazyConnect: true, retryStrategy: () => 100 })`, "candidate", 1],
      [`"${frozen.url}"`, "candidate"],
      [`"redis://127.0.0.1:${away}"`, "candidate"],
      [`{ sentinels: [{ host: "127.0.0.1", port: ${away} }], name: "main" }`, "candidate"],
    ] as const) {
      const ms = await endsAfterMs(redis, coordinator, threads);
      assert.ok(ms < 6_000, `${redis}, ${coordinator}: ${ms} ms`);
    }
    frozen.thaw();
  });
});
