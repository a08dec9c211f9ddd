import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { waitUntil } from "@rollcall/testing";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { startRedis } from "@rollcall/testing/redis";
import { createPool } from "../support/create-pool.js";

// The tests run from test/dist/integration.
const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));

async function rollcall(words: readonly string[], env: NodeJS.ProcessEnv) {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [program, ...words], { env: { PATH, ...env } });
  const owned = await own(child);
  const [stdout, stderr, { code }] = await Promise.all([text(child.stdout), text(child.stderr), owned.gone]);
  return { code, stdout, stderr, said: stdout.replace(/\s+/g, " ") };
}

it("rollcall why explains a node of a real fleet, before and after it dies, and rollcall bundle packs all of it", {
  timeout: 240_000,
}, async () => {
  await using cluster = await startFixtureCluster({ nodes: 2 });
  await using redis = await startRedis();
  const [first, second] = cluster.nodes;
  assert.ok(first !== undefined && second !== undefined);
  const shared = { nodes: [first.url], redis: redis.url, name: "logs", logger: false } as const;
  const pools = [createPool(shared), createPool({ ...shared, coordinator: "external" })];
  const env = { ROLLCALL_REDIS: redis.url, ROLLCALL_NAME: "logs" };
  try {
    await Promise.all(pools.map((pool) => waitUntil("both nodes are there", () => pool.nodes().length === 2)));
    const before = await rollcall(["why", second.name, "--nodes", first.url], env);
    assert.equal(before.code, 0, before.stdout + before.stderr);
    assert.match(before.said, /^n2 \(127\.0\.0\.1:\d+\) has nothing held against it; 2 replicas send it nothing now/);
    assert.match(before.said, /Replicas follows .* follows .* From this machine kept n2 /);

    const folder = await mkdtemp(join(tmpdir(), "rollcall-bundle-"));
    const [config, file] = [join(folder, "pool.json"), join(folder, "report.json.gz")];
    await writeFile(
      config,
      JSON.stringify({ ...shared, logger: undefined, headers: { "x-token": "geheim" }, threads: 0 }),
    );
    const bundle = ["bundle", "--config", config, "--file", file, "--redact-addresses"];
    const written = await rollcall(bundle, {});
    assert.equal(written.code, 0, written.stdout + written.stderr);
    assert.match(
      written.said,
      /^wrote .*report\.json\.gz .* 2 replicas, [1-9]\d* entries of the history, the doctor: All is well/,
    );
    const bytes = await readFile(file);
    const report = gunzipSync(bytes).toString();
    assert.doesNotMatch(report, /geheim|127\.0\.0\.1/);
    assert.match(report, /"x-token": "\[redacted\]"/);
    assert.equal((JSON.parse(report) as { view: { topology: { nodes: object[] } } }).view.topology.nodes.length, 2);
    const again = await rollcall([...bundle, "--wait", "100"], {});
    assert.deepEqual([again.code, /^the file ".*" is there already/.test(again.stdout)], [2, true], again.stdout);
    assert.deepEqual(await readFile(file), bytes);
    await rm(folder, { recursive: true });

    await second.kill();
    await waitUntil("it is down", () => pools[0]?.nodes().some(({ state }) => state === "down") === true);
    const after = await rollcall(["why", second.name], env);
    assert.equal(after.code, 1, after.stdout);
    assert.match(
      after.said,
      /^n2 \(127\.0\.0\.1:\d+\) receives nothing: it is down for all since \d\d:\d\d:\d\d UTC \(.+\): connection re/,
    );
    assert.match(after.said, /History .*is down/);

    const unknown = await rollcall(["why", "n22", "--wait", "100"], env);
    assert.deepEqual([unknown.code, unknown.stderr], [2, ""]);
    assert.match(unknown.stdout, /^no node is called n22 \(nearest: n2\); the nodes are n\d [^\n]+\n$/);
  } finally {
    await Promise.all(pools.map((pool) => pool.close({ timeoutMs: 0 })));
  }
});
