import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { RollcallError } from "@rollcall/core";
import { readSniffRequest, type SniffFlags } from "./sniff-options.js";

const colour = { color: true } as const;

async function problemsOf(urls: readonly string[], flags: Omit<SniffFlags, "color">): Promise<string> {
  try {
    await readSniffRequest(urls, { ...colour, ...flags });
  } catch (error) {
    assert.ok(error instanceof RollcallError && error.code === "CONFIG");
    return error.message;
  }
  return assert.fail("nothing was wrong");
}

describe("readSniffRequest", () => {
  it("turns flags into the options of a pool", async () => {
    const { config, timeouts } = await readSniffRequest(["http://a:9200", "https://own:one@b/es"], {
      ...colour,
      apiKey: "a2V5",
      caFingerprint: "ab".repeat(32),
      serverName: "search",
      addressMap: ["172.17.0.2:9200=c:9201", "[::1]:9200=d:9200"],
      allow: [".example.com", "10.0.0.0/8"],
      allowPort: ["9200", "9201"],
      clusterUuid: "qEyW4gYVQ6-hx1mTxLZ3Cw",
      timeout: "250",
    });
    assert.deepEqual(
      config.seeds.map(({ host, pathPrefix, auth }) => ({ host, pathPrefix, auth })),
      [
        { host: "a", pathPrefix: "", auth: undefined },
        { host: "b", pathPrefix: "/es", auth: { username: "own", password: "one" } },
      ],
    );
    assert.deepEqual(config.defaultAuth, { apiKey: "a2V5" });
    assert.equal(config.tls?.serverName, "search");
    assert.ok(config.discovery !== false);
    assert.deepEqual(config.discovery.addressMap, { "172.17.0.2:9200": "c:9201", "[::1]:9200": "d:9200" });
    assert.deepEqual(config.discovery.allow, { hosts: [".example.com", "10.0.0.0/8"], ports: [9200, 9201] });
    assert.equal(config.discovery.clusterUuid, "qEyW4gYVQ6-hx1mTxLZ3Cw");
    assert.deepEqual(timeouts, { connectMs: 250, probeMs: 250, listMs: 250 });
  });

  it("allows all ports or all hosts of the policy where only the other is given", async () => {
    const { config } = await readSniffRequest(["http://a:9200"], { ...colour, allowPort: ["9200"] });
    assert.ok(config.discovery !== false);
    assert.deepEqual(config.discovery.allow, { hosts: [], ports: [9200] });
  });

  it("takes a variable that is set to nothing as not set", async () => {
    const { config } = await readSniffRequest(["http://a:9200"], { ...colour, bearer: "", ca: "", allow: [] });
    assert.equal(config.defaultAuth, undefined);
    assert.equal(config.tls, undefined);
    assert.ok(config.discovery !== false && config.discovery.allow === undefined);
  });

  it("tells every problem at once, by the flag's name, and no secret", async () => {
    const here = fileURLToPath(import.meta.url);
    const problems = await problemsOf(["ftp://u:geheim@a", "http://u:ge%heim@b"], {
      password: "geheim",
      bearer: "geheim",
      ca: here,
      cert: "/nowhere/cert.pem",
      key: here,
      addressMap: ["a=b", "a=c", "geheim", "a b=c"],
      allow: ["/"],
      allowPort: ["many"],
      timeout: "1.5",
    });
    const expected = [
      "--timeout must be",
      "--address-map 2 maps an address that was mapped before",
      "--address-map 3 must be FROM=TO",
      '--cert: cannot read the file "/nowhere/cert.pem": ENOENT',
      "URL 1 =",
      "URL 2 =",
      "the credential: names 2 kinds of credential",
      "the file of --ca = [redacted]",
      '--address-map["a b"]',
      '--allow = "/"',
      '--allow-port = "many"',
    ];
    const lines = problems.split("\n");
    for (const start of expected)
      assert.ok(
        lines.some((line) => line.startsWith(start)),
        `${start}\n--\n${problems}`,
      );
    assert.equal(lines.length, expected.length, problems);
    assert.doesNotMatch(problems, /geheim/);
  });
});
