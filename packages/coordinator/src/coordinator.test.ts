import assert from "node:assert/strict";
import dns from "node:dns/promises";
import { syncBuiltinESMExports } from "node:module";
import { afterEach, describe, it, mock } from "node:test";
import type { Auth } from "@rollcall/core/config";
import { addressOf, nodeKey } from "@rollcall/core/view";
import { settled } from "@rollcall/testing";
import { sniffPath } from "./cluster/sniff.js";
import { closeAll, cluster, coordinating, fromSniff, markAt, verified } from "./coordinating.test.support.js";
import { json, nodesHttp, root } from "./stand-in.test.support.js";

afterEach(closeAll);

describe("coordinator at the start", () => {
  it("the configured nodes are published at once, reachable or not", async () => {
    const { views } = coordinating({ nodes: ["http://127.0.0.1:1", "http://127.0.0.1:2"] });
    await settled();
    const [view] = views;
    assert.deepEqual(view?.topology.nodes.map(addressOf), ["127.0.0.1:1", "127.0.0.1:2"]);
    assert.deepEqual([view?.topology.source, view?.topology.clusterUuid], ["seeds", undefined]);
    assert.deepEqual(
      Object.values(view?.marks.nodes ?? {}).map(({ kind }) => kind),
      ["unverified", "unverified"],
    );
  });

  it("the cluster's own list is published once a listed node is verified", async () => {
    const { at, nodes, urls } = await cluster(3);
    const { when, keys, logger } = coordinating({ nodes: urls.slice(0, 1) });
    const { view } = await when("the list is the view", (view) => fromSniff(view) && view.topology.nodes.length === 3);
    assert.deepEqual(keys(), nodes.map(({ address }, index) => `id${index + 1}@${address}`).sort());
    assert.deepEqual([view.topology.clusterUuid, view.topology.clusterName], ["u1", "logs"]);
    assert.deepEqual(view.marks.nodes, {}, "nodes of the first list need no slow start");
    assert.equal(view.topology.nodes.find(({ port }) => port === at(2).port)?.name, "n2");
    assert.deepEqual(logger.messages("warn"), []);
  });

  it("the search continues until a node answers", async () => {
    const { nodes, urls } = await cluster(1);
    await nodes[0]?.down();
    const { coordinator, when, pass } = coordinating({ nodes: urls });
    await pass(10_000);
    assert.match(coordinator.problem ?? "", /connection refused/);
    await nodes[0]?.up();
    await when("the list is the view", fromSniff, 15_000);
    assert.equal(coordinator.problem, undefined);
  });

  it("the configured nodes stay in use if the published addresses cannot be reached, with one warning", async () => {
    const { at, state, listed, urls } = await cluster(1);
    state.list = json(listed(11, 12, 13));
    const { when, pass, keys, logger } = coordinating({ nodes: urls });
    await when("the seed is verified", verified);
    await pass(120_000);
    assert.deepEqual(keys(), [`@${at(1).address}`]);
    assert.equal(logger.messages("warn").length, 1, logger.messages("warn").join("\n"));
    assert.match(
      logger.messages("warn")[0] ?? "",
      /cannot be used from here .*connection refused.*`discovery\.addressMap`/,
    );
  });

  it("a URL with a path switches discovery off, with one line, and is probed with its path", async () => {
    const { at, urls } = await cluster(1);
    const { reply } = at(1);
    at(1).reply = (request, response) => {
      request.url = request.url?.replace(/^\/es(?=\/)/, "") ?? "";
      reply(request, response);
    };
    const { when, pass, logger } = coordinating({ nodes: [`${urls[0]}/es/`] });
    await when("the gateway is verified", verified);
    await pass(30_000);
    assert.deepEqual([...new Set(at(1).asked)], ["/es/"]);
    const [line, ...others] = logger.messages("info", "discovery");
    assert.match(line ?? "", /^discovery is off: http:.*\/es has a path, .*`discovery: \{\}` switches it on$/);
    assert.deepEqual([others, logger.messages("warn")], [[], []]);
  });

  for (const [what, rootStatus, listStatus] of [
    ["its list", 200, 410],
    ["neither its list nor GET /", 404, 404],
  ] as const) {
    it(`a cluster that serves ${what} is used at its address, with one line, and is seldom asked again`, async () => {
      const { at, sniffs, urls } = await cluster(1);
      const { reply } = at(1);
      const isHidden = { yes: true };
      at(1).reply = (request, response) => {
        const status = request.url === "/" ? rootStatus : listStatus;
        if (isHidden.yes && status !== 200) json({ error: "not available" }, status)(request, response);
        else reply(request, response);
      };
      const { when, pass, keys, logger } = coordinating({ nodes: urls });
      await pass(30_000);
      const [first, asked] = [sniffs(), at(1).asked.length];
      await pass(240_000);
      assert.deepEqual([keys(), sniffs() - first], [[`@${at(1).address}`], 0]);
      // Its probes alone.
      assert.ok(at(1).asked.length - asked < 40, `${at(1).asked.length - asked} requests`);
      const [line, ...others] = logger.messages("warn");
      assert.match(line ?? "", /^no list of nodes is served by .*every 300 s\. `discovery: false` ends that/);
      assert.deepEqual(others, []);

      isHidden.yes = false;
      await when("the list that is served now is the view", fromSniff, 120_000);
    });
  }

  it("with `discovery: {}` a list that is not served is asked for at its interval all the same", async () => {
    const { sniffs, state, urls } = await cluster(1);
    state.list = json({}, 404);
    const { pass, logger } = coordinating({ nodes: urls, discovery: { intervalMs: 10_000 } });
    await pass(60_000);
    assert.ok(sniffs() >= 6, `${sniffs()} sniffs`);
    assert.match(logger.messages("warn").join(), /^the list of nodes was not used: status 404/);
  });

  it("a configured proxy stays in use, with one warning that says why its nodes are not used", async () => {
    const { at, sniffs, urls } = await cluster(1);
    const { reply } = at(1);
    at(1).reply = (request, response) => {
      request.url = request.url?.replace(/^\/es/, "") ?? "";
      reply(request, response);
    };
    const { when, pass, keys, logger } = coordinating({ nodes: [`${urls[0]}/es`], discovery: {} });
    await when("the proxy is verified", verified);
    await pass(60_000);
    assert.deepEqual(keys(), [`@${at(1).address}`]);
    assert.equal(logger.messages("warn").length, 1, logger.messages("warn").join("\n"));
    assert.match(logger.messages("warn")[0] ?? "", /looks like a proxy/);
    assert.equal(sniffs(), 0, "all that it was asked had the prefix");
    assert.ok(at(1).asked.filter((path) => path === `/es${sniffPath}`).length <= 4);
  });

  it("with discovery: false no list is requested, and the configured nodes are verified all the same", async () => {
    const { sniffs, urls } = await cluster(2);
    const { when, pass, views } = coordinating({ nodes: urls, discovery: false });
    await when("the seeds are verified", verified);
    await pass(60_000);
    assert.deepEqual([sniffs(), views.at(-1)?.topology.source, views.at(-1)?.topology.nodes.length], [0, "seeds", 2]);
  });

  it("a name server that hangs does not stop discovery", async () => {
    mock.method(dns, "lookup", () => new Promise(() => {}));
    syncBuiltinESMExports();
    try {
      const { at, urls } = await cluster(1);
      const { when } = coordinating({ nodes: [...urls, `http://localhost:${at(1).port}`] });
      await when("the list is the view", fromSniff);
    } finally {
      mock.restoreAll();
      syncBuiltinESMExports();
    }
  });
});

