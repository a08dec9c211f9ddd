import assert from "node:assert/strict";
import dns from "node:dns/promises";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it, mock } from "node:test";
import { pathToFileURL } from "node:url";
import { type ClusterOptions, parseClusterConfig } from "@rollcall/core/config";
import { collectingLogger, ManualTimers, settled, waitUntil } from "@rollcall/testing";
import { ClusterAccess, type Reach } from "./access.js";
import { type Endpoint, sameConnection } from "./endpoint.js";

const wallStartMs = Date.parse("2026-11-28T12:00:00Z");
const secret = "s3cret-9a1";

function accessTo(options: ClusterOptions) {
  const timers = new ManualTimers();
  const logger = collectingLogger();
  const clock = { wallNowMs: () => wallStartMs + timers.nowMs(), random: () => 0.5 };
  const access = new ClusterAccess(parseClusterConfig(options), timers, logger, clock);
  let changes = 0;
  const stop = access.onChange(() => changes++);
  return { access, timers, logger, stop, changes: () => changes };
}

const node = (host: string, port = 9200) => ({ host, port });
const header = (reach: Reach) => (reach.kind === "endpoint" ? reach.endpoint.headers.authorization : reach.reason);
function endpointOf(reach: Reach): Endpoint {
  return reach.kind === "endpoint" ? reach.endpoint : assert.fail(reach.reason);
}
const basic = (user: string) => `Basic ${Buffer.from(user).toString("base64")}`;

/** Names resolve to what is here. */
const names = new Map<string, string[]>();
let lookups = 0;
function mockNames(): void {
  mock.method(dns, "lookup", async (name: string) => {
    lookups++;
    const addresses = names.get(name);
    if (addresses === undefined) throw Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
    return addresses.map((address) => ({ address, family: 4 }));
  });
  syncBuiltinESMExports();
}

afterEach(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
  names.clear();
  lookups = 0;
});

