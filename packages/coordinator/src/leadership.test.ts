import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { Timers } from "@rollcall/core";
import type { Heartbeat, Mark, NodeRecord, View } from "@rollcall/core/view";
import { addressOf, nodeKey } from "@rollcall/core/view";
import { ManualTimers, settled, waitUntil } from "@rollcall/testing";
import { closeAll, cluster, coordinating, fromSniff, heartbeatOf, markAt } from "./coordinating.test.support.js";
import { json, root, type StandIn } from "./stand-in.test.support.js";
import { createMemoryStore } from "./store/memory-store.js";
import type { ViewStore } from "./store/view-store.js";

afterEach(closeAll);

/** Processes that share a store, named a, b, c …; each says its name to the cluster as a credential. */
async function fleet(size: number, nodes = 2) {
  const it = await cluster(nodes);
  const timers = new ManualTimers();
  const store = scripted(createMemoryStore(timers));
  const join = (name: string) =>
    coordinating(
      { nodes: it.urls, auth: { bearer: name } },
      { timers, store, name: "logs", leader: name, replica: `replica of ${name}` },
    );
  const processes = ["a", "b", "c", "d", "e"].slice(0, size).map(join);
  const asked = (name: string) => it.nodes.flatMap(({ credentials }) => credentials).filter(by(name)).length;
  const [a] = processes;
  assert.ok(a !== undefined);
  await a.when("the list is the view", (view) => fromSniff(view) && view.topology.nodes.length === nodes);
  const at = (place: number) => {
    const found = processes[place];
    assert.ok(found !== undefined);
    return found;
  };
  return { ...it, process: at, processes, timers, store, asked };
}

const by = (name: string) => (credential: string | undefined) => credential === `Bearer ${name}`;

/** A store that can fail, forget and reconnect, and records its calls. */
function scripted(store: ViewStore) {
  const state = { failing: false, publishFails: false, readFails: false, incomplete: false };
  const calls: string[] = [];
  let connected: Parameters<ViewStore["onConnected"]>[0] = () => {};
  const asked = (what: string) => {
    calls.push(what);
    if (state.failing) throw new Error("the store is away");
  };
  const all: ViewStore & {
    readonly calls: string[];
    readonly state: typeof state;
    readonly connect: (leasesStand?: boolean) => void;
  } = {
    ...store,
    async acquire(leader, floorEpoch) {
      asked(`acquire ${leader}`);
      return store.acquire(leader, floorEpoch);
    },
    async renew(lease, beat) {
      asked(`renew ${lease.leader}`);
      if (!state.incomplete) return store.renew(lease, beat);
      state.incomplete = false;
      return "incomplete";
    },
    async publish(lease, publication) {
      const { topology, marks } = publication;
      const documents = [topology === undefined ? "" : " topology", marks === undefined ? "" : " marks"].join("");
      asked(`publish ${lease.epoch}${documents}`);
      if (state.publishFails) throw new Error("the store is full");
      return store.publish(lease, publication);
    },
    async read() {
      asked("read");
      if (state.readFails) throw new Error("the store cannot read");
      return store.read();
    },
    onConnected: (listener) => {
      connected = listener;
      return () => {};
    },
    calls,
    state,
    connect: (leasesStand = false) => connected({ leasesStand }),
  };
  return all;
}

const published = ({ topology, marks }: View) => ({ nodes: topology.nodes, marks: marks.nodes });

