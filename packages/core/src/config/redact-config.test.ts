import assert from "node:assert/strict";
import { it } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { silentLogger } from "../logger.js";
import { parseCoordinatorConfig, parsePoolConfig } from "./parse-config.js";
import { redactConfig } from "./redact-config.js";
import { certificate } from "./refused-options.test.data.js";

const parsePool = (options: unknown) => parsePoolConfig(options, { cores: 1, heapLimitBytes: 4_294_967_296 });

it("a redacted configuration shows what is set, as JSON data, and of secrets only that they are there", () => {
  const config = parsePool({
    nodes: [
      "https://ann:secret@es1:9200/es",
      { url: "https://[::1]:9201", tls: { ca: certificate, serverName: "es" } },
    ],
    auth: () => ({ bearer: "secret" }),
    headers: { "x-token": "secret" },
    discovery: false,
    proxy: "http://ann:secret@proxy:3128",
    logger: silentLogger,
    redis: "rediss://ann:secret@[::1]:6380/2?password=secret",
    name: "logs",
    secret: ["secret, of 16 bytes or more", "another secret of that length"],
  });
  const expected = {
    redis: { url: "rediss://[::1]:6380/2" },
    name: "logs",
    secret: "[redacted]",
    coordinator: "candidate",
    threads: 0,
    timeoutMs: 30_000,
    maxResponseBytes: 536_870_888,
    maxBufferedResponseBytes: 268_435_456,
    connections: config.connections,
    queue: config.queue,
    retry: config.retry,
    hedge: config.hedge,
    compression: config.compression,
    seeds: [
      { url: "https://es1:9200/es", auth: { username: "[redacted]", password: "[redacted]" } },
      { url: "https://[::1]:9201", tls: { ca: "[redacted]", serverName: "es" } },
    ],
    defaultAuth: "[function]",
    headers: { "x-token": "[redacted]" },
    discovery: false,
    proxy: { url: "http://proxy:3128", auth: { username: "[redacted]", password: "[redacted]" } },
    logger: "[function]",
  };
  assert.deepEqual(redactConfig(config), expected);
  assert.deepEqual(JSON.parse(JSON.stringify(redactConfig(config))), expected);
});

it("a redacted configuration shows where Redis is, by what cannot be a secret", () => {
  const shownOf = (redis: unknown) =>
    redactConfig(parseCoordinatorConfig({ nodes: ["http://es1"], redis, name: "logs" })).redis;
  const tls = { ca: "secret" };
  const retryStrategy = () => 1;
  const given = { host: "R1", port: 6379, db: 1, tls, password: "secret", username: "u", retryStrategy };
  assert.deepEqual(shownOf(given), { host: "r1", port: 6379, db: 1, tls: true });
  assert.deepEqual(shownOf({ host: "u:secret@r", port: "secret", db: "secret", path: "/secret" }), {});
  const cluster = ["redis://:secret@r", { host: "fe80::1%secret" }];
  const shown = { cluster: [{ url: "redis://r" }, { host: "fe80::1" }] };
  assert.deepEqual(shownOf({ cluster, options: { redisOptions: { password: "s" } } }), shown);
});

it("of a file with secrets the path is shown", () => {
  const shown = redactConfig(
    parseCoordinatorConfig({ nodes: ["http://es1"], redis: "redis://r", name: "logs", secretFile: "/run/secret" }),
  );
  assert.deepEqual([shown.secret, shown.secretFile], [undefined, "/run/secret"]);
});

const percent = encodeURIComponent;

/**
 * Options with the secret in one place after another; some parse, some do not. The nodes are good unless they hold it.
 */
