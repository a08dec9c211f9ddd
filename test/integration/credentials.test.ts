import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, describe, it } from "node:test";
import { inspect } from "node:util";
import { canary, freePort, waitUntil } from "@rollcall/testing";
import {
  addressOf,
  type FixtureCluster,
  type FixtureUser,
  nodeAt,
  startFixtureCluster,
} from "@rollcall/testing/fixture";
import { type Auth, type PoolOptions, RollcallError } from "@rollcall/worker";
import { createPool } from "../support/create-pool.js";
import {
  asText,
  memberAddresses,
  often,
  search,
  searches,
  statusOf,
  type WatchedPool,
  waitForMembers,
  waitForSniffs,
  waitUntilServing,
  watchPool,
} from "./support-pools.js";
import { failureOf } from "./support-requests.js";

// These tests mostly wait, so they run side by side.
const atOnce = { concurrency: 4, timeout: 600_000 };

const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));
after(() => assert.deepEqual(unhandled, []));

const user = (username: string) => ({ username, password: canary(username) });

/** The credential in every spelling in which it could turn up. */
function spellings(credential: FixtureUser): string[] {
  const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");
  if ("apiKey" in credential) return [credential.apiKey, Buffer.from(credential.apiKey, "base64").toString("utf8")];
  if ("bearer" in credential) return [credential.bearer, base64(credential.bearer)];
  const { username, password } = credential;
  return [
    password,
    encodeURIComponent(password),
    JSON.stringify(password).slice(1, -1),
    base64(`${username}:${password}`),
  ];
}

/** Asserts that no output of the pool contains one of these credentials. */
function assertHidden(shown: string, credentials: readonly FixtureUser[]): void {
  for (const secret of credentials.flatMap(spellings)) {
    const at = shown.indexOf(secret);
    assert.ok(at < 0, `shown: …${shown.slice(Math.max(0, at - 200), at)}[a secret]…`);
  }
}

/** Neither the pool nor these errors have shown one of these credentials. */
function assertDiscreet(watched: WatchedPool, credentials: readonly FixtureUser[], ...errors: Error[]): void {
  assertHidden([watched.shown(), ...errors.map(asText)].join("\n"), credentials);
}

/** Each node got requests of its own user alone. */
async function assertOwnUsersOnly({ nodes }: FixtureCluster): Promise<void> {
  for (const node of nodes) {
    assert.ok(node.user !== undefined && "username" in node.user);
    assert.deepEqual([...(await node.counts()).users], [node.user.username], node.name);
  }
}

const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];

