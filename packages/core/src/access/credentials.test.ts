import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import type { Seed } from "../config/config.js";
import type { Auth } from "../config/options.js";
import { authorizationHeader, chooseCredential, chooseScheme, chooseTls } from "./credentials.js";

const ann: Auth = { username: "ann", password: "a" };
const bob: Auth = { username: "bob", password: "b" };

function seed(host: string, port: number, own: Partial<Seed> = {}): Seed {
  return { scheme: "https", host, port, pathPrefix: "", ...own };
}

const es1 = seed("es1", 9200, { auth: ann });
const es2 = seed("es2", 9200, { auth: bob });
const plain = seed("es3", 9200);
const shared = [seed("shared", 9201, { auth: ann }), seed("shared", 9202, { auth: bob })];

/** The node, the configured nodes, the cluster's credential, and whose credential the node gets. */
const choices: readonly (readonly [title: string, node: string, Seed[], Auth | undefined, string])[] = [
  ["is its entry's, by host and port", "es2:9200", [es1, es2], undefined, "bob"],
  ["is its entry's before the cluster's", "es1:9200", [es1, es2], bob, "ann"],
  ["is the entry's of the same host, if there is one such entry", "es1:9300", [es1, es2], bob, "ann"],
  ["is that of the right port where two entries share a host", "shared:9202", shared, undefined, "bob"],
  ["is the cluster's where two entries share its host and neither its port", "shared:9203", shared, bob, "default"],
  ["is missing where two entries share its host and the cluster has none", "shared:9203", shared, undefined, "refused"],
  ["is the cluster's where its entry has none", "es3:9200", [es1, plain], bob, "default"],
  ["is the cluster's where it has no entry", "es9:9200", [es1], bob, "default"],
  ["is missing where only other entries have one", "es9:9200", [es1, plain], undefined, "refused"],
  ["is none where its own entry was configured without", "es3:9200", [es1, plain], undefined, "none"],
  ["is none where no entry has one", "es9:9200", [plain], undefined, "none"],
];
for (const [title, node, seeds, defaultAuth, expected] of choices) {
  it(`a node's credential ${title}`, () => {
    const [host = "", port] = node.split(":");
    const choice = chooseCredential({ host, port: Number(port) }, seeds, defaultAuth);
    const shown = choice.kind === "seed" && "username" in choice.seed.auth ? choice.seed.auth.username : choice.kind;
    assert.equal(shown, expected);
  });
}

it("a node's credential is never that of another host, nor of another port if its own port has an entry", () => {
  const host = fc.constantFrom("es1", "es2", "10.0.0.1");
  const port = fc.constantFrom(9200, 9201, 9202);
  const entry = fc.record({ host, port, hasAuth: fc.boolean() });
  const entries = fc.uniqueArray(entry, { selector: (one) => `${one.host}:${one.port}`, maxLength: 6 });
  const address = fc.record({ host: fc.oneof(host, fc.constant("es9")), port });
  fc.assert(
    fc.property(entries, address, fc.boolean(), (given, node, hasDefault) => {
      const seeds = given.map((one) =>
        seed(one.host, one.port, one.hasAuth ? { auth: { bearer: `${one.host}:${one.port}` } } : {}),
      );
      const choice = chooseCredential(node, seeds, hasDefault ? ann : undefined);
      if (choice.kind === "seed") {
        assert.equal(choice.seed.host, node.host);
        const isListed = seeds.some((one) => one.host === node.host && one.port === node.port);
        if (isListed) assert.equal(choice.seed.port, node.port);
        else assert.equal(seeds.filter((one) => one.host === node.host).length, 1);
      }
      if (choice.kind === "default") assert.ok(hasDefault);
    }),
  );
});

const own = { caFingerprint: "AA" };
const common = { serverName: "es" };
const seeds = [seed("es1", 9200, { tls: own }), seed("es2", 9200)];

it("a node's TLS options are its entry's, else the cluster's, and never a mixture", () => {
  assert.deepEqual(chooseTls({ host: "es1", port: 9200 }, seeds, common), own);
  assert.deepEqual(chooseTls({ host: "es1", port: 9300 }, seeds, common), own);
  assert.deepEqual(chooseTls({ host: "es2", port: 9200 }, seeds, common), common);
  assert.deepEqual(chooseTls({ host: "es9", port: 9200 }, seeds, common), common);
  assert.equal(chooseTls({ host: "es9", port: 9200 }, seeds, undefined), undefined);
});

const http = seed("es1", 9200, { scheme: "http" });
const https = seed("es2", 9200);

it("a configured node has the configured scheme, whatever the node says of itself", () => {
  assert.equal(chooseScheme({ host: "es1", port: 9200, tls: true }, [http, https]), "http");
  assert.equal(chooseScheme({ host: "es2", port: 9200 }, [http, https]), "https");
});

it("any other node has the scheme https as soon as one configured node has, or the node says so", () => {
  assert.equal(chooseScheme({ host: "es1", port: 9300 }, [http, https]), "https");
  assert.equal(chooseScheme({ host: "es9", port: 9200 }, [http]), "http");
  assert.equal(chooseScheme({ host: "es9", port: 9200, tls: true }, [http]), "https");
});

it("the authorization header encodes each kind of credential", () => {
  const cases: readonly (readonly [Auth, string])[] = [
    [{ username: "Aladdin", password: "open sesame" }, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
    [{ username: "test", password: "123£" }, "Basic dGVzdDoxMjPCow=="], // RFC 7617, section 2.1
    [{ apiKey: "aTpr" }, "ApiKey aTpr"],
    [{ apiKey: { id: "i", key: "k" } }, "ApiKey aTpr"],
    [{ bearer: "t" }, "Bearer t"],
  ];
  for (const [auth, header] of cases) assert.equal(authorizationHeader(auth), header);
});
