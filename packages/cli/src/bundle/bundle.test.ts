import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { parseClusterConfig, parseViewPlace } from "@rollcall/core/config";
import { observed } from "../doctor/observations.test.support.js";
import { esNode, heartbeat, keyOf, nowMs, snapshotOf, viewOf } from "../status.test.support.js";
import { bundleText } from "./bundle-text.js";
import { makeBundle } from "./make-bundle.js";
import { redactAddresses } from "./redact-addresses.js";
import { secretsOf } from "./secrets-of.js";

const canary = (name: string) => `canary-${name}`;
const cluster = () =>
  parseClusterConfig({
    nodes: [
      `https://u:${canary("url")}@es1:9200`,
      { url: "https://es2:9200", auth: { apiKey: canary("api") } },
      { url: "https://es3:9200", auth: { bearer: canary("bearer") } },
    ],
    auth: { username: "monitor", password: canary("password") },
    headers: { "x-token": canary("header") },
    discovery: { addressMap: { "172.17.0.2:9200": "es1:9200" } },
  });
const redises = [
  `redis://app:${canary("p%40ss")}@redis:6379/2`,
  `redis://redis:6379?password=${canary("query")}`,
  { host: "redis", password: canary("option"), sentinelPassword: canary("sentinel"), tls: { key: canary("tls") } },
  { cluster: [`redis://:${canary("node")}@redis:7000`], options: { redisOptions: { password: canary("cluster") } } },
];

const mark = { kind: "down", sinceMs: nowMs, reason: "connection refused" } as const;
const status = snapshotOf(viewOf([esNode(1), esNode(2)], { [keyOf(2)]: mark }), [heartbeat(1)]);
const versions = { rollcall: "0.2.0", node: "v20.19.0", platform: "linux x64" };

function bundleOf(redis: unknown, said = "") {
  const [place, config] = [parseViewPlace({ redis, name: "logs" }), cluster()];
  const warned = { ...status, warnings: [said] };
  const snapshot = { status: warned, history: [{ atMs: nowMs, event: "x", text: "es2 is down", by: "replica-1" }] };
  const parts = { snapshot, observations: observed(), versions, wallNowMs: Date.parse("2026-11-28T12:00:00Z") };
  return { bundle: makeBundle({ request: { place, config }, ...parts }), secrets: secretsOf(place, config) };
}

it("a private key in the file of `tls.keyFile` is a secret of the bundle", () => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-bundle-"));
  try {
    const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    writeFileSync(keyFile, canary("key"));
    const config = parseClusterConfig({ nodes: ["https://es1:9200"], tls: { certFile, keyFile } });
    assert.ok(secretsOf(parseViewPlace({ redis: "redis://r", name: "logs" }), config).includes(canary("key")));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("the secrets of a view, and those in its file, are secrets of the bundle, of which the configuration shows the path", () => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-bundle-"));
  try {
    const secretFile = join(folder, "secret");
    const secrets = [canary("the-first-secret"), canary("the-second-secret")];
    writeFileSync(secretFile, `${secrets.join("\n")}\n`);
    for (const view of [{ secretFile }, { secret: secrets }]) {
      const place = parseViewPlace({ redis: "redis://r", name: "logs", ...view });
      assert.deepEqual(
        secrets.filter((secret) => !secretsOf(place, undefined).includes(secret)),
        [],
      );
      const parts = { snapshot: { status, history: undefined }, observations: undefined, versions, wallNowMs: 0 };
      const { configuration } = makeBundle({ request: { place }, ...parts });
      const shown = "secret" in view ? { secret: "[redacted]" } : view;
      assert.deepEqual(configuration, { name: "logs", redis: { url: "redis://r" }, ...shown });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const [at, redis] of redises.entries()) {
  it(`a bundle holds the configuration and no secret of it, in no form: ${["URL", "query", "options", "cluster"][at]}`, () => {
    const { bundle } = bundleOf(redis);
    const text = bundleText(bundle, [], false);
    assert.doesNotMatch(text, /canary|Basic /);
    assert.match(text, /"password": "\[redacted\]"/);
    const parsed = JSON.parse(text) as { readonly [Part in keyof typeof bundle]: unknown };
    assert.deepEqual(Object.keys(parsed).sort(), [
      ...["configuration", "doctor", "format", "heartbeats", "history"],
      ...["madeAt", "status", "statusText", "versions", "view"],
    ]);
  });

  it(`a secret that a library has put into a text is replaced in a bundle: ${["URL", "query", "options", "cluster"][at]}`, () => {
    const leaked = JSON.stringify([redis, cluster()]);
    const basic = Buffer.from(`monitor:${canary("password")}`).toString("base64");
    const { bundle, secrets } = bundleOf(redis, `failed with ${leaked} and Basic ${basic}`);
    assert.match(bundleText(bundle, [], false), /canary-password/);
    const text = bundleText(bundle, secrets, false);
    assert.doesNotMatch(text, /canary/);
    assert.ok(!text.includes(basic));
  });
}

it("the pseudonyms of a bundle are the same in all of it, and no address and no name of a host stays", () => {
  const { bundle } = bundleOf(redises[0]);
  const text = bundleText(bundle, [], true);
  assert.doesNotMatch(text, /10\.0\.0|172\.17|\bes1\b|app-1|redis:6379/);
  const parsed = JSON.parse(text) as typeof bundle;
  const [first] = parsed.view?.topology.nodes ?? [];
  assert.match(first?.host ?? "", /^host-\d+$/);
  assert.equal(parsed.status.nodes.find(({ id }) => id === "id1")?.address, `${first?.host}:9200`);
  assert.match(JSON.stringify(parsed.configuration), /"redis:\/\/host-\d+:6379\/2"/);
});

it("pseudonyms take the place of hosts in texts, keys and numbers of version 6, and of nothing else", () => {
  const fingerprint = Array.from({ length: 32 }, () => "AB").join(":");
  const given = {
    host: "es1",
    redis: "redis://redis:6379",
    nodes: { "id1@es1:9200": { reason: "es1:9200 refused; es10 did not, nor [2001:db8::1]:9200" } },
    addressMap: { es1: "localhost:9201" },
    version: "2.19.1",
    at: "2026-11-28T12:00:00.000Z",
    fingerprint,
  };
  assert.deepEqual(redactAddresses(given), {
    host: "host-1",
    redis: "redis://host-2:6379",
    nodes: { "id1@host-1:9200": { reason: "host-1:9200 refused; es10 did not, nor [host-3]:9200" } },
    addressMap: { "host-1": "localhost:9201" },
    version: "2.19.1",
    at: "2026-11-28T12:00:00.000Z",
    fingerprint,
  });
});
