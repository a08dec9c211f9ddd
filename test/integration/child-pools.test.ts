import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { type ChildOptions, type PoolResponse, RollcallError } from "@rollcall/worker";
import { createPool } from "../support/create-pool.js";
import { failureOf, patience, search, withEcho } from "./support-requests.js";

interface Shown {
  readonly headers: Readonly<Record<string, string>>;
}

describe("child pools", patience, () => {
  it("a request of a child has its credential, headers and opaque id in place of the pool's, and its own before them", async () => {
    const pools = { auth: { username: "pool", password: "p" }, headers: { "x-pool": "1", "x-both": "pool" } };
    await withEcho(async (pool) => {
      const shownBy = async (response: Promise<PoolResponse>) => ((await response).json() as Shown).headers;
      const child = pool.child({
        auth: { bearer: "child" },
        headers: { "X-Both": "child", "x-child": "1" },
        opaqueId: "tenant",
      });
      const {
        authorization,
        "x-pool": ofPool,
        "x-both": both,
        "x-opaque-id": id,
      } = await shownBy(child.request(search));
      assert.deepEqual([authorization, ofPool, both, id], ["Bearer child", "1", "child", "tenant"]);

      const streamed = JSON.parse(await text((await child.stream(search)).body)) as Shown;
      assert.deepEqual([streamed.headers.authorization, streamed.headers["x-child"]], ["Bearer child", "1"]);

      const own = { ...search, auth: { bearer: "own" }, headers: { "x-both": "own" }, opaqueId: "own" };
      const asked = await shownBy(child.request(own));
      assert.deepEqual(
        ["authorization", "x-both", "x-opaque-id", "x-child"].map((name) => asked[name]),
        ["Bearer own", "own", "own", "1"],
      );

      const grandchild = await shownBy(child.child({ headers: { "x-child": "2" } }).request(search));
      assert.deepEqual(
        [grandchild["x-child"], grandchild["x-both"], grandchild.authorization],
        ["2", "child", "Bearer child"],
      );
      const after = await shownBy(pool.request(search));
      assert.deepEqual([after["x-both"], after["x-child"], after["x-opaque-id"]], ["pool", undefined, undefined]);
      assert.match(after.authorization ?? "", /^Basic /);
    }, pools);
  });

  it("no header of one tenant is on another's request: 50 children at once, through retries and reroutes", async () => {
    const nodes = await Promise.all([0, 1, 2].map(startNode));
    const pool = createPool({ nodes: nodes.map(({ url }) => url), discovery: false, logger: false });
    const tenants = Array.from({ length: 50 }, (_, number) => ({
      name: `t${number}`,
      child: pool.child({
        ...(number % 2 === 0 ? { auth: { bearer: `t${number}` } } : {}),
        headers: { "x-tenant": `t${number}`, [`x-only-t${number}`]: "1" },
        opaqueId: `t${number}`,
      }),
    }));
    const codes = new Set<string>();
    const ask = async ({ name, child }: (typeof tenants)[number]) => {
      const response = await child.request<{ tenant: string }>({ method: "GET", path: `/${name}/_search` });
      for (const { code } of response.attempts) codes.add(code);
      assert.equal(response.json().tenant, name);
    };
    try {
      await pool.ready();
      for (let round = 0; round < 10; round++) await Promise.all(tenants.map(ask));
      const [frozen] = nodes;
      assert.ok(frozen !== undefined);
      frozen.isFrozen = true;
      await waitUntil("requests were rerouted", async () => {
        await Promise.all(tenants.map(ask));
        return codes.has("REROUTED");
      });
      await pool.request({ method: "GET", path: "/_search" });
      assert.deepEqual([codes.has("503"), codes.has("200")], [true, true]);
      assert.deepEqual(
        nodes.flatMap(({ wrong }) => wrong),
        [],
      );
    } finally {
      await pool.close({ timeoutMs: 0 });
      for (const { server } of nodes) server.close().closeAllConnections();
    }
  });

  it("a child's time limit holds for its requests, and it is closed with its pool", async () => {
    const node = await startNode(1);
    node.isFrozen = true;
    const pool = createPool({ nodes: [node.url], discovery: false, logger: false });
    const child = pool.child({ timeoutMs: 50 });
    try {
      assert.equal((await failureOf(child.request(search))).code, "TIMEOUT");
    } finally {
      await pool.close({ timeoutMs: 0 });
      node.server.close().closeAllConnections();
    }
    assert.equal(child.isClosed, true);
    assert.equal((await failureOf(child.request(search))).code, "CLOSED");
  });

  it("bad options of a child are one error that lists them all and shows no secret", async () => {
    await withEcho(async (pool) => {
      const bad = {
        auth: { username: "u" },
        headers: { host: "hunter2" },
        timeoutMs: 0,
        opaqueId: "a\nhunter2",
        retry: 1,
      };
      const error = thrownBy(() => pool.child(bad as unknown as ChildOptions));
      assert.ok(error instanceof RollcallError && error.code === "CONFIG");
      const named = error.message.split("\n").map((line) => line.split(/[ :]/)[0]);
      assert.deepEqual(named.sort(), ["auth.password", "headers.host", "opaqueId", "retry", "timeoutMs"]);
    });
  });
});

function thrownBy(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}

/** It compares the headers of each request with the tenant in its path, and refuses every fifth one. */
async function startNode(number: number) {
  const wrong: string[] = [];
  const server: Server = createServer((request, response) => answer(request, response));
  const node = { isFrozen: false, wrong, url: "", server };
  let count = number;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { url = "", headers } = request;
    if (node.isFrozen) return undefined;
    response.setHeader("content-type", "application/json");
    if (url === "/")
      return response.end('{"name":"n","cluster_name":"c","cluster_uuid":"u1","version":{"number":"8.19.0"}}');
    const tenant = url.split("/")[1] ?? "";
    const isTenant = tenant.startsWith("t");
    const hasAuth = isTenant && Number(tenant.slice(1)) % 2 === 0;
    const expected = {
      ...(hasAuth && { authorization: `Bearer ${tenant}` }),
      ...(isTenant && { "x-tenant": tenant, "x-opaque-id": tenant, [`x-only-${tenant}`]: "1" }),
    };
    const found = Object.entries(headers).filter(([name]) => name === "authorization" || name.startsWith("x-"));
    if (JSON.stringify(found.sort()) !== JSON.stringify(Object.entries(expected).sort()))
      wrong.push(JSON.stringify([url, found]));
    if (count++ % 5 === 0) response.statusCode = 503;
    return response.end(JSON.stringify({ tenant }));
  };
  await once(server.listen(0, "127.0.0.1"), "listening");
  node.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return node;
}
