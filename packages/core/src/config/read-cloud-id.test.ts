import assert from "node:assert/strict";
import { it } from "node:test";
import { parseClusterConfig } from "./parse-config.js";

const encoded = (text: string) => Buffer.from(text).toString("base64");
const seedOf = (cloudId: string) => parseClusterConfig({ cloudId }).seeds[0];

it("a cloud id is one https node without discovery, at the port of Elasticsearch, else of the host, else 443", () => {
  for (const [decoded, host, port] of [
    ["us-east-1.aws.found.io$es-uuid$kibana-uuid", "es-uuid.us-east-1.aws.found.io", 443],
    ["found.io:9243$4fa8821e75634032bed1cf221110e2f97$4fa8", "4fa8821e75634032bed1cf221110e2f97.found.io", 9243],
    ["found.io:9243$es:9244$kibana:9245$apm:1", "es.found.io", 9244],
    ["Found.io$ES$", "es.found.io", 443],
    ["found.io$es", "es.found.io", 443],
  ] as const) {
    const expected = { scheme: "https", host, port, pathPrefix: "" };
    assert.deepEqual(seedOf(`my-deployment:${encoded(decoded)}`), expected, decoded);
    assert.deepEqual(seedOf(`:${encoded(decoded).replace(/=+$/, "")}`), expected, "without a name and padding");
  }
  const cloudId = `x:${encoded("found.io$es$")}`;
  assert.equal(parseClusterConfig({ cloudId }).discovery, false);
  assert.notEqual(parseClusterConfig({ cloudId, discovery: { intervalMs: 5_000 } }).discovery, false);
});

it("a malformed cloud id is one problem, which does not show it", () => {
  const good = encoded("found.io$es$kibana");
  for (const cloudId of [
    "",
    good,
    "name:",
    `a:b:${good}`,
    `name:${good}!`,
    `name:${good.slice(0, 9)} ${good.slice(9)}`,
    `name:${encoded("found.io")}`,
    `name:${encoded("$es$kibana")}`,
    `name:${encoded("found.io$$kibana")}`,
    `name:${encoded("found.io:0$es")}`,
    `name:${encoded("found.io:99999$es")}`,
    `name:${encoded("user@found.io$es")}`,
    `name:${encoded("found.io/path$es")}`,
    `name:${encoded("10.0.0.1$es")}`,
    `name:${encoded(`${"a".repeat(64)}.io$es`)}`,
    `name:${"A".repeat(3_000)}`,
  ]) {
    const message = /^cloudId = \[redacted\]: must be a cloud id as Elastic's console shows it: name:base64$/;
    assert.throws(() => seedOf(cloudId), { code: "CONFIG", message }, cloudId);
  }
});
