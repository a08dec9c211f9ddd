import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { silentLogger } from "../logger.js";
import { parseCoordinatorConfig, parsePoolConfig } from "./parse-config.js";
import { redactConfig } from "./redact-config.js";

const certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

const parsePool = (options: unknown) => parsePoolConfig(options, { cores: 1 });

describe("a redacted configuration", () => {
  it("shows what is set, as JSON data, and of secrets only that they are there", () => {
    const config = parsePool({
      nodes: [
        "https://ann:secret@es1:9200/es",
        { url: "https://[::1]:9201", tls: { ca: certificate, serverName: "es" } },
      ],
      auth: () => ({ bearer: "secret" }),
      headers: { "x-token": "secret" },
      discovery: false,
      logger: silentLogger,
      redis: "rediss://ann:secret@[::1]:6380/2?password=secret",
      name: "logs",
    });
    const expected = {
      redis: { url: "rediss://[::1]:6380/2" },
      name: "logs",
      coordinator: "candidate",
      threads: 0,
      timeoutMs: 30_000,
      connections: config.connections,
      queue: config.queue,
      retry: config.retry,
      seeds: [
        { url: "https://es1:9200/es", auth: { username: "[redacted]", password: "[redacted]" } },
        { url: "https://[::1]:9201", tls: { ca: "[redacted]", serverName: "es" } },
      ],
      defaultAuth: "[function]",
      headers: { "x-token": "[redacted]" },
      discovery: false,
      logger: "[function]",
    };
    assert.deepEqual(redactConfig(config), expected);
    assert.deepEqual(JSON.parse(JSON.stringify(redactConfig(config))), expected);
  });

  it("shows where Redis is, by what cannot be a secret", () => {
    const shownOf = (redis: unknown) =>
      redactConfig(parseCoordinatorConfig({ nodes: ["http://es1"], redis, name: "logs" })).redis;
    const tls = { ca: "secret" };
    const retryStrategy = () => 1;
    assert.deepEqual(
      shownOf({ host: "R1", port: 6379, db: 1, tls, password: "secret", username: "u", retryStrategy }),
      {
        host: "r1",
        port: 6379,
        db: 1,
        tls: true,
      },
    );
    assert.deepEqual(shownOf({ host: "u:secret@r", port: "secret", db: "secret", path: "/secret" }), {});
    assert.deepEqual(
      shownOf({
        cluster: ["redis://:secret@r", { host: "fe80::1%secret" }],
        options: { redisOptions: { password: "s" } },
      }),
      { cluster: [{ url: "redis://r" }, { host: "fe80::1" }] },
    );
  });
});

/** Options with the secret in one place after another; some parse, some do not. */
const placesOfSecrets: readonly ((secret: string) => unknown)[] = [
  (secret) => ({ nodes: [`https://u:${encodeURIComponent(secret)}@es1`] }),
  (secret) => ({ nodes: [`https://u:${encodeURIComponent(secret)}@es1`], timeoutMs: -1 }),
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
  (secret) => ({ nodes: ["https://es1"], auth: { username: secret, password: `${secret}\n` } }),
  (secret) => ({ nodes: ["https://es1"], auth: { username: "u", password: secret, apiKey: secret } }),
  (secret) => ({ nodes: ["https://es1"], auth: { apiKey: { id: "i", key: secret } } }),
  (secret) => ({ nodes: ["https://es1"], auth: { apiKey: `i:${secret}` } }),
  (secret) => ({ nodes: ["https://es1"], auth: { pasword: secret } }),
  (secret) => ({ nodes: ["https://es1"], auth: secret }),
  (secret) => ({ nodes: ["https://es1"], auth: ["u", secret] }),
  (secret) => ({ nodes: ["https://es1"], headers: { "x-token": secret } }),
  (secret) => ({ nodes: ["https://es1"], headers: { "x-token": `${secret}\r\n`, authorization: secret } }),
  (secret) => ({ nodes: ["https://es1"], headers: secret }),
  (secret) => ({ nodes: ["https://es1"], tls: { cert: certificate, key: secret } }),
  (secret) => ({ nodes: ["https://es1"], tls: { cert: certificate, key: `-----BEGIN PRIVATE KEY-----${secret}` } }),
  (secret) => ({ nodes: ["http://es1"], tls: { passphrase: secret, key: secret } }),
  (secret) => ({ nodes: ["https://es1"], tls: secret }),
  ...[
    (secret: string) => `redis://:${encodeURIComponent(secret)}@r/0`,
    (secret: string) => `redis://:${secret}@r`,
    (secret: string) => `redis://u:6${secret}@r:port#x`,
    (secret: string) => `redis://r?password=${secret}`,
    (secret: string) => `r:6379,password=${secret}`,
    (secret: string) => [`redis://:${secret}@r`],
    (secret: string) => new URL(`redis://:${encodeURIComponent(secret)}@r`),
    (secret: string) => ({ host: "r", port: `${secret}@`, password: secret, tls: { key: secret } }),
    (secret: string) => ({ host: `${secret}@r`, path: secret }),
    (secret: string) => ({ cluster: [`redis://:${secret}@r`, secret, { host: `${secret}@r`, port: secret }] }),
    (secret: string) => ({ cluster: secret, options: secret }),
    (secret: string) => ({ cluster: ["redis://r"], options: { redisOptions: { password: secret } } }),
  ].flatMap((redisWith) => [
    (secret: string) => ({ nodes: ["https://es1"], name: "logs", redis: redisWith(secret) }),
    (secret: string) => ({ nodes: ["https://es1"], name: "logs", redis: redisWith(secret), threads: -1 }),
  ]),
];

describe("a secret", () => {
  it("is in no message, no stack and no redacted configuration, wherever it was put", () => {
    const secrets = fc
      .tuple(fc.string({ maxLength: 6 }), fc.string({ maxLength: 6 }))
      .map(([before, after]) => ({ canary: "cAnArY7", secret: `${before}cAnArY7${after}` }));
    fc.assert(
      fc.property(secrets, fc.constantFrom(...placesOfSecrets), ({ canary, secret }, optionsWith) => {
        let shown: unknown;
        try {
          shown = redactConfig(parsePool(optionsWith(secret)));
        } catch (error) {
          shown = error;
        }
        const text = [inspect(shown, { depth: 20, showHidden: true }), JSON.stringify(shown), String(shown)].join("\n");
        assert.ok(!text.includes(canary), text);
      }),
      { numRuns: 1_000 },
    );
  });
});