describe("access to a cluster", () => {
  it("a configured node has its own credential, path and scheme, and other nodes have the cluster's", () => {
    const { access } = accessTo({
      nodes: [{ url: "https://10.0.0.1:9200/es", auth: { username: "u1", password: "p1" } }, "https://10.0.0.2:9200"],
      auth: { username: "u", password: "p" },
      headers: { "x-team": "search" },
    });
    const first = access.reach(node("10.0.0.1"));
    assert.ok(first.kind === "endpoint");
    const { policy: _, headers, ...endpoint } = first.endpoint;
    const { "user-agent": userAgent, ...others } = headers;
    assert.match(userAgent ?? "", /^rollcall\/\d+\.\d+\.\d+ \(node \d+\.\d+\.\d+; \w+ \w+\)$/);
    assert.deepEqual(others, { "accept-encoding": "identity", "x-team": "search", authorization: basic("u1:p1") });
    assert.deepEqual(endpoint, {
      address: "10.0.0.1:9200",
      host: "10.0.0.1",
      port: 9200,
      scheme: "https",
      origin: "https://10.0.0.1:9200",
      pathPrefix: "/es",
      tls: {},
    });
    assert.equal(header(access.reach(node("10.0.0.2"))), basic("u:p"));
    assert.equal(header(access.reach(node("10.0.0.1", 9201))), basic("u1:p1"));
    const sniffed = access.reach({ ...node("10.0.0.3"), ip: "10.0.0.3" });
    assert.ok(sniffed.kind === "endpoint");
    const { pathPrefix, scheme, fallbackAddress } = sniffed.endpoint;
    assert.deepEqual([header(sniffed), pathPrefix, scheme, fallbackAddress], [basic("u:p"), "", "https", "10.0.0.3"]);
  });

  it("an address that was looked up has its name's credential and server name, and only where it leads there if no certificate proves it", () => {
    const nodes = (scheme: string) => [
      { url: `${scheme}://es.test:9200/es`, auth: { username: "u1", password: "p1" } },
      `${scheme}://other.test:9200`,
    ];
    const lookedUp = { id: "", host: "203.0.113.7", port: 9200, dnsName: "es.test" };
    const secure = accessTo({ nodes: nodes("https") }).access;
    const reach = secure.reach(lookedUp);
    assert.ok(reach.kind === "endpoint");
    const { address, host, origin, onlyAddress, pathPrefix } = reach.endpoint;
    assert.deepEqual(
      [address, host, origin, onlyAddress, pathPrefix, header(reach)],
      ["203.0.113.7:9200", "es.test", "https://es.test:9200", "203.0.113.7", "/es", basic("u1:p1")],
    );
    const other = secure.reach({ ...lookedUp, host: "203.0.113.8" });
    assert.ok(other.kind === "endpoint" && !sameConnection(reach.endpoint, other.endpoint));
    assert.equal(secure.reach({ ...lookedUp, dnsName: "unknown.test" }).kind, "refused");

    const unverified = { nodes: nodes("https"), tls: { unsafeSkipVerification: true } };
    for (const options of [{ nodes: nodes("http") }, unverified]) {
      const { access } = accessTo(options);
      assert.match(String(header(access.reach(lookedUp))), /^203\.0\.113\.7 is listed for es\.test, which has no such/);
      access.noteAddresses(new Map([["es.test", ["203.0.113.7"]]]));
      assert.equal(header(access.reach(lookedUp)), basic("u1:p1"));
    }
  });

  it("a listed node whose certificate is not verified gets a credential only where it would over http", () => {
    const tls = { unsafeSkipVerification: true };
    const { access } = accessTo({
      nodes: ["https://10.0.0.1:9200", { url: "https://10.0.0.2:9200", tls: {} }],
      auth: { bearer: secret },
      tls,
    });
    assert.equal(access.reach(node("10.9.9.9")).kind, "endpoint");
    const foreign = /^203\.0\.113\.7 may not be sent credentials over https whose certificates are not verified; if/;
    assert.match(String(header(access.reach(node("203.0.113.7")))), foreign);
    // A name alone proves nothing, so no number of the list is dialled in its place.
    const open = accessTo({ nodes: ["https://es1.test:9200"], auth: { bearer: secret }, tls }).access;
    const named = endpointOf(open.reach({ ...node("es1.test", 9201), ip: "10.0.0.3" }));
    assert.equal(named.fallbackAddress, undefined);
    const checked = accessTo({ nodes: ["https://es1.test:9200"], auth: { bearer: secret } }).access;
    const verified = endpointOf(checked.reach({ ...node("es1.test", 9201), ip: "10.0.0.3" }));
    assert.equal(verified.fallbackAddress, "10.0.0.3");
    assert.equal(sameConnection(named, verified), false);
  });

  it("one warning says at the start of which nodes the certificates are not verified", async () => {
    const own = { url: "https://10.0.0.1:9200", tls: { unsafeSkipVerification: true } };
    const { access, logger } = accessTo({ nodes: [own, "https://10.0.0.2:9200"] });
    await access.start();
    access.close();
    const [warning = "", ...others] = logger.messages("warn");
    assert.match(warning, /^certificates are not verified .* of 10\.0\.0\.1:9200: any machine on the way can answer/);
    assert.deepEqual(others, []);
    const checked = accessTo({ nodes: [{ ...own, tls: { unsafeSkipVerification: false } }] });
    await checked.access.start();
    checked.access.close();
    assert.deepEqual(checked.logger.lines, []);
  });

  it("once a request brings a credential, a node that may not be sent one is refused, and listeners are called before", () => {
    const { access, changes } = accessTo({ nodes: ["https://10.0.0.1:9200"] });
    const stranger = node("203.0.113.7");
    const before = access.reach(node("10.0.0.1"));
    assert.equal(access.reach(stranger).kind, "endpoint");
    access.protectCredentials();
    const after = access.reach(node("10.0.0.1"));
    assert.deepEqual([access.reach(stranger).kind, changes()], ["refused", 1]);
    assert.ok(before.kind === "endpoint" && after.kind === "endpoint");
    assert.equal(sameConnection(before.endpoint, after.endpoint), false);
    access.protectCredentials();
    assert.equal(changes(), 1);
  });

  it("a node outside the host policy is refused, and one without a credential", () => {
    const { access } = accessTo({ nodes: [{ url: "https://10.0.0.1:9200", auth: { bearer: secret } }] });
    const stranger = access.reach(node("10.0.0.2"));
    assert.ok(stranger.kind === "refused" && !stranger.reason.includes(secret));
    const shared = accessTo({ nodes: ["https://10.0.0.1:9200"], auth: { bearer: secret } }).access;
    assert.equal(shared.reach(node("10.0.0.2")).kind, "endpoint");
    assert.match(header(shared.reach(node("203.0.113.9"))) ?? "", /discovery\.allow/);
  });

  it("a configured name is replaced by the number that a list gives only where TLS proves the name", () => {
    const fallbackAt = (nodes: ClusterOptions["nodes"], host: string, more: Partial<ClusterOptions> = {}) => {
      const { access } = accessTo({ nodes, ...more });
      const reach = access.reach({ host, port: 9200, ip: "10.0.0.9" });
      return reach.kind === "endpoint" ? reach.endpoint.fallbackAddress : reach.reason;
    };
    const auth = { bearer: secret };
    assert.equal(fallbackAt(["http://es1.test:9200"], "es1.test", { auth }), undefined);
    assert.equal(fallbackAt([{ url: "http://es1.test:9200", auth }], "es1.test."), undefined);
    assert.equal(fallbackAt(["http://es1.test:9201"], "es1.test", { auth }), undefined, "another port of its host");
    const allow = { hosts: ["es2.test"] };
    assert.equal(fallbackAt(["http://es1.test:9200"], "es2.test", { auth, discovery: { allow } }), undefined);
    assert.equal(fallbackAt(["https://es1.test:9200"], "es1.test", { auth }), "10.0.0.9");
    assert.equal(fallbackAt(["http://10.0.0.1:9200"], "es2.test", { auth }), "10.0.0.9", "that number is allowed");
    assert.equal(fallbackAt(["http://es1.test:9200"], "es1.test"), "10.0.0.9", "there is no credential");
    assert.equal(fallbackAt(["http://es1.test:9200"], "es1.test", { headers: { "x-token": secret } }), undefined);
  });

  it("headers that may be secret go only where credentials may", () => {
    const reached = (headers: Record<string, string>) => {
      const { access } = accessTo({ nodes: ["https://10.0.0.1:9200"], headers });
      return access.reach(node("203.0.113.9")).kind;
    };
    assert.equal(reached({ "user-agent": "shop/1", "x-opaque-id": "shop" }), "endpoint");
    for (const name of ["cookie", "x-api-key", "x-team"]) assert.equal(reached({ [name]: secret }), "refused", name);
  });

  it("a name with a final dot is the same node, and is looked up as configured", () => {
    const { access } = accessTo({
      nodes: [{ url: "https://es1.test.:9200/es", auth: { username: "u1", password: "p1" } }],
      auth: { bearer: secret },
    });
    for (const host of ["es1.test", "es1.test."]) {
      const reach = access.reach(node(host));
      assert.ok(reach.kind === "endpoint");
      const { address, origin, host: dialled, pathPrefix } = reach.endpoint;
      assert.deepEqual(
        [address, origin, dialled, pathPrefix, header(reach)],
        ["es1.test:9200", "https://es1.test:9200", "es1.test.", "/es", basic("u1:p1")],
      );
    }
  });

  it("the host policy follows the addresses of the configured names", async () => {
    mockNames();
    const { access, changes, stop } = accessTo({ nodes: ["http://es1.test:9200"], auth: { bearer: secret } });
    assert.equal(access.reach(node("10.0.0.9")).kind, "refused");
    names.set("es1.test", ["10.0.0.1"]);
    await access.start();
    // The other change is that the public suffixes are loaded.
    assert.deepEqual([access.seeds[0]?.addresses, changes()], [["10.0.0.1"], 2]);
    assert.equal(access.reach(node("10.0.0.9")).kind, "endpoint");
    await access.resolveSeeds();
    assert.equal(changes(), 2, "nothing has changed");
    const another = access.reach(node("es1.test.", 9201));
    assert.deepEqual(another.kind === "endpoint" && another.endpoint.lastAddresses, ["10.0.0.1"]);

    names.delete("es1.test");
    await access.resolveSeeds();
    assert.equal(access.reach(node("10.0.0.9")).kind, "endpoint", "a name server that is away changes nothing");
    names.set("es1.test", ["203.0.113.1"]);
    await access.resolveSeeds();
    assert.deepEqual([access.reach(node("10.0.0.9")).kind, changes()], ["refused", 3]);

    stop();
    names.set("es1.test", ["10.0.0.1"]);
    await access.resolveSeeds();
    assert.equal(changes(), 3);
  });

  it("the public suffixes allow names beside a configured one, also while a lookup hangs", async () => {
    mock.method(dns, "lookup", () => new Promise(() => {}));
    syncBuiltinESMExports();
    const { access, changes } = accessTo({ nodes: ["https://es1.example.com"], auth: { bearer: secret } });
    assert.equal(access.reach(node("es2.example.com", 443)).kind, "refused");
    void access.start();
    await waitUntil("the suffixes are loaded", () => changes() === 1);
    assert.equal(access.reach(node("es2.example.com", 443)).kind, "endpoint");
    assert.equal(access.reach(node("es2.example.org", 443)).kind, "refused");
    access.close();
  });

  it("access is settled once every name was looked up, found or not, and listeners are called", async () => {
    names.set("es1.test", ["10.0.0.1"]);
    mockNames();
    const { access, changes } = accessTo({ nodes: ["http://es1.test:9200", "http://nowhere.test:9200"] });
    assert.equal(access.isSettled, false);
    await access.start();
    assert.deepEqual([access.isSettled, changes()], [true, 1]);
    await access.resolveSeeds();
    assert.equal(changes(), 1);
    access.close();

    const unknown = accessTo({ nodes: ["http://nowhere.test:9200"] });
    await unknown.access.start();
    assert.deepEqual([unknown.access.isSettled, unknown.changes()], [true, 1], "nothing was found, and that is news");
    unknown.access.close();
    assert.equal(accessTo({ nodes: ["http://10.0.0.1:9200"] }).access.isSettled, true);
  });

  it("no name is looked up while the last lookup hangs", async () => {
    const answers: (() => void)[] = [];
    mock.method(dns, "lookup", () => {
      lookups++;
      return new Promise((resolve) => answers.push(() => resolve([{ address: "10.0.0.1", family: 4 }])));
    });
    syncBuiltinESMExports();
    const { access } = accessTo({ nodes: ["http://es1.test:9200"] });
    const all = [access.resolveSeeds(), access.resolveSeeds(), access.resolveSeeds()];
    assert.equal(lookups, 1);
    answers[0]?.();
    await Promise.all(all);
    void access.resolveSeeds();
    assert.equal(lookups, 2);
  });
});