describe("credentials by node", atOnce, () => {
  it("a pool sends each node its own user and no other's, also after it moved to another port of its host", async () => {
    const users = [user("u1"), user("u2"), user("u3")];
    await using cluster = await startFixtureCluster({ hosts, users });
    const nodes = cluster.urls.map((url, at) => ({ url, auth: users[at] }));
    await using watched = watchPool({ nodes, discovery: often });
    const { pool } = watched;
    await waitForMembers(pool, cluster.nodes);
    await waitUntilServing(pool, cluster.nodes);

    const moving = nodeAt(cluster, 1);
    await moving.restart({ port: await freePort(moving.host) });
    await waitUntilServing(pool, cluster.nodes);
    await waitForSniffs(cluster, 2);
    await assertOwnUsersOnly(cluster);
    assertDiscreet(watched, users);
  });

  it("a pool sends the cluster's user to nodes it has found, and an entry's own to that entry", async () => {
    const [own, shared] = [user("own"), user("shared")];
    await using cluster = await startFixtureCluster({ hosts, users: [own, shared, shared] });
    const nodes = [{ url: nodeAt(cluster, 0).url, auth: own }];
    await using watched = watchPool({ nodes, auth: shared, discovery: often });
    const { pool } = watched;
    await waitForMembers(pool, cluster.nodes);
    await waitUntilServing(pool, cluster.nodes);
    await assertOwnUsersOnly(cluster);
    assertDiscreet(watched, [own, shared]);
  });

  it("a pool sends users, API keys and bearer tokens, and users in URLs, of any characters", async () => {
    const basic = { username: "weiß", password: `${canary("ü")}:@/?#%[]"'` };
    const key = { apiKey: Buffer.from(`id:${canary("key")}`).toString("base64") };
    const bearer = { bearer: canary("token") };
    const users = [basic, key, bearer];
    await using cluster = await startFixtureCluster({ hosts, users });
    const inUrl = `${encodeURIComponent(basic.username)}:${encodeURIComponent(basic.password)}@`;
    const nodes = [
      nodeAt(cluster, 0).url.replace("://", `://${inUrl}`),
      { url: nodeAt(cluster, 1).url, auth: key },
      { url: nodeAt(cluster, 2).url, auth: bearer },
    ];
    await using watched = watchPool({ nodes });
    const { pool } = watched;
    await waitForMembers(pool, cluster.nodes);
    await waitUntilServing(pool, cluster.nodes);
    for (const node of cluster.nodes) assert.equal((await node.counts()).users.size, 1);
    assert.ok((await nodeAt(cluster, 0).counts()).users.has("weiß"));
    assertDiscreet(watched, users);
  });

  it("a pool takes an API key as its two halves too", async () => {
    const key = canary("key");
    const users = [{ apiKey: Buffer.from(`id:${key}`).toString("base64") }];
    await using cluster = await startFixtureCluster({ nodes: 1, users });
    await using watched = watchPool({ nodes: cluster.urls, auth: { apiKey: { id: "id", key } } });
    await search(watched.pool);
    await watched.pool.ready();
    assertDiscreet(watched, [...users, { bearer: key }]);
  });

  it("a pool does not use a discovered node for which there is no credential, and logs once why", async () => {
    const users = [user("u1"), user("u2"), user("u3")];
    await using cluster = await startFixtureCluster({ hosts, users });
    const stranger = nodeAt(cluster, 2);
    const nodes = cluster.urls.slice(0, 2).map((url, at) => ({ url, auth: users[at] }));
    await using watched = watchPool({ nodes, discovery: often });
    const { pool, log } = watched;
    await waitUntil("the found list is in use", () => pool.stats().view?.source === "sniff");
    await waitUntilServing(pool, cluster.nodes.slice(0, 2));
    await waitForSniffs(cluster, 3);
    assert.equal((await stranger.counts()).connections, 0);
    const warnings = log.messages("warn");
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(warnings.join(), new RegExp(`${addressOf(stranger)}.*\`auth\``));
    assertDiscreet(watched, users);
  });
});

describe("where credentials may go", atOnce, () => {
  it("credentials do not go over http to a published address outside of the seeds' private networks", async () => {
    const own = user("u");
    const publish = ({ position, host, port }: { position: number; host: string; port: number }) =>
      position === 1 ? `203.0.113.7:${port}` : `${host}:${port}`; // a range kept free for documentation
    await using cluster = await startFixtureCluster({ users: [own], publish });
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), auth: own, discovery: often });
    const { pool, log } = watched;
    const reachable = [nodeAt(cluster, 0), nodeAt(cluster, 2)];
    await waitUntilServing(pool, reachable);
    await waitForSniffs(cluster, 3);
    const warnings = log.messages("warn", "203.0.113.7");
    assert.equal(warnings.length, 1);
    assert.match(warnings.join(), /discovery\.allow/);
    assert.ok(!pool.nodes().some(({ address, requests }) => address.startsWith("203.0.113.7") && requests > 0));
    assert.deepEqual([...(await cluster.stats()).users], ["u"]);
    assertDiscreet(watched, [own]);
  });

  it("credentials do not go to ports that discovery.allow.ports leaves out", async () => {
    const own = user("u");
    await using cluster = await startFixtureCluster({ users: [own] });
    const [first, second, third] = [nodeAt(cluster, 0), nodeAt(cluster, 1), nodeAt(cluster, 2)];
    const allow = { ports: [second.port] };
    await using watched = watchPool({ nodes: [first.url], auth: own, discovery: { ...often, allow } });
    const { pool, log } = watched;
    await waitUntilServing(pool, [first, second]);
    await waitForSniffs(cluster, 3);
    assert.equal((await third.counts()).connections, 0);
    assert.equal(log.messages("warn", "discovery.allow.ports").length, 1);
    assertDiscreet(watched, [own]);
  });

  it("credentials do not go where a redirect leads", async () => {
    const own = user("u");
    await using elsewhere = await startFixtureCluster({ nodes: 1 });
    const location = `${nodeAt(elsewhere, 0).url}/logs/_search`;
    const reply = { kind: "reply", status: 302, headers: { location }, body: "" } as const;
    await using cluster = await startFixtureCluster({ nodes: 1, users: [own], faults: { requests: [reply] } });
    await using watched = watchPool({ nodes: cluster.urls, auth: own });
    const { pool } = watched;
    const { status } = await pool.request({ method: "POST", path: "/logs/_search", body: {} });
    assert.equal(status, 302);
    await assert.rejects(pool.ready({ timeoutMs: 2_000 }), { code: "TIMEOUT" });
    assert.equal((await elsewhere.stats()).connections, 0);
    assertDiscreet(watched, [own]);
  });
});