describe("coordinator and cluster identity", () => {
  it("the view names the configured cluster once a node of it answers, and never holds a node of another", async () => {
    const ours = await cluster(1);
    const theirs = await cluster(1, { uuid: "u2" });
    await ours.at(1).down();
    const { when, pass, views, coordinator } = coordinating({
      nodes: [...ours.urls, ...theirs.urls],
      discovery: { clusterUuid: "u1" },
    });
    await when("the other cluster's node is down", (view) => markAt(view, theirs.at(1)) === "down");
    await pass(5_000);
    assert.ok(!views.some(verified));
    assert.match(coordinator.problem ?? "", /another cluster|connection refused/);
    await ours.at(1).up();
    const { view } = await when("the cluster is verified", fromSniff);
    assert.deepEqual([view.topology.clusterUuid, theirs.sniffs()], ["u1", 0]);
    assert.deepEqual(view.topology.nodes.map(addressOf), [ours.at(1).address]);
  });

  it("the first cluster that answers is ours, also against one that was asked before", async () => {
    const first = await cluster(1);
    const second = await cluster(1, { uuid: "u2" });
    const held: (() => void)[] = [];
    const { reply } = second.at(1);
    second.at(1).reply = (request, response) => held.push(() => reply(request, response));
    // Equal numbers leave the order as it is: the second is asked for its list while the first is merely probed.
    const { when, views, pass } = coordinating({ nodes: [...second.urls, ...first.urls] }, { random: () => 0.5 });
    await when("the first is verified", verified);
    second.at(1).reply = reply;
    for (const release of held) release();
    await pass(15_000);
    assert.deepEqual([...new Set(views.map(({ topology }) => topology.clusterUuid))], [undefined, "u1"]);
    const named = views.flatMap(({ topology }) => topology.nodes.map(nodeKey));
    assert.ok(!named.includes(`id1@${second.at(1).address}`));
    assert.deepEqual(views.at(-1)?.topology.nodes.map(nodeKey), [`id1@${first.at(1).address}`]);
  });

  it("an answer that comes after a configured node got its id does no harm", async () => {
    const { nodes, at, urls } = await cluster(2);
    const held: (() => void)[] = [];
    const { reply } = at(2);
    at(2).reply = (request, response) => {
      held.push(() => reply(request, response));
      at(2).reply = reply;
    };
    const { when, keys, pass, views } = coordinating({ nodes: urls });
    await when("both have their ids", (view) => fromSniff(view) && view.topology.nodes.length === 2);
    for (const release of held) release();
    await pass(15_000);
    assert.equal(held.length, 1);
    assert.deepEqual(keys(), nodes.map(({ address }, index) => `id${index + 1}@${address}`).sort());
    assert.deepEqual(views.at(-1)?.marks.nodes, {});
  });

  it("a cluster that was rebuilt at the same addresses is ours after a minute, with one warning", async () => {
    const { nodes, state, listed, urls } = await cluster(2);
    const { when, pass, logger, keys, views } = coordinating({ nodes: urls });
    await when("the list is the view", (view) => fromSniff(view) && view.topology.nodes.length === 2);
    await pass(15_000);
    const rebuild = () => {
      const fresh = JSON.parse(JSON.stringify(listed(1, 2)).replaceAll('"id', '"new'));
      state.list = json(fresh);
      nodes.forEach((node, index) => {
        const first = json(root(`n${index + 1}`, "u2"));
        node.reply = (request, response) => (request.url === sniffPath ? state.list : first)(request, response);
      });
    };
    rebuild();
    const { tookMs } = await when(
      "the new one is the view",
      ({ topology: { clusterUuid } }) => clusterUuid === "u2",
      120_000,
    );
    assert.ok(tookMs >= 60_000, `after ${tookMs} ms`);
    await when("its nodes are well", (view) => fromSniff(view) && Object.keys(view.marks.nodes).length === 0);
    assert.deepEqual(keys(), nodes.map(({ address }, index) => `new${index + 1}@${address}`).sort());
    assert.ok(
      views.every(({ topology }) => topology.clusterUuid !== "u2" || !topology.nodes.some(({ id }) => /^id/.test(id))),
    );
    const warnings = logger.messages("warn").filter((line) => /another cluster now/.test(line));
    assert.equal(warnings.length, 1, warnings.join("\n"));
    assert.match(warnings[0] ?? "", /uuid u2, before u1.*Set `discovery\.clusterUuid` to forbid that/);
  });

  it("a node that joins goes through slow start, and one that leaves drains before it is gone", async () => {
    const { at, state, listed, urls } = await cluster(3);
    state.list = json(listed(1, 2));
    const { when, pass } = coordinating({ nodes: urls.slice(0, 2), discovery: { intervalMs: 5_000 } });
    await when("the list is the view", (view) => fromSniff(view) && view.topology.nodes.length === 2);
    await pass(15_000);
    state.list = json(listed(1, 2, 3));
    await when("the third is in slow start", (view) => markAt(view, at(3)) === "slow-start");
    await when("it is in full use", (view) => markAt(view, at(3)) === undefined && view.topology.nodes.length === 3);
    state.list = json(listed(1, 2));
    await when("the third leaves", (view) => markAt(view, at(3)) === "draining");
    const { tookMs } = await when("it is gone", (view) => view.topology.nodes.length === 2);
    assert.ok(tookMs >= 29_000, "requests in flight have time to end");
  });
});

