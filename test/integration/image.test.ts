import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { redisKeys } from "@rollcall/core/view";
import { freePort, waitUntil } from "@rollcall/testing";
import { own } from "@rollcall/testing/processes";
import { startRedis } from "@rollcall/testing/redis";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The steps of the Dockerfile: each instruction with its words, long lines joined. */
function stepsOf(file: string): readonly (readonly [instruction: string, words: string])[] {
  return readFileSync(file, "utf8")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll("\\\n", " ")
    .split("\n")
    .flatMap((line) => {
      const [, instruction = "", words = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      return instruction === "" ? [] : [[instruction, words] as const];
    });
}

it("the image's steps, by hand, make a coordinator that is live by its health check and gives its lease back at SIGTERM", {
  timeout: 240_000,
}, async (test) => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-image-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const steps = stepsOf(join(root, "docker/Dockerfile"));
  const step = (instruction: string) =>
    steps.findLast(([name]) => name === instruction)?.[1] ?? assert.fail(instruction);

  execFileSync(process.execPath, ["scripts/pack-image.mjs", join(folder, "packages")], { cwd: root, stdio: "ignore" });
  // From what npm has in its cache, where it can: the clone was installed with it.
  const env = { ...process.env, npm_config_prefer_offline: "true" };
  execFileSync("/bin/sh", ["-c", step("RUN")], { cwd: folder, env, stdio: ["ignore", "ignore", "inherit"] });
  assert.deepEqual(readdirSync(join(folder, "node_modules/@rollcall")).sort(), ["cli", "coordinator", "core"]);
  for (const development of ["typescript", "fast-check", "@rollcall/testing"]) {
    assert.ok(!readdirSync(join(folder, "node_modules")).includes(development), development);
  }

  const inFolder = (word: string) => word.replace(/^\/app/, folder);
  const [node = "", ...program] = (JSON.parse(step("ENTRYPOINT")) as string[]).map(inFolder);
  const command = JSON.parse(step("CMD")) as string[];
  assert.equal(node, "node");
  await using redis = await startRedis();
  const port = await freePort();
  const variables = Object.fromEntries(
    step("ENV")
      .trim()
      .split(/\s+/)
      .map((pair) => pair.split("=", 2)),
  );
  const child = spawn(process.execPath, [...program, ...command], {
    env: {
      ...variables,
      ROLLCALL_HTTP: variables.ROLLCALL_HTTP.replace(/:\d+$/, `:${port}`),
      ...{ ROLLCALL_NODES: "http://127.0.0.1:1", ROLLCALL_REDIS: redis.url, ROLLCALL_NAME: "logs" },
    },
    stdio: ["ignore", "inherit", "ignore"],
  });
  const coordinator = await own(child);
  test.after(() => coordinator.kill());
  const { lease } = redisKeys("logs");
  await waitUntil("it leads", async () => coordinator.alive && (await redis.client.exists(lease)) === 1);

  const [, probe = ""] = /CMD (\[.*\])$/.exec(step("HEALTHCHECK")) ?? [];
  const [, ...check] = (JSON.parse(probe) as string[]).map((word) => word.replace(/:\d+\/livez/, `:${port}/livez`));
  execFileSync(process.execPath, check);

  child.kill("SIGTERM");
  assert.deepEqual(await coordinator.gone, { code: 0, signal: null });
  assert.equal(await redis.client.exists(lease), 0);
  assert.throws(() => execFileSync(process.execPath, check), { status: 1 });
});