/** Accepts connections, sends nothing, and keeps what it receives. */
async function startTrap() {
  const received: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on("data", (chunk) => received.push(chunk));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}

describe("TLS", atOnce, () => {
  it("a pool uses every node of a cluster whose authority is `ca`", async () => {
    const own = user("u");
    await using cluster = await startFixtureCluster({ tls: true, hosts, users: [own] });
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), auth: own, tls: { ca: cluster.ca } });
    await waitForMembers(watched.pool, cluster.nodes);
    await waitUntilServing(watched.pool, cluster.nodes);
    assert.deepEqual(watched.log.messages("warn"), []);
    assertDiscreet(watched, [own]);
  });

  it("a pool uses every node of a cluster whose authority has `caFingerprint`, however it is written", async () => {
    const own = user("u");
    await using cluster = await startFixtureCluster({ tls: true, hosts, users: [own] });
    const written = [cluster.caFingerprint, cluster.caFingerprint?.replaceAll(":", "").toLowerCase()];
    for (const caFingerprint of written) {
      await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), auth: own, tls: { caFingerprint } });
      await search(watched.pool);
      await waitForMembers(watched.pool, cluster.nodes);
      await waitUntilServing(watched.pool, cluster.nodes);
      assertDiscreet(watched, [own]);
    }
  });

  const wrong: Readonly<Record<string, (own: FixtureCluster, other: FixtureCluster) => PoolOptions["tls"]>> = {
    "the authority is unknown": () => undefined,
    "the authority is another one": (_, { ca }) => ({ ca }),
    "the fingerprint is another one's": (_, { caFingerprint }) => ({ caFingerprint }),
    "the authority is right and the fingerprint is not": ({ ca }, { caFingerprint }) => ({ ca, caFingerprint }),
  };
  for (const [what, tlsFor] of Object.entries(wrong)) {
    it(`a pool sends nothing where ${what}, and requests fail with TLS`, async () => {
      const own = user("u");
      await using cluster = await startFixtureCluster({ tls: true, nodes: 1, users: [own] });
      await using other = await startFixtureCluster({ tls: true, nodes: 1 });
      const tls = tlsFor(cluster, other);
      await using watched = watchPool({ nodes: cluster.urls, auth: own, tls });
      const error = await failureOf(search(watched.pool));
      assert.equal(error.code, "TLS");
      assert.equal(error.sent, "no");
      const late = await failureOf(watched.pool.ready({ timeoutMs: 1_000 }));
      assert.equal(late.code, "TIMEOUT");
      const { requests, connections } = await cluster.stats();
      assert.deepEqual(requests, { sniff: 0, probe: 0, other: 0 });
      assert.ok(connections > 0);
      assertDiscreet(watched, [own], error, late);
    });
  }

  it("with `unsafeSkipVerification` a pool uses every node, and one warning says what that means", async () => {
    const own = user("u");
    await using cluster = await startFixtureCluster({ tls: true, hosts, users: [own] });
    const tls = { unsafeSkipVerification: true };
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), auth: own, tls });
    await waitForMembers(watched.pool, cluster.nodes);
    await waitUntilServing(watched.pool, cluster.nodes);
    const [warning = "", ...others] = watched.log.messages("warn");
    assert.match(warning, /^certificates are not verified \(`tls\.unsafeSkipVerification`\) of all nodes.*credentials/);
    assert.deepEqual(others, []);
    assert.deepEqual(watched.pool.config().tls, tls);
    assertDiscreet(watched, [own]);
  });

  it("a pool sends nothing where the certificate is for another name, unless `serverName` says which", async () => {
    const own = user("u");
    const publish = ({ port }: { port: number }) => `127.0.0.5:${port}`; // no certificate is for that address
    await using cluster = await startFixtureCluster({ tls: true, hosts: ["0.0.0.0"], users: [own], publish });
    const nodes = [`https://127.0.0.5:${nodeAt(cluster, 0).port}`];
    const { ca } = cluster;
    {
      await using watched = watchPool({ nodes, auth: own, tls: { ca } });
      const error = await failureOf(search(watched.pool));
      assert.equal(error.code, "TLS");
      await using misnamed = watchPool({ nodes, auth: own, tls: { ca, serverName: "n2" } });
      assert.equal((await failureOf(search(misnamed.pool))).code, "TLS");
      assert.deepEqual((await cluster.stats()).requests, { sniff: 0, probe: 0, other: 0 });
      assertDiscreet(watched, [own], error);
    }
    await using watched = watchPool({ nodes, auth: own, tls: { ca, serverName: "localhost" } });
    const { pool } = watched;
    const expected = cluster.nodes.map(({ port }) => `127.0.0.5:${port}`).sort();
    await waitUntil("all are members", () => memberAddresses(pool).join() === expected.join());
    await waitUntilServing(pool, cluster.nodes);
  });

  it("a pool checks the name of a certificate whose authority is known by its fingerprint", async () => {
    await using cluster = await startFixtureCluster({ tls: true, nodes: 1, hosts: ["0.0.0.0"] });
    const { caFingerprint } = cluster;
    const nodes = [`https://127.0.0.5:${nodeAt(cluster, 0).port}`];
    await using refused = watchPool({ nodes, tls: { caFingerprint }, discovery: false });
    assert.equal((await failureOf(search(refused.pool))).code, "TLS");
    assert.deepEqual((await cluster.stats()).requests, { sniff: 0, probe: 0, other: 0 });
    await using named = watchPool({ nodes, tls: { caFingerprint, serverName: "n1" }, discovery: false });
    await search(named.pool);
  });

  it("a pool never speaks plain http with an https cluster, whatever it publishes", async () => {
    const own = user("u");
    await using silent = await startTrap();
    await using plain = await startTrap();
    const published = [undefined, silent.address, `http://${plain.address}`];
    await using cluster = await startFixtureCluster({
      tls: true,
      users: [own],
      publish: ({ position, host, port }) => published[position] ?? `${host}:${port}`,
    });
    const tls = { ca: cluster.ca };
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), auth: own, tls, discovery: often });
    await waitUntilServing(watched.pool, cluster.nodes.slice(0, 1));
    await waitUntil("the published address is tried", () => silent.received.length > 0);
    await waitForSniffs(cluster, 3);
    const handshake = 22;
    for (const chunk of silent.received) {
      assert.equal(chunk[0], handshake);
      assert.ok(!chunk.includes("HTTP/1.1"));
    }
    assert.deepEqual(plain.received, []);
    assertDiscreet(watched, [own]);
  });

  it("a pool sends nothing where an https seed answers in plain http, and requests fail with TLS", async () => {
    const own = user("u");
    await using cluster = await startFixtureCluster({ nodes: 1, users: [own] });
    const nodes = cluster.urls.map((url) => url.replace("http:", "https:"));
    await using watched = watchPool({ nodes, auth: own });
    const error = await failureOf(search(watched.pool));
    assert.equal(error.code, "TLS");
    assert.deepEqual((await cluster.stats()).requests, { sniff: 0, probe: 0, other: 0 });
    assertDiscreet(watched, [own], error);
  });
});

