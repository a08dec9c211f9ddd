import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { ClusterOptions } from "@rollcall/core/config";
import { addressOf, type View } from "@rollcall/core/view";
import type { Lookup } from "./cluster/name-cache.js";
import { closeAll, coordinating } from "./coordinating.test.support.js";
import { json, root, standIn } from "./stand-in.test.support.js";

const auth = { username: "u", password: "canary" };

/** One server that is a node at each address of loopback, and a name that leads to as many as `addresses` says. */
async function headless(...addresses: string[]) {
  const server = await standIn(json(root("n", "u1")), "0.0.0.0");
  const hosts = new Set<string | undefined>();
  const state = { addresses, problem: undefined as Error | undefined, lookups: 0, status: 200, deaf: "" };
  server.reply = (request, response) => {
    const { localAddress = "" } = request.socket;
    if (localAddress === state.deaf) return void request.socket.destroy();
    hosts.add(request.headers.host);
    json(state.status === 200 ? root(`at ${localAddress}`, "u1") : {}, state.status)(request, response);
  };
  const lookUp: Lookup = (name, done) => {
    state.lookups++;
    assert.equal(name, "es.test");
    const found = state.addresses.map((address) => ({ address, family: 4 }));
    setImmediate(done, state.problem ?? null, state.problem === undefined ? found : []);
  };
  const start = (options: Partial<ClusterOptions> = {}) => {
    const discovery = { source: "dns", intervalMs: 10_000 } as const;
    return coordinating({ nodes: [`http://es.test:${server.port}`], auth, discovery, ...options }, { lookUp });
  };
  return { server, state, hosts, start, close: () => server.down() };
}

const hostsOf = ({ topology }: View) => topology.nodes.map(({ host }) => host).sort();
const listed = (count: number) => (view: View) =>
  view.topology.source === "dns" && view.topology.nodes.length === count && Object.keys(view.marks.nodes).length === 0;

describe("nodes by DNS", { timeout: 60_000 }, () => {
  afterEach(closeAll);

  it("each address of a name is a node, with the name's credential, and gives its own name", async () => {
    const { server, hosts, start, close } = await headless("127.0.0.2", "127.0.0.1", "127.0.0.3");
    const { when, keys, logger } = start();
    await when("all addresses are in use", listed(3));
    const at = (host: string) => `es.test/${host}@${host}:${server.port}`;
    assert.deepEqual(keys(), [at("127.0.0.1"), at("127.0.0.2"), at("127.0.0.3")]);
    assert.deepEqual([hosts, new Set(server.credentials).size], [new Set([`es.test:${server.port}`]), 1]);
    assert.deepEqual([...new Set(server.asked)], ["/"], "no list is requested");
    const { view } = await when("the nodes have names", ({ topology }) => topology.nodes.every(({ name }) => name));
    for (const node of view.topology.nodes) assert.equal(node.name, `at ${node.host}`, addressOf(node));
    // The name itself is looked up by the system.
    const isOfNode = (line: string) => !line.startsWith(`node es.test:${server.port} is down`);
    assert.deepEqual(logger.messages("warn").filter(isOfNode), []);
    await close();
  });

  it("nodes whose user may not ask GET / are used all the same, with one line", async () => {
    const { state, start, close } = await headless("127.0.0.1", "127.0.0.2");
    state.status = 403;
    const { when, pass, logger } = start();
    const { view } = await when("both are in use", listed(2));
    assert.equal(view.topology.clusterUuid, undefined);
    await pass(30_000);
    const [line, ...others] = logger.messages("warn", /^(?!node es\.test)/);
    assert.match(
      line ?? "",
      /^GET \/ was refused by .*The cluster cannot be verified; the nodes that the DNS names are/,
    );
    assert.deepEqual(others, []);
    await close();
  });

  it("an address leaves once two lookups 5 s apart lack it, and one odd or failed lookup removes none", async () => {
    const { state, start, close } = await headless("127.0.0.1", "127.0.0.2", "127.0.0.3");
    const { when, pass, views, logger } = start();
    await when("all addresses are in use", listed(3));
    const all = views.at(-1);
    assert.ok(all !== undefined);
    await pass(15_000);

    const before = state.lookups;
    state.addresses = ["127.0.0.1", "127.0.0.2"];
    await when("an odd answer", () => state.lookups > before);
    state.addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
    await pass(20_000);
    state.problem = Object.assign(new Error("away"), { code: "EAI_AGAIN" });
    await pass(60_000);
    state.problem = undefined;
    state.addresses = [];
    await pass(60_000);
    assert.deepEqual(hostsOf(views.at(-1) ?? all), ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
    assert.deepEqual(
      logger.messages("warn", /^(?!node es\.test)/).map((line) => /: es\.test: (.*);/.exec(line)?.[1]),
      ["host name does not resolve just now", "it has no address"],
    );

    state.addresses = ["127.0.0.1", "127.0.0.2"];
    const { tookMs } = await when("it has left", ({ topology, marks }) => {
      return topology.nodes.length === 2 || Object.values(marks.nodes).some(({ kind }) => kind === "draining");
    });
    assert.ok(tookMs >= 5_000 && tookMs < 20_000, `after ${tookMs} ms`);
    await close();
  });

  it("a new address is used once it has answered, and not before", async () => {
    const { state, start, close } = await headless("127.0.0.1");
    const { when, pass, views } = start();
    await when("the address is in use", listed(1));
    state.deaf = "127.0.0.4";
    state.addresses = ["127.0.0.1", "127.0.0.4"];
    await pass(30_000);
    assert.deepEqual(views.at(-1) && hostsOf(views.at(-1) as View), ["127.0.0.1"]);
    state.deaf = "";
    await when("the new one is in use", ({ topology }) => topology.nodes.length === 2);
    await close();
  });
});
