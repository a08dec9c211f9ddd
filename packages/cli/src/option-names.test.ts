import assert from "node:assert/strict";
import { it } from "node:test";
import { flagsFor, inCommandLineWords } from "./option-names.js";

it("a problem is named by the flag or the URL where the option came from", () => {
  const cases: readonly (readonly [string, string])[] = [
    ['nodes[1] = "x": must be a URL', 'URL 2 = "x": must be a URL'],
    ["nodes[0].password = [redacted]: must be a password", "URL 1.password = [redacted]: must be a password"],
    ["auth.password is missing: must be a password", "--password is missing: must be a password"],
    ["auth: names 2 kinds of credential", "the credential: names 2 kinds of credential"],
    ["tls.ca[0] = [redacted]: must be PEM", "the file of --ca = [redacted]: must be PEM"],
    ['tls.caFingerprint = "x": must be', '--ca-fingerprint = "x": must be'],
    ["tls: has `key` without `cert`", "--cert and --key: has `key` without `cert`"],
    ['discovery.addressMap["a b"] = "c": must be', '--address-map["a b"] = "c": must be'],
    ['discovery.allow.hosts[2] = "/": must be', '--allow = "/": must be'],
    ["discovery.allow.ports[0] = 0: must be", "--allow-port = 0: must be"],
    ['discovery.clusterUuid = "{}": must be', '--cluster-uuid = "{}": must be'],
    ["and 3 more problems", "and 3 more problems"],
  ];
  for (const [problem, words] of cases) assert.equal(inCommandLineWords(problem), words);
});

it("each option that a text names is translated once, and no part of a longer name", () => {
  assert.deepEqual(flagsFor(["set `tls.caFingerprint`", "see discovery.allow.hosts.", "see discovery.allow.hosts"]), [
    "discovery.allow.hosts is --allow",
    "tls.caFingerprint is --ca-fingerprint",
  ]);
});

it("a plain word is an option in backticks only", () => {
  assert.deepEqual(flagsFor(["no auth, no tls"]), []);
  const flags = "auth is --username, --api-key or --bearer";
  assert.deepEqual(flagsFor(["there is no `auth` for the whole cluster"]), [flags]);
});
