import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { gunzipSync } from "node:zlib";
import { canariesIn, canary, collectingLogger, waitUntil } from "@rollcall/testing";
import { nodeAt, setAll, startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { startRedis } from "@rollcall/testing/redis";
import { Registry } from "prom-client";
import { instrument } from "rollcall/opentelemetry";
import { registerMetrics } from "rollcall/prometheus";
import { createPool } from "../support/create-pool.js";
import { keepTelemetry } from "../support/telemetry.js";
import { failureOf, search, settled } from "./support-requests.js";

// The tests run from test/dist/integration.
const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));

async function rollcall(words: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [program, ...words], { env: { PATH: process.env.PATH } });
  const owned = await own(child);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), owned.gone]);
  return stdout + stderr;
}

/** A pool with a secret in every place that takes one, in fair weather and in all kinds of trouble. */
it("no secret of a pool is in its log, errors, events, metrics, spans, Redis traffic, commands or printed form", {
  timeout: 240_000,
}, async () => {
  const user = { username: "u", password: canary("password") };
  const [redisPassword, token, ownKey, childToken] = ["redis", "header", "request", "child"].map(canary);
  assert.ok(redisPassword && token && ownKey && childToken);
  await using cluster = await startFixtureCluster({ nodes: 2, users: [user] });
  await using redis = await startRedis({ password: redisPassword });
  await using telemetry = keepTelemetry();
  const monitor = await redis.client.monitor();
  const shown: unknown[] = [];
  monitor.on("monitor", (_time: string, words: string[]) => shown.push(words.join(" ")));

  const log = collectingLogger();
  const options = {
    nodes: [{ url: nodeAt(cluster, 0).url, auth: user }],
    auth: user,
    headers: { "x-token": token },
    redis: redis.url,
    name: "secrets",
    secret: [canary("secret-of-the-view"), canary("next-secret-of-the-view")],
  };
  const pool = createPool({ ...options, logger: log, retry: false });
  const registry = new Registry();
  registerMetrics(pool, registry);
  instrument(pool, telemetry.providers);
  await settled(pool, cluster);
  const ask = (path: string, more: object = {}) => pool.request({ method: "GET", path, ...more });

  await pool.request(search);
  const child = pool.child({ auth: { bearer: childToken } });
  shown.push(await child.request(search), child, await ask("/x", { auth: { apiKey: { id: "i", key: ownKey } } }));
  await setAll(cluster, {
    requests: [
      { kind: "reset", on: { path: "/reset" } },
      { kind: "silence", on: { path: "/silence" } },
      { kind: "reply", status: 500, body: "{}", on: { path: "/status" } },
    ],
  });
  const errors = await Promise.all(
    [
      ask("/reset/_doc/1"),
      ask("/silence/_doc/1", { timeoutMs: 900 }),
      ask("/status/_doc/1").then((answer) => answer.throwIfError()),
      ask("/x", { headers: { "x-token": `${token}\r\n` } }),
      ask("/x", { auth: { apiKey: { id: "a:b", key: ownKey } } }),
    ].map(failureOf),
  );
  shown.push(...errors);
  await nodeAt(cluster, 1).kill();
  await waitUntil("the leader has seen it", () => pool.nodes().some(({ state }) => state === "down"));

  const folder = await mkdtemp(join(tmpdir(), "rollcall-secrets-"));
  const [config, file] = [join(folder, "pool.json"), join(folder, "report.json.gz")];
  await writeFile(config, JSON.stringify(options));
  for (const words of [["doctor"], ["sniff"], ["bundle", "--file", file]]) {
    shown.push(await rollcall([...words, "--config", config, "--wait", "1000"]));
  }
  shown.push(gunzipSync(await readFile(file)).toString());
  await rm(folder, { recursive: true });

  shown.push(pool, pool.nodes(), pool.stats(), pool.config(), log.text());
  shown.push(await registry.metrics(), await telemetry.metrics(), telemetry.spans());
  await pool.close();
  shown.push(await failureOf(pool.request(search)));
  monitor.disconnect();
  assert.ok(
    shown.some((one) => /^evalsha/i.test(String(one))),
    "Redis traffic was seen",
  );
  const printed = inspect(shown, { depth: 12, maxStringLength: null, maxArrayLength: null });
  assert.deepEqual(canariesIn(printed), []);
});