describe("credential that a function gives", () => {
  const functionAccess = (provider: () => unknown) => {
    const options = { nodes: ["http://10.0.0.1:9200"], auth: provider };
    return accessTo(options as ClusterOptions);
  };

  const refuse = (access: ClusterAccess) => {
    const reach = access.reach(node("10.0.0.1"));
    if (reach.kind === "endpoint") void access.renewed(reach.endpoint);
  };

  it("no node can be reached before the function has given a credential", async () => {
    const { access, changes } = functionAccess(async () => ({ bearer: "t1" }));
    assert.match(header(access.reach(node("10.0.0.1"))) ?? "", /has not answered yet/);
    await access.start();
    assert.deepEqual([header(access.reach(node("10.0.0.1"))), changes()], ["Bearer t1", 1]);
  });

  it("the function is called every 30 s, and at once after a 401, but at most once a second", async () => {
    let token = 1;
    const { access, timers, changes } = functionAccess(() => ({ bearer: `t${token++}` }));
    await access.start();
    timers.advance(29_999);
    await settled();
    assert.equal(token, 2);
    timers.advance(1);
    await settled();
    assert.deepEqual([header(access.reach(node("10.0.0.1"))), changes()], ["Bearer t2", 2]);
    for (let time = 0; time < 5; time++) refuse(access);
    await settled();
    assert.equal(token, 3);
    timers.advance(1_000);
    await settled();
    assert.equal(token, 4);
  });

  it("a credential that comes back unchanged causes no change event", async () => {
    let calls = 0;
    const { access, timers, changes } = functionAccess(() => ({ bearer: ++calls < 3 ? "t1" : "t2" }));
    await access.start();
    for (const expected of [1, 2]) {
      timers.advance(30_000);
      await settled();
      assert.deepEqual([calls, changes()], [expected + 1, expected]);
    }
  });

  for (const [name, provider] of [
    [
      "throws",
      () => {
        throw new Error(secret);
      },
    ],
    ["rejects", () => Promise.reject(new Error(secret))],
    ["gives nothing", () => undefined],
    ["gives half a credential", () => ({ username: secret })],
    ["gives what no header may hold", () => ({ bearer: `${secret}\nx` })],
  ] as const) {
    it(`a function that ${name} is called again every second, with one warning and no secret`, async () => {
      let asked = 0;
      const { access, timers, logger } = functionAccess(() => {
        asked++;
        return provider();
      });
      await access.start();
      for (let second = 0; second < 5; second++) {
        timers.advance(1_000);
        await settled();
      }
      assert.deepEqual([asked, logger.messages("warn").length], [6, 1]);
      assert.match(logger.messages("warn")[0] ?? "", /`auth` failed .*requests wait/);
      assert.doesNotMatch(logger.lines.join(), new RegExp(secret));
      assert.equal(access.reach(node("10.0.0.1")).kind, "refused");
    });
  }

  it("the last credential stays in use while the function fails, and each new failure is logged", async () => {
    let failing = false;
    const { access, timers, logger } = functionAccess(() => {
      if (failing) throw new Error("away");
      return { bearer: "t1" };
    });
    await access.start();
    for (const state of [true, true, false, true]) {
      failing = state;
      timers.advance(30_000);
      await settled();
    }
    assert.equal(header(access.reach(node("10.0.0.1"))), "Bearer t1");
    assert.equal(logger.messages("warn").length, 2);
    assert.match(logger.messages("warn")[0] ?? "", /stays in use/);
    assert.deepEqual(logger.messages("info"), ["the function given as `auth` gives a credential again"]);
  });

  it("one call runs at a time; one that hangs fails after 30 s, and its late answer is ignored", async () => {
    const answers: ((auth: unknown) => void)[] = [];
    const { access, timers, logger } = functionAccess(() => new Promise((resolve) => answers.push(resolve)));
    void access.start();
    for (let second = 0; second < 30; second++) {
      refuse(access);
      timers.advance(1_000);
      await settled();
    }
    assert.equal(answers.length, 1);
    assert.match(logger.messages("warn")[0] ?? "", /no answer within 30000 ms/);
    timers.advance(1_000);
    await settled();
    assert.equal(answers.length, 2);
    answers[0]?.({ bearer: "late" });
    await settled();
    assert.equal(access.reach(node("10.0.0.1")).kind, "refused");
    answers[1]?.({ bearer: "t2" });
    await settled();
    assert.equal(header(access.reach(node("10.0.0.1"))), "Bearer t2");
  });

  it("after a 401 callers get the endpoint with another credential, once listeners have been called, from one call", async () => {
    let token = "t1";
    let calls = 0;
    const { access, timers, changes } = functionAccess(async () => {
      calls++;
      return { bearer: token };
    });
    await access.start();
    timers.advance(5_000);
    const endpoint = endpointOf(access.reach(node("10.0.0.1")));
    token = "t2";
    const renewed = await Promise.all([access.renewed(endpoint), access.renewed(endpoint)]);
    assert.deepEqual(
      renewed.map((one) => one?.headers.authorization),
      ["Bearer t2", "Bearer t2"],
    );
    assert.deepEqual([calls, changes(), header(access.reach(node("10.0.0.1")))], [2, 2, "Bearer t2"]);
    // It was sent with the older one: there is another already.
    assert.equal((await access.renewed(endpoint))?.headers.authorization, "Bearer t2");
    assert.equal(calls, 2);
    const fixed = accessTo({ nodes: ["http://10.0.0.1:9200"], auth: { bearer: secret } }).access;
    assert.equal(await fixed.renewed(endpointOf(fixed.reach(node("10.0.0.1")))), undefined);
  });

  it("a credential is asked for ahead of the time that the function gives, and a bad time is a failure of the function", async () => {
    const times: unknown[] = [wallStartMs + 8_000, new Date(wallStartMs + 60_000), 1_764_331_200];
    const { access, timers, logger } = functionAccess(() => ({ bearer: `t${times.length}`, expiresAt: times.shift() }));
    await access.start();
    timers.advance(4_999);
    await settled();
    assert.equal(header(access.reach(node("10.0.0.1"))), "Bearer t3");
    timers.advance(1);
    await settled();
    assert.equal(header(access.reach(node("10.0.0.1"))), "Bearer t2");
    timers.advance(60_000);
    await settled();
    assert.equal(header(access.reach(node("10.0.0.1"))), "Bearer t2", "also when its time is over");
    assert.match(logger.messages("warn")[0] ?? "", /auth\.expiresAt = \[redacted\]: must be a Date.*stays in use/);
  });

  it("a node's own function gives its credential alone, and one function of several nodes is called once for all", async () => {
    let calls = 0;
    const common = () => ({ bearer: `common ${++calls}`.replace(" ", "") });
    const { access, logger } = accessTo({
      nodes: [
        { url: "http://10.0.0.1:9200", auth: async () => ({ username: "u1", password: "p1" }) },
        { url: "http://10.0.0.2:9200", auth: common },
        { url: "http://10.0.0.3:9200", auth: common },
        { url: "http://10.0.0.4:9200", auth: () => Promise.reject(new Error(secret)) },
      ],
    });
    assert.equal(access.isSettled, false);
    await access.start();
    const headers = [1, 2, 3].map((at) => header(access.reach(node(`10.0.0.${at}`))));
    assert.deepEqual([headers, calls], [[basic("u1:p1"), "Bearer common1", "Bearer common1"], 1]);
    assert.match(header(access.reach(node("10.0.0.4"))) ?? "", /has not answered yet/);
    assert.equal(access.isSettled, false);
    assert.match(
      logger.messages("warn")[0] ?? "",
      /^the function given as `auth` of 10\.0\.0\.4:9200 failed \(it threw\)/,
    );
    access.close();
  });

  it("after close the function is not called, and a late credential is not used", async () => {
    const answers: ((auth: unknown) => void)[] = [];
    const { access, timers, changes } = functionAccess(() => new Promise((resolve) => answers.push(resolve)));
    void access.start();
    await settled();
    access.close();
    answers[0]?.({ bearer: "t1" });
    await settled();
    timers.advance(120_000);
    refuse(access);
    await settled();
    assert.deepEqual([answers.length, changes()], [1, 0]);
  });
});