const placesOfSecrets: readonly ((secret: string) => object)[] = [
  (secret) => ({ nodes: [`https://u:${percent(secret)}@es1`] }),
  (secret) => ({ nodes: [`https://u:${percent(secret)}@es1`], timeoutMs: -1 }),
  (secret) => ({ nodes: [`https://u:${secret}@es1`] }),
  (secret) => ({ nodes: [`https://u:${secret}@es1?x#y`] }),
  (secret) => ({ nodes: [`https://u:${secret}%40es1`] }),
  (secret) => ({ nodes: [`u:${secret}@es1:9200`] }),
  (secret) => ({ nodes: [`ftp://u:${secret}@es1`] }),
  (secret) => ({ nodes: `https://u:${secret}@es1` }),
  (secret) => ({ nodes: [{ url: `https://u:${secret}@es1:port` }] }),
  (secret) => ({ nodes: [["https://es1", secret]] }),
  (secret) => ({ nodes: [{ url: "https://es1", auth: { username: "u", password: secret } }, "https://es1"] }),
  (secret) => ({ nodes: [{ url: "https://u:p@es1", auth: { bearer: secret } }] }),
  (secret) => ({ auth: { username: secret, password: `${secret}\n` } }),
  (secret) => ({ auth: { username: "u", password: secret, apiKey: secret } }),
  (secret) => ({ auth: { apiKey: { id: "i", key: secret } } }),
  (secret) => ({ auth: { apiKey: `i:${secret}` } }),
  (secret) => ({ auth: { pasword: secret } }),
  (secret) => ({ auth: secret }),
  (secret) => ({ auth: ["u", secret] }),
  (secret) => ({ headers: { "x-token": secret } }),
  (secret) => ({ headers: { "x-token": `${secret}\r\n`, authorization: secret } }),
  (secret) => ({ headers: secret }),
  (secret) => ({ tls: { cert: certificate, key: secret } }),
  (secret) => ({ tls: { cert: certificate, key: `-----BEGIN PRIVATE KEY-----${secret}` } }),
  (secret) => ({ nodes: ["http://es1"], tls: { passphrase: secret, key: secret } }),
  (secret) => ({ tls: secret }),
  (secret) => ({ name: "logs", redis: "redis://r", secret }),
  (secret) => ({ name: "logs", redis: "redis://r", secret: [`${secret} long enough to be one`, secret] }),
  (secret) => ({ secret: { of: secret } }),
  ...[
    (secret: string) => `redis://:${percent(secret)}@r/0`,
    (secret: string) => `redis://:${secret}@r`,
    (secret: string) => `redis://u:6${secret}@r:port#x`,
    (secret: string) => `redis://r?password=${secret}`,
    (secret: string) => `r:6379,password=${secret}`,
    (secret: string) => [`redis://:${secret}@r`],
    (secret: string) => new URL(`redis://:${percent(secret)}@r`),
    (secret: string) => ({ host: "r", port: `${secret}@`, password: secret, tls: { key: secret } }),
    (secret: string) => ({ host: `${secret}@r`, path: secret }),
    (secret: string) => ({ cluster: [`redis://:${secret}@r`, secret, { host: `${secret}@r`, port: secret }] }),
    (secret: string) => ({ cluster: secret, options: secret }),
    (secret: string) => ({ cluster: ["redis://r"], options: { redisOptions: { password: secret } } }),
  ].flatMap((redisWith) => [
    (secret: string) => ({ name: "logs", redis: redisWith(secret) }),
    (secret: string) => ({ name: "logs", redis: redisWith(secret), threads: -1 }),
  ]),
];

it("a secret is in no message, no stack and no redacted configuration, wherever it was put", () => {
  const canary = "cAnArY7";
  const few = fc.string({ maxLength: 6 });
  const secrets = fc.tuple(few, few).map(([before, after]) => `${before}${canary}${after}`);
  fc.assert(
    fc.property(secrets, fc.constantFrom(...placesOfSecrets), (secret, optionsWith) => {
      let shown: unknown;
      try {
        shown = redactConfig(parsePool({ nodes: ["https://es1"], ...optionsWith(secret) }));
      } catch (error) {
        shown = error;
      }
      const text = [inspect(shown, { depth: 20, showHidden: true }), JSON.stringify(shown), String(shown)].join("\n");
      assert.ok(!text.includes(canary), text);
    }),
    { numRuns: 1_000 },
  );
});