describe("coordinators on one store", () => {
  it("one of several coordinators leads, and the others send the cluster nothing", async () => {
    const { process, processes, asked } = await fleet(5);
    await process(0).pass(90_000);
    assert.ok(asked("a") > 10);
    assert.deepEqual(["b", "c", "d", "e"].map(asked), [0, 0, 0, 0]);
    assert.deepEqual(
      processes.map(({ coordinator }) => coordinator.isLeading),
      [true, false, false, false, false],
    );
    assert.equal(process(0).coordinator.problem, undefined);
    assert.equal(process(1).coordinator.problem, "waits for the view of another process");
    const leadLines = (place: number) => process(place).logger.lines.filter((line) => line.includes("lead"));
    assert.deepEqual(leadLines(0), ["info leads the view logs (epoch 1)"]);
    assert.deepEqual(leadLines(1), ["info another process leads"]);
  });

  it("another coordinator leads as soon as the leader closes, with the marks as they were", async () => {
    const { process, at, asked, sniffs, timers } = await fleet(2, 3);
    const [a, b] = [process(0), process(1)];
    await a.pass(15_000);
    const key = `id2@${at(2).address}`;
    await at(2).down();
    for (const replica of ["r1", "r2", "r1"]) a.store.report({ node: key, reason: "connection refused", replica });
    await a.when("it is down", (view) => markAt(view, at(2)) === "down");
    assert.deepEqual(a.logger.messages("warn"), [
      `node n2 (${at(2).address}) is down: connection refused (2 failed probes, reported by 2 processes)`,
    ]);
    await a.pass(1_000);
    const before = a.views.at(-1);
    const mark = before?.marks.nodes[key];
    assert.ok(mark !== undefined);
    assert.deepEqual(mark.down, { flaps: 1, holdUntilMs: mark.sinceMs + 5_000, failedProbes: 2, reporters: 2 });
    const [sniffsBefore, closedAtMs] = [sniffs(), timers.nowMs()];

    await a.close();
    const { view } = await b.when("another leads", ({ head }) => head.topology.leader === "b");
    assert.ok(timers.nowMs() - closedAtMs <= 400, "at once, and no later than the attempts are spread");
    assert.ok(before !== undefined && view.head.topology.epoch > before.head.topology.epoch);
    assert.deepEqual(published(view), published(before));
    assert.deepEqual([view.topology.clusterUuid, view.topology.source], ["u1", "sniff"]);
    await b.pass(1_000);
    assert.ok(sniffs() > sniffsBefore, "it asks for the members at once");
    assert.ok(asked("b") > 0);
    assert.ok(b.logger.lines.includes("info leads the view logs (epoch 2)"));
    assert.ok(a.logger.lines.includes("info no longer leads the view logs: it is closed"));

    await at(2).up();
    await b.when("it is in slow start", (view) => markAt(view, at(2)) === "slow-start");
    const since = b.views.findIndex((view) => markAt(view, at(2)) === "down");
    const until = b.views.findIndex((view) => markAt(view, at(2)) === "slow-start");
    assert.ok(
      b.views.slice(since, until).every((view) => markAt(view, at(2)) === "down"),
      "it was never un-marked",
    );
  });

  it("listeners are called when a coordinator begins to lead and when it stops", async () => {
    const { process } = await fleet(2);
    const [a, b] = [process(0), process(1)];
    const changes: boolean[] = [];
    const stop = b.coordinator.onChange((isLeading) => changes.push(isLeading, b.coordinator.isLeading));
    await a.close();
    await b.pass(500);
    await b.close();
    assert.deepEqual(changes, [true, true, false, false]);
    stop();
  });

  it("a closed coordinator does nothing more, whether it led or not", async () => {
    const { process, asked, store } = await fleet(2);
    await process(1).close();
    await process(0).close();
    await process(0).pass(500);
    const before = [asked("a"), asked("b"), store.calls.length];
    await process(0).pass(30_000);
    assert.deepEqual([asked("a"), asked("b"), store.calls.length], before);
    assert.ok((await store.acquire("another", 0)) !== undefined);
  });
});