describe("credentials from a function", atOnce, () => {
  it("credentials from a function are awaited before anything is sent", async () => {
    const own = user("u");
    await using cluster = await startFixtureCluster({ users: [own] });
    let answer = (_: Auth) => {};
    const promised = new Promise<Auth>((resolve) => {
      answer = resolve;
    });
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), auth: () => promised });
    const { pool } = watched;
    const waiting = Promise.all(Array.from({ length: 5 }, () => search(pool)));
    await waitUntil("they wait", () => pool.stats().pending === 5 && pool.stats().queued === 5);
    assert.equal((await cluster.stats()).connections, 0);
    assert.equal(statusOf(pool, addressOf(nodeAt(cluster, 0)))?.state, "unusable");
    answer(own);
    await waiting;
    await waitForMembers(pool, cluster.nodes);
    await waitUntilServing(pool, cluster.nodes);
    assert.deepEqual([...(await cluster.stats()).users], ["u"]);
    assert.deepEqual(watched.log.messages("warn", /auth|credential/), []);
    assertDiscreet(watched, [own]);
  });

  it("after a 401 a request is sent again with the fresh credential of the function, and a 401 to that is its answer", async () => {
    const [old, fresh] = [user("old"), user("fresh")];
    await using cluster = await startFixtureCluster({ users: [fresh] });
    let current = old;
    let asked = 0;
    const auth = async () => {
      asked++;
      return current;
    };
    await using watched = watchPool({ nodes: cluster.urls, auth });
    const { pool } = watched;
    const refused = await pool.request({ method: "POST", path: "/logs/_search", body: {} });
    assert.equal(refused.status, 401);
    assert.deepEqual([...(await cluster.stats()).users], ["old"]);

    current = fresh;
    const { attempts } = await search(pool);
    assert.deepEqual(
      attempts.map(({ code }) => code),
      ["401", "200"],
    );
    await waitUntilServing(pool, cluster.nodes);
    await waitForMembers(pool, cluster.nodes);
    assert.ok(asked >= 2);
    const error = await failureOf(Promise.resolve().then(() => refused.throwIfError()));
    assert.deepEqual([error.code, error.status], ["STATUS", 401]);
    assertDiscreet(watched, [old, fresh], error);
  });

  it("credentials from a function are not asked for without end while every answer is 401", async () => {
    const [wrong, right] = [user("wrong"), user("right")];
    await using cluster = await startFixtureCluster({ nodes: 1, users: [right] });
    let asked = 0;
    const auth = () => {
      asked++;
      return wrong;
    };
    // Before the first call: the pool makes it at once.
    const sinceMs = performance.now();
    await using watched = watchPool({ nodes: cluster.urls, auth });
    await waitUntil("time has passed", async () => {
      const { status } = await watched.pool.request({ method: "POST", path: "/logs/_search", body: {} });
      assert.equal(status, 401);
      return performance.now() - sinceMs > 3_000;
    });
    const elapsedMs = performance.now() - sinceMs;
    assert.ok(asked <= 1 + elapsedMs / 1_000, `asked ${asked} times in ${elapsedMs} ms`);
    assertDiscreet(watched, [wrong, right]);
  });

  it("while a credential changes, no request fails and each write is there once, with one function call for all", async () => {
    await using cluster = await startFixtureCluster();
    const tokens = [{ bearer: canary("old") }, { bearer: canary("fresh") }] as const;
    let asked = 0;
    const auth = async () => {
      // From then on the nodes accept it.
      if (++asked > 1) await Promise.all(cluster.nodes.map((node) => node.set({})));
      return { ...(tokens[asked - 1] ?? assert.fail("asked again")), expiresAt: Date.now() + 3_600_000 };
    };
    await using watched = watchPool({ nodes: cluster.urls, auth });
    await waitUntilServing(watched.pool, cluster.nodes);
    const before = (await cluster.stats()).commits;
    const refusal = { kind: "reply", status: 401, body: "{}", on: { method: "POST" } } as const;
    await Promise.all(cluster.nodes.map((node) => node.set({ requests: [refusal] })));
    const write = () => watched.pool.request({ method: "POST", path: "/logs/_doc", body: {} });
    const answers = await Promise.all(Array.from({ length: 24 }, write));
    const codes = answers.map(({ attempts }) => attempts.map(({ code }) => code).join());
    assert.ok(codes.every((one) => one === "401,201" || one === "201") && codes.includes("401,201"), codes.join("; "));
    assert.deepEqual([(await cluster.stats()).commits - before, asked], [24, 2]);
    assertDiscreet(watched, tokens);
  });

  const failing: Readonly<Record<string, (secret: string) => Auth | Promise<Auth>>> = {
    throws: (secret) => {
      throw new Error(`vault said ${secret}`);
    },
    rejects: async (secret) => Promise.reject(new Error(`vault said ${secret}`)),
    "rejects with no error": async (secret) => Promise.reject(secret),
    "gives nothing": () => undefined as unknown as Auth,
    "gives half a credential": (secret) => ({ username: secret }) as unknown as Auth,
    "gives what no header can hold": (secret) => ({ bearer: `${secret}\r\nx-other: 1` }),
  };
  for (const [what, fail] of Object.entries(failing)) {
    it(`requests wait for credentials where the function ${what} at first, and its secret appears nowhere`, async () => {
      const own = user("u");
      const secret = canary("vault");
      await using cluster = await startFixtureCluster({ nodes: 2, users: [own] });
      let asked = 0;
      const auth = () => (++asked <= 2 ? fail(secret) : own);
      await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), auth });
      await searches(watched.pool, 3);
      await waitForMembers(watched.pool, cluster.nodes);
      assert.ok(asked >= 3);
      assert.ok(watched.log.messages("warn", "`auth` failed").length > 0);
      assert.deepEqual([...(await cluster.stats()).users], ["u"]);
      assertDiscreet(watched, [own, { bearer: secret }]);
    });
  }

  it("credentials from a function stay in use while the function fails later", async () => {
    const own = user("u");
    const secret = canary("vault");
    const denial = { kind: "reply", status: 401, body: "{}", on: { path: "/denied" } } as const;
    await using cluster = await startFixtureCluster({ users: [own], faults: { requests: [denial] } });
    let asked = 0;
    const auth = async () => {
      if (++asked > 1) throw new Error(`vault said ${secret}`);
      return own;
    };
    await using watched = watchPool({ nodes: cluster.urls, auth });
    const { pool, log } = watched;
    await waitForMembers(pool, cluster.nodes);
    await waitUntil("the function has failed", async () => {
      assert.equal((await pool.request({ method: "GET", path: "/denied/_count" })).status, 401);
      return log.messages("warn", "stays in use").length > 0;
    });
    await waitUntilServing(pool, cluster.nodes);
    assertDiscreet(watched, [own, { bearer: secret }]);
  });
});