describe("credential in a file", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-access-"));
  });
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  it("the content is the secret, without the line break at its end", () => {
    for (const [auth, expected] of [
      [{ username: "u", passwordFile: file("password", " p w \n") }, basic("u: p w ")],
      [{ apiKeyFile: pathToFileURL(file("key", "aTpr\r\n")) }, "ApiKey aTpr"],
      [{ bearerFile: file("token", "t1") }, "Bearer t1"],
    ] as const) {
      const { access } = accessTo({ nodes: ["http://10.0.0.1:9200"], auth });
      assert.deepEqual([access.isSettled, header(access.reach(node("10.0.0.1")))], [true, expected]);
    }
  });

  it("files that cannot be used are one error that names each option and file, and no secret", () => {
    const [key, empty, token] = [file("key", `${secret}:x`), file("empty", "\n"), join(folder, "missing")];
    const options = {
      nodes: [
        { url: "http://10.0.0.1:9200", auth: { apiKeyFile: key } },
        { url: "http://10.0.0.2:9200", auth: { bearerFile: token } },
      ],
      auth: { username: "u", passwordFile: empty },
    };
    assert.throws(
      () => accessTo(options),
      (error: Error & { code?: string }) => {
        const [first = "", second = "", third = "", ...more] = error.message.split("\n");
        const named = (path: string) => JSON.stringify(path);
        assert.equal(
          first,
          `auth.passwordFile: the file ${named(empty)} is empty; an empty password is given as an empty \`password\``,
        );
        assert.match(
          second,
          /^auth\.apiKeyFile of 10\.0\.0\.1:9200: the file ".*key" holds no such secret \(auth\.apiKey = \[redacted\]: must be/,
        );
        assert.equal(third, `auth.bearerFile of 10.0.0.2:9200: the file ${named(token)} does not exist`);
        assert.deepEqual([more, error.code, error.message.includes(secret)], [[], "CONFIG", false]);
        return true;
      },
    );
  });

  it("a file that has changed when a node answers 401 is read at once, and listeners are called", async () => {
    const path = file("rotated", "p1");
    const { access, timers, changes, logger } = accessTo({
      nodes: ["http://10.0.0.1:9200"],
      auth: { username: "u", passwordFile: path },
    });
    await access.start();
    const endpoint = endpointOf(access.reach(node("10.0.0.1")));
    writeFileSync(path, "p2-longer");
    let renewed: Endpoint | undefined;
    void access.renewed(endpoint).then((came) => {
      renewed = came;
    });
    await waitUntil("another credential is there", () => {
      timers.advance(100);
      return renewed !== undefined;
    });
    assert.equal(renewed?.headers.authorization, basic("u:p2-longer"));
    assert.deepEqual([changes(), header(access.reach(node("10.0.0.1")))], [1, basic("u:p2-longer")]);
    assert.doesNotMatch(logger.text(), /p2-longer/);
    access.close();
  });
});