describe("leader", () => {
  it("a leader that was stopped for longer than its lease steps down before it publishes", async () => {
    const { nodes, at, urls } = await cluster(2);
    const timers = new ManualTimers();
    const own = stoppable(timers);
    const store = scripted(createMemoryStore(timers));
    const a = coordinating({ nodes: urls }, { timers, ownTimers: own, store, name: "logs", leader: "a" });
    await a.when("the list is the view", (view) => fromSniff(view) && view.topology.nodes.length === 2);
    await a.pass(15_000);
    const { reply } = at(2);
    const held: (() => void)[] = [];
    at(2).reply = (request, response) => {
      if (request.url === "/") held.push(() => json(root("n2", "u2"))(request, response));
      else reply(request, response);
    };
    store.report({ node: `id2@${at(2).address}`, reason: "connection refused", replica: "r1" });
    await waitUntil("the node is probed", () => held.length === 1);
    const calls = store.calls.length;
    own.stop();
    await a.pass(7_000);
    // News of the node comes in, and would be published, if it were still ours to publish.
    for (const release of held) release();
    await waitUntil("it stepped down", () => !a.coordinator.isLeading);
    assert.equal(a.coordinator.isLeading, false);
    assert.deepEqual(store.calls.slice(calls), []);
    assert.ok(a.logger.lines.includes("info no longer leads the view logs: the lease could not be renewed in time"));

    at(2).reply = reply;
    own.go();
    await a.pass(1_000);
    assert.equal(a.coordinator.isLeading, true);
    assert.deepEqual(store.calls.slice(calls, calls + 3), ["acquire a", "read", "publish 2 topology marks"]);
    assert.equal(nodes.length, a.views.at(-1)?.topology.nodes.length);
  });

  it("a leader goes on while the store fails, until its time is over, and leads again when the store is back", async () => {
    const { process, store, asked } = await fleet(1);
    const a = process(0);
    const before = a.views.at(-1);
    store.state.failing = true;
    await a.pass(3_600);
    assert.equal(a.coordinator.isLeading, true);
    await a.pass(3_000);
    assert.equal(a.coordinator.isLeading, false);
    assert.match(a.coordinator.problem ?? "", /the store is away/);
    assert.equal(a.logger.messages("warn").length, 1, a.logger.messages("warn").join("\n"));
    const asks = asked("a");
    await a.pass(30_000);
    assert.equal(asked("a"), asks, "a process that does not lead sends the cluster nothing");
    store.state.failing = false;
    const { view } = await a.when("it leads again", ({ head }) => head.topology.epoch > 1);
    assert.ok(before !== undefined);
    assert.deepEqual(published(view), published(before));
  });

  it("a leader publishes nothing over a view that it cannot read", async () => {
    const { process, store } = await fleet(2);
    const b = process(1);
    store.state.readFails = true;
    await process(0).close();
    await b.pass(5_000);
    assert.equal(b.coordinator.isLeading, true);
    assert.ok(!store.calls.some((call) => call.startsWith("publish 2")));
    assert.match(b.coordinator.problem ?? "", /the last view could not be read: the store cannot read/);
    assert.deepEqual(
      b.logger.messages("warn"),
      ["the last view could not be read: the store cannot read"],
      "said once",
    );
    store.state.readFails = false;
    const { view } = await b.when("it goes on", ({ head }) => head.topology.epoch === 2);
    assert.equal(view.topology.nodes.length, 2);
  });

  it("a leader publishes both documents again when the store has lost one", async () => {
    const { process, store } = await fleet(1);
    await process(0).pass(20_000);
    const calls = store.calls.length;
    store.state.incomplete = true;
    await process(0).pass(2_400);
    assert.deepEqual(store.calls.slice(calls, calls + 2), ["renew a", "publish 1 topology marks"]);
  });

  it("after a new connection to the same store the lease is renewed at once, and the term goes on without a line", async () => {
    const { process, store } = await fleet(1);
    await process(0).pass(20_000);
    const [calls, lines] = [store.calls.length, process(0).logger.lines.length];
    for (let time = 0; time < 5; time++) {
      store.connect(true);
      await settled();
    }
    assert.deepEqual(store.calls.slice(calls), Array(5).fill("renew a"));
    assert.equal(process(0).coordinator.isLeading, true);
    assert.equal(process(0).logger.lines.length, lines);
  });

  it("after a new connection to a store that may be another the lease is acquired again, and not renewed", async () => {
    const { process, store } = await fleet(1);
    await process(0).pass(20_000);
    const calls = store.calls.length;
    store.connect();
    await settled();
    assert.deepEqual(store.calls.slice(calls), ["acquire a", "read", "publish 2 topology marks"]);
    assert.equal(process(0).coordinator.isLeading, true);
  });

  it("the warning that a view could not be published goes on over terms of one process, and ends where another leads", async () => {
    const { process, store } = await fleet(1);
    const { pass, logger } = process(0);
    await pass(20_000);
    let epoch = 1;
    const unpublished = async (rival: boolean) => {
      Object.assign(store.state, { publishFails: true, incomplete: true });
      await pass(3_000);
      await store.release({ epoch, leader: "a" });
      const lease = rival ? await store.acquire("rival", epoch) : undefined;
      await pass(3_000);
      store.state.publishFails = false;
      if (lease !== undefined) await store.release(lease);
      await pass(6_000);
      epoch = process(0).views.at(-1)?.head.topology.epoch ?? 0;
    };
    const lines = () =>
      [/could not be published/, /published again/].map(
        (text) => logger.lines.filter((line) => text.test(line)).length,
      );
    await unpublished(false);
    assert.deepEqual([lines(), epoch], [[1, 1], 2]);
    await unpublished(true);
    assert.deepEqual([lines(), epoch], [[2, 1], 4]);
  });

  it("a leader takes an epoch above the highest credible one that a heartbeat names", async () => {
    const { process, store, timers } = await fleet(1);
    const version = (epoch: number) => ({ epoch, leader: "x", sequence: 1 });
    const tooHigh = (timers.nowMs() + 100_000_000) * 1_000;
    store.heartbeat(heartbeatOf("r9", { view: { topology: version(tooHigh), marks: version(tooHigh) } }));
    await settled();
    assert.equal(process(0).views.at(-1)?.head.topology.epoch, 1);
    store.heartbeat(heartbeatOf("r9", { view: { topology: version(3), marks: version(41) } }));
    await settled();
    assert.equal(process(0).views.at(-1)?.head.topology.epoch, 42);
  });

  it("the head says how many replicas sent a heartbeat lately", async () => {
    const { process, store } = await fleet(1);
    for (const replica of ["r1", "r2", "r3", "r2"]) store.heartbeat(heartbeatOf(replica));
    store.connect();
    await settled();
    assert.equal(process(0).views.at(-1)?.head.replicas, 3);
    await process(0).pass(16_000);
    store.heartbeat(heartbeatOf("r1"));
    store.connect();
    await settled();
    assert.equal(process(0).views.at(-1)?.head.replicas, 1);
  });
});