describe("coordinator and the health of nodes", () => {
  it("a node that no process reaches is marked down, a sniff follows at once, and the node comes back later", async () => {
    const { at, sniffs, urls } = await cluster(3);
    const { when, pass, store, logger } = coordinating({ nodes: urls });
    await when("the list is the view", (view) => fromSniff(view) && view.topology.nodes.length === 3);
    await pass(15_000);
    const before = sniffs();
    await at(2).down();
    store.report({ node: `id2@${at(2).address}`, reason: "connection refused", replica: "r1" });
    const { view, tookMs } = await when("it is down", (view) => markAt(view, at(2)) === "down");
    assert.ok(tookMs <= 2_000, "a report causes a probe at once");
    assert.equal(view.topology.nodes.length, 3);
    await pass(2_500);
    assert.ok(sniffs() > before);
    assert.deepEqual(logger.messages("warn"), [
      `node n2 (${at(2).address}) is down: connection refused (2 failed probes, reported by 1 process)`,
    ]);
    await at(2).up();
    await when("it is in slow start", (view) => markAt(view, at(2)) === "slow-start");
    await when("it is in full use", (view) => markAt(view, at(2)) === undefined);
  });
});

describe("coordinator that is refused or overloaded", () => {
  it("the configured nodes stay the view if GET / is refused, with one warning", async () => {
    const { nodes, urls } = await cluster(2);
    for (const node of nodes) node.reply = json({}, 401);
    const { pass, views, logger, coordinator } = coordinating({ nodes: urls });
    await pass(60_000);
    assert.deepEqual([views.at(-1)?.topology.nodes.length, views.at(-1)?.marks.nodes], [2, {}]);
    assert.equal(logger.messages("warn").length, 1, logger.messages("warn").join("\n"));
    assert.match(logger.messages("warn")[0] ?? "", /GET \/ was refused .*cluster:monitor\/main/);
    assert.match(coordinator.problem ?? "", /GET \/ was refused: the user lacks the privilege cluster:monitor\/main$/);
    // What a node said says more than that it answers late.
    for (const node of nodes) await node.down();
    await pass(60_000);
    assert.match(coordinator.problem ?? "", /lacks the privilege cluster:monitor\/main; now .*connection refused/);
  });

  it("the configured nodes stay the view if the list is refused, with one warning and few further sniffs", async () => {
    const { state, sniffs, urls } = await cluster(2);
    state.list = json({}, 403);
    const { pass, views, logger } = coordinating({ nodes: urls });
    await pass(120_000);
    assert.deepEqual([views.at(-1)?.topology.source, views.at(-1)?.topology.clusterUuid], ["seeds", "u1"]);
    assert.equal(logger.messages("warn").length, 1, logger.messages("warn").join("\n"));
    assert.match(logger.messages("warn")[0] ?? "", /GET \/_nodes\/http was refused .*cluster:monitor\/nodes\/info/);
    assert.ok(sniffs() <= 6, `${sniffs()} sniffs in two minutes`);
  });

  it("an overloaded cluster whose nodes are known is not sniffed more often", async () => {
    const { state, sniffs, urls } = await cluster(2);
    const { when, pass, views } = coordinating({ nodes: urls });
    await when("the list is the view", fromSniff);
    await pass(12_000);
    const before = sniffs();
    state.list = json({}, 429);
    await pass(120_000);
    assert.ok(sniffs() - before <= 10, `${sniffs() - before} sniffs in two minutes`);
    assert.equal(views.at(-1)?.topology.nodes.length, 2);
  });

  it("one line names the listed nodes that the configuration refuses", async () => {
    const { at, state, urls } = await cluster(1);
    const stranger = (last: number) => ({ name: `s${last}`, address: `203.0.113.${last}:9200` });
    const self = { name: "n1", address: at(1).address };
    state.list = json(nodesHttp({ id1: self, id2: stranger(2), id3: stranger(3), id4: stranger(4) }));
    const { when, pass, keys, logger, store } = coordinating({ nodes: urls, auth: { bearer: "s3cret" } });
    await when("the list is the view", fromSniff);
    await pass(90_000);
    assert.deepEqual(keys(), [`id1@${at(1).address}`]);
    assert.equal(logger.messages("warn").length, 1, logger.messages("warn").join("\n"));
    assert.match(
      logger.messages("warn")[0] ?? "",
      /s2 \(203\.0\.113\.2:9200\) is not used: .*`discovery\.allow.*nor are 2 more/,
    );
    const refusals = (await store.readHistory())?.filter(({ event }) => event === "node.refused");
    assert.deepEqual(
      refusals?.map(({ text }) => text),
      logger.messages("warn"),
    );
    assert.doesNotMatch(logger.text() + JSON.stringify(refusals), /s3cret/);
  });
});

describe("coordinator whose access changes", () => {
  it("no node is asked before the function given as `auth` has answered, and none is marked for it", async () => {
    const { at, urls } = await cluster(1);
    let give: (auth: Auth) => void = () => {};
    const auth = new Promise<Auth>((resolve) => {
      give = resolve;
    });
    const { pass, when, views, coordinator } = coordinating({ nodes: urls, auth: () => auth });
    await pass(20_000);
    assert.deepEqual(at(1).asked, []);
    assert.deepEqual(views.at(-1)?.marks.nodes, {});
    assert.match(coordinator.problem ?? "", /has not answered yet/);
    give({ bearer: "t1" });
    await when("the list is the view", fromSniff);
    assert.deepEqual([...new Set(at(1).credentials)], ["Bearer t1"]);
  });

  it("a listed node is used once the addresses of the configured names allow it", async () => {
    const { at, urls } = await cluster(2, { hosts: ["127.0.0.1", "127.0.0.2"] });
    let addresses = ["203.0.113.1"];
    mock.method(dns, "lookup", async () => addresses.map((address) => ({ address, family: 4 })));
    syncBuiltinESMExports();
    try {
      // As one configured node has a public address, no sniffed one gets a credential over plain http.
      const { when, keys, pass } = coordinating({
        nodes: [...urls.slice(0, 1), "http://elsewhere.test:9200"],
        auth: { bearer: "t1" },
      });
      await when("the list is the view", fromSniff);
      await pass(5_000);
      assert.deepEqual(keys(), [`id1@${at(1).address}`]);
      assert.deepEqual(at(2).asked, []);
      addresses = ["127.0.0.9"];
      await when("the second node is in use", (view) => view.topology.nodes.length === 2, 120_000);
    } finally {
      mock.restoreAll();
      syncBuiltinESMExports();
    }
  });
});

describe("coordinator that is closed", () => {
  it("after close nothing is requested or published, and the lease is free", async () => {
    const { nodes, urls } = await cluster(2);
    const { when, pass, views, store, close } = coordinating({ nodes: urls });
    await when("the list is the view", fromSniff);
    await close();
    const asked = () => nodes.flatMap(({ asked }) => asked).length;
    const before = [asked(), views.length];
    store.report({ node: `id1@${nodes[0]?.address}`, reason: "connection refused", replica: "r1" });
    await pass(60_000);
    assert.deepEqual([asked(), views.length], before);
    assert.ok((await store.acquire("another", 0)) !== undefined);
  });

  it("close ends during a probe and a sniff, without a warning", async () => {
    const { at, urls } = await cluster(1);
    at(1).reply = () => {};
    const { pass, views, close, logger } = coordinating({ nodes: urls });
    await pass(500);
    assert.ok(at(1).asked.length > 0);
    await close();
    const before = [at(1).asked.length, views.length];
    await pass(30_000);
    assert.deepEqual([at(1).asked.length, views.length, logger.messages("warn")], [...before, []]);
  });
});