describe("secrets", atOnce, () => {
  it("secrets are in no error, whatever goes wrong", async () => {
    const own = user("u");
    const token = canary("header");
    const on = (path: string) => ({ on: { path } });
    await using cluster = await startFixtureCluster({
      nodes: 1,
      users: [own],
      faults: {
        requests: [
          { kind: "reset", ...on("/reset") },
          { kind: "cut-body", ...on("/cut") },
          { kind: "garbage", ...on("/garbage") },
          { kind: "silence", ...on("/silence") },
          { kind: "reply", status: 500, body: '{"error":{"type":"broken"}}', ...on("/status") },
          { kind: "reply", body: "not JSON", ...on("/text") },
        ],
      },
    });
    await using watched = watchPool({
      nodes: cluster.urls,
      auth: own,
      headers: { "x-token": token },
      discovery: false,
      retry: false,
    });
    const { pool } = watched;
    const ask = (path: string, more: object = {}) => pool.request({ method: "GET", path, ...more });
    const errors = {
      DISCONNECTED: await failureOf(ask("/reset/_doc/1")),
      BAD_RESPONSE: await failureOf(ask("/garbage/_doc/1")),
      TIMEOUT: await failureOf(ask("/silence/_doc/1", { timeoutMs: 500 })),
      ABORTED: await failureOf(ask("/silence/_doc/1", { signal: AbortSignal.timeout(300) })),
      STATUS: await failureOf(ask("/status/_doc/1").then((answer) => answer.throwIfError())),
      CONFIG: await failureOf(ask("/x", { headers: { "x-token": `${token}\r\nx-other: 1` } })),
    };
    for (const [code, error] of Object.entries(errors)) assert.equal(error.code, code, error.message);
    const cut = await failureOf(ask("/cut/_doc/1"));
    const notJson = await failureOf(ask("/text/_doc/1").then((answer) => answer.json()));
    await nodeAt(cluster, 0).kill();
    const refused = await failureOf(search(pool));
    await pool.close();
    const closed = await failureOf(search(pool));
    assert.equal(closed.code, "CLOSED");
    assertDiscreet(watched, [own, { bearer: token }], ...Object.values(errors), cut, notJson, refused, closed);
  });

  it("secrets are in no error about options", () => {
    const secret = canary("option");
    const nodes = ["http://127.0.0.1:9200"];
    const wrong: readonly unknown[] = [
      { nodes: [`http://u:${secret}@127.0.0.1:99999`] },
      { nodes: [`http://u:${secret}@127.0.0.1/?q=1`] },
      { nodes: [`ftp://u:${secret}@127.0.0.1`] },
      { nodes, auth: { username: "a:b", password: secret } },
      { nodes, auth: { username: "u", password: secret, bearer: secret } },
      { nodes, auth: { bearer: `${secret}\n` } },
      { nodes, auth: { apiKey: { id: "a:b", key: secret } } },
      { nodes, auth: { passwrod: secret } },
      { nodes, auth: secret },
      { nodes, tls: { key: secret, cert: secret } },
      { nodes, tls: { ca: secret } },
      { nodes, headers: { authorization: secret } },
      { nodes, headers: { "x-token": `${secret}\r\n` } },
      {
        nodes: [{ url: "http://127.0.0.1:9200", auth: { username: "u", password: `${secret}\u0000`, token: secret } }],
      },
      { nodes, password: secret },
    ];
    for (const options of wrong) {
      let error: unknown;
      try {
        void createPool(options as PoolOptions).close();
      } catch (thrown) {
        error = thrown;
      }
      assert.ok(error instanceof RollcallError && error.code === "CONFIG", `accepted: ${inspect(options)}`);
      assertHidden(asText(error), [{ bearer: secret }]);
    }
  });

  it("secrets are not in a pool that is printed", async () => {
    const own = user("u");
    const other = user("other");
    const token = canary("header");
    await using cluster = await startFixtureCluster({ nodes: 1, users: [own] });
    const [url = ""] = cluster.urls;
    const pool = createPool({
      nodes: [{ url, auth: own }],
      auth: other,
      headers: { "x-token": token },
      logger: false,
    });
    try {
      await pool.ready();
      await search(pool);
      const printed = inspect({ pool }, { depth: null, maxStringLength: null });
      assertHidden(`${printed}\n${JSON.stringify({ pool })}`, [own, other, { bearer: token }]);
    } finally {
      await pool.close();
    }
  });
});