/** The nodes have no mark but that they have not answered yet. */
function everyNodeInUse({ marks }: View): boolean {
  return Object.values(marks.nodes).every(({ kind }) => kind === "unverified");
}

describe("leader that does not reach the cluster", () => {
  /** From here on, the nodes hang up on a. */
  const cutOff = (nodes: readonly StandIn[]) => {
    for (const node of nodes) {
      const { reply } = node;
      node.reply = (request, response) => {
        if (by("a")(request.headers.authorization)) request.socket.destroy();
        else reply(request, response);
      };
    }
  };

  it("a leader that reaches no node leaves the lease for 30 s to one that does, and marks no node", async () => {
    const { process, nodes, store, asked, timers } = await fleet(2);
    const [a, b] = [process(0), process(1)];
    const sendHeartbeat = () => store.heartbeat(heartbeatOf("replica of b", { answeredMsAgo: 100 }));
    store.onPeerProbeRequest(({ id, node }) =>
      store.sendPeerProbeResult({ id, node, replica: "replica of b", ok: true }),
    );
    sendHeartbeat();
    cutOff(nodes);
    const sinceMs = timers.nowMs();
    for (; a.coordinator.isLeading && timers.nowMs() - sinceMs < 60_000; sendHeartbeat()) await a.pass(1_000);
    assert.ok(timers.nowMs() - sinceMs >= 13_000, `after ${timers.nowMs() - sinceMs} ms`);
    await b.when("the other leads", ({ head }) => head.topology.leader === "b", 1_000);
    const before = asked("a");
    await b.pass(15_000);
    assert.equal(asked("a"), before);
    assert.ok(b.views.every(everyNodeInUse));
    for (const [index, { address }] of nodes.entries()) {
      const start = `node n${index + 1} (${address}) cannot be reached from here, but from replica replica of b`;
      assert.equal(
        a.logger.messages("warn").filter((line) => line.startsWith(start)).length,
        1,
        a.logger.messages("warn").join("\n"),
      );
    }
    assert.ok(
      a.logger.lines.some((line) => /no longer leads the view logs: other processes reach the cluster/.test(line)),
    );
    assert.equal(a.coordinator.isLeading, false);
  });

  it("a leader that loses the nodes one after the other resigns too, though they all stay in use", async () => {
    const { process, nodes, store, timers } = await fleet(1);
    const a = process(0);
    const sendHeartbeat = () => store.heartbeat(heartbeatOf("replica of b", { answeredMsAgo: 100 }));
    store.onPeerProbeRequest(({ id, node }) =>
      store.sendPeerProbeResult({ id, node, replica: "replica of b", ok: true }),
    );
    const [first, second] = nodes;
    assert.ok(first !== undefined && second !== undefined);
    sendHeartbeat();
    cutOff([first]);
    for (let second = 0; second < 40; second++, sendHeartbeat()) await a.pass(1_000);
    assert.equal(a.coordinator.isLeading, true);
    cutOff([second]);
    const sinceMs = timers.nowMs();
    for (; a.coordinator.isLeading && timers.nowMs() - sinceMs < 60_000; sendHeartbeat()) await a.pass(1_000);
    // The regular probe of the second comes within 12 s; then 15 s must pass.
    assert.ok(timers.nowMs() - sinceMs <= 29_000, `after ${timers.nowMs() - sinceMs} ms`);
    assert.ok(a.views.every(everyNodeInUse));
  });

  it("a leader without a credential resigns too", async () => {
    const { urls } = await cluster(1);
    const { coordinator, store, pass } = coordinating({ nodes: urls, auth: () => new Promise(() => {}) });
    for (let second = 0; second < 20 && coordinator.isLeading; second++) {
      await pass(1_000);
      store.heartbeat(heartbeatOf("r1", { answeredMsAgo: 0 }));
    }
    assert.equal(coordinator.isLeading, false);
  });

  it("a leader goes on if no other process reaches the cluster either", async () => {
    const { process, nodes, store } = await fleet(1);
    const a = process(0);
    cutOff(nodes);
    const ejected = nodes.map(({ address }, index) => `id${index + 1}@${address}`);
    for (let second = 0; second < 60; second++) {
      store.heartbeat(heartbeatOf("replica of a", { answeredMsAgo: 0 }));
      store.heartbeat(heartbeatOf("r1"));
      store.heartbeat(heartbeatOf("r2", { answeredMsAgo: 10_000 }));
      store.heartbeat(heartbeatOf("r4", { answeredMsAgo: 0, ejected: ejected }));
      await a.pass(1_000);
      assert.equal(a.coordinator.isLeading, true);
    }
  });

  it("a leader resigns only once a process that may lead is there, though others reach the cluster", async () => {
    const { process, nodes, store } = await fleet(1);
    const a = process(0);
    cutOff(nodes);
    const pass = async (seconds: number, ...others: Heartbeat[]) => {
      for (let second = 0; second < seconds && a.coordinator.isLeading; second++) {
        store.heartbeat(heartbeatOf("r3", { answeredMsAgo: 0, role: "external" }));
        for (const other of others) store.heartbeat(other);
        await a.pass(1_000);
      }
    };
    await pass(60);
    assert.equal(a.coordinator.isLeading, true);
    await pass(60, heartbeatOf("r5", { role: "coordinator" }));
    assert.equal(a.coordinator.isLeading, false);
  });
});

