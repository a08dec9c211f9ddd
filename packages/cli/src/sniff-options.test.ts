import assert from "node:assert/strict";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertProblems, problemsOf } from "./options.test.support.js";
import { readSniffRequest } from "./sniff-options.js";

const colour = { color: true } as const;

it("the flags of a sniff become the options of a pool", async () => {
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

it("--allow-port alone allows every host of the policy at these ports", async () => {
  const { config } = await readSniffRequest(["http://a:9200"], { ...colour, allowPort: ["9200"] });
  assert.ok(config.discovery !== false);
  assert.deepEqual(config.discovery.allow, { hosts: [], ports: [9200] });
});

it("a variable that is set to nothing counts as not set", async () => {
  const { config } = await readSniffRequest(["http://a:9200"], { ...colour, bearer: "", ca: "", allow: [] });
  assert.equal(config.defaultAuth, undefined);
  assert.equal(config.tls, undefined);
  assert.ok(config.discovery !== false && config.discovery.allow === undefined);
});

it("all problems of the sniff's flags are reported at once, by the flag's name, and no secret", async () => {
  const here = fileURLToPath(import.meta.url);
  const secrets = { password: "geheim", bearer: "geheim", ca: here, cert: "/nowhere/cert.pem", key: here };
  const addressMap = ["a=b", "a=c", "geheim", "a b=c"];
  const flags = { ...colour, ...secrets, addressMap, allow: ["/"], allowPort: ["many"], timeout: "1.5" };
  const problems = await problemsOf(readSniffRequest(["ftp://u:geheim@a", "http://u:ge%heim@b"], flags));
  const starts = `
    --timeout must be
    --address-map 2 maps an address that was mapped before
    --address-map 3 must be FROM=TO
    --cert: cannot read the file "/nowhere/cert.pem": ENOENT
    URL 1 =
    URL 2 =
    the credential: names 2 kinds of credential
    the file of --ca = [redacted]
    --address-map["a b"]
    --allow = "/"
    --allow-port = "many"
  `;
  assertProblems(problems, starts);
});