describe("coordinator that begins from a view", () => {
  const nodeAt = (id: string, address: string): NodeRecord => {
    const { hostname, port } = new URL(`http://${address}`);
    return { id, name: `n of ${id}`, host: hostname, port: Number(port) };
  };
  const viewOf = (nodes: readonly NodeRecord[], marks: Readonly<Record<string, Mark>> = {}, clusterUuid = "u1") => {
    const version = { epoch: 7, leader: "gone", sequence: 3 };
    const view: View = {
      topology: { version, clusterUuid, clusterName: "logs", source: "sniff", nodes },
      marks: { version, nodes: marks },
      head: { topology: version, marks: version, beat: 9, atMs: 0, replicas: 1 },
    };
    return view;
  };
  const pace = { intervalMs: 300_000, jitter: 0.5 };

  it("a given view is published at once under a new epoch, and sniffs keep the given pace", async () => {
    const { at, urls, sniffs } = await cluster(2);
    const timers = new ManualTimers(100_000);
    const nodes = [nodeAt("id1", at(1).address), nodeAt("id2", at(2).address)];
    const down = { flaps: 2, holdUntilMs: 130_000, failedProbes: 2, reporters: 4 };
    const marks: View["marks"]["nodes"] = {
      [`id2@${at(2).address}`]: { kind: "down", sinceMs: 95_000, reason: "connection refused", down },
    };
    const store = createMemoryStore(timers, viewOf(nodes, marks));
    const { views, pass, when } = coordinating({ nodes: urls }, { timers, store, pace, random: () => 0.5 });
    await settled();
    const [first] = views;
    assert.ok(first !== undefined);
    assert.deepEqual(published(first), { nodes, marks });
    assert.deepEqual([first.head.topology.epoch, first.topology.clusterUuid], [8, "u1"]);
    const { view } = await when("the node is back", (view) => markAt(view, at(2)) === "slow-start");
    assert.ok((view.marks.nodes[`id2@${at(2).address}`]?.sinceMs ?? 0) >= 130_000, "no earlier than its hold");
    await at(2).down();
    await when("it is down again", (view) => markAt(view, at(2)) === "down");
    await pass(240_000 - timers.nowMs());
    assert.equal(sniffs(), 0, "nor does a node that goes down hasten it while another is well");
    await pass(300_000);
    assert.equal(sniffs(), 1);
  });

  it("while no node is verified, the search runs every 1 to 2 s at any pace", async () => {
    const { at, urls } = await cluster(1);
    at(1).reply = json({}, 503);
    const { pass } = coordinating({ nodes: urls }, { pace });
    await pass(60_000);
    assert.ok(at(1).asked.length >= 30, `${at(1).asked.length}`);
  });

  it("an inherited node that the configuration refuses leaves the view, but not before all names are looked up", async () => {
    const { at, urls } = await cluster(1);
    const timers = new ManualTimers();
    const stranger = nodeAt("id9", "203.0.113.9:9200");
    const view = viewOf([nodeAt("id1", at(1).address), stranger]);
    const begin = (options: { readonly nodes: string[] }) =>
      coordinating({ ...options, auth: { bearer: "t" } }, { timers, store: createMemoryStore(timers, view) });
    const known = begin({ nodes: urls });
    await settled();
    assert.deepEqual(known.views[0]?.topology.nodes.map(addressOf), [at(1).address]);

    const unknown = begin({ nodes: [...urls, `http://localhost:${at(1).port}`] });
    assert.equal(unknown.views.length, 0);
    for (let time = 0; time < 200 && unknown.views.length === 0; time++) await Promise.resolve();
    assert.deepEqual(unknown.views[0]?.topology.nodes.map(nodeKey), view.topology.nodes.map(nodeKey));
    await unknown.when("the stranger is let go", ({ topology, marks }) => {
      return topology.nodes.length === 1 || marks.nodes[nodeKey(stranger)]?.kind === "draining";
    });
  });
});

/** A process's own timers, which wake nothing while the process is stopped. */
function stoppable(timers: ManualTimers): Timers & { stop(): void; go(): void } {
  let late: Set<() => void> | undefined;
  return {
    nowMs: () => timers.nowMs(),
    after(delayMs, wake) {
      const cancel = timers.after(delayMs, () => {
        if (late === undefined) wake();
        else late.add(wake);
      });
      return () => {
        cancel();
        late?.delete(wake);
      };
    },
    stop: () => {
      late = new Set();
    },
    go: () => {
      const wakes = late ?? [];
      late = undefined;
      for (const wake of wakes) wake();
    },
  };
}
