import assert from "node:assert/strict";
import { it } from "node:test";
import type { Version } from "@rollcall/core/view";
import { esNode, heartbeat, keyOf, nowMs, snapshotOf, thread, version, viewOf } from "./status.test.support.js";
import { reportStatus } from "./status-report.js";

const nodes = [esNode(10), esNode(2), esNode(1)];

it("the state of a view follows from the age of its last beat", () => {
  const at = (ageMs: number) => reportStatus(snapshotOf(viewOf(nodes, {}, { atMs: nowMs - ageMs })));
  assert.deepEqual(
    [0, 9_999, 10_000, 59_999, 60_000].map((ageMs) => at(ageMs).state),
    ["fresh", "fresh", "stale", "stale", "orphan"],
  );
  const released = (ageMs: number) =>
    reportStatus(snapshotOf(viewOf(nodes, {}, { atMs: nowMs - ageMs, released: true })));
  assert.deepEqual([released(100).state, released(12_000).state], ["released", "stale"]);
  assert.match(released(100).summary, /has no leader: the last one ended 0.1 s ago/);
  assert.equal(at(9_999).view?.ageMs, 9_999);
  assert.equal(at(-500).view?.ageMs, 0, "two clocks differ a little");
});

it("a report without a view says that there is none, or that Redis is away", () => {
  const none = reportStatus(snapshotOf(undefined));
  assert.deepEqual([none.state, none.view, none.nodes], ["none", null, []]);
  assert.match(none.summary, /no view logs in redis:/);

  const seen = { kind: "away", problem: "Redis: not connected" } as const;
  const away = reportStatus(snapshotOf(undefined, [], { seen, warnings: ["connection refused"] }));
  assert.deepEqual([away.state, away.view, away.warnings], ["away", null, ["connection refused"]]);
  assert.match(away.summary, /does not answer at redis:.*: not connected$/);
});

it("the leader is named by the heartbeat of the replica that leads, or by its id alone if it did not answer", () => {
  const leaderOf = (...heartbeats: Parameters<typeof snapshotOf>[1] & object) =>
    reportStatus(snapshotOf(viewOf(nodes), heartbeats)).view?.leader;
  // Epoch 7 began at the beginning of the store's clock.
  const forMs = nowMs;
  assert.deepEqual(leaderOf(heartbeat(1), heartbeat(2)), { id: "replica-2", forMs, host: "app-2", pid: 102 });
  assert.deepEqual(leaderOf(heartbeat(1)), { id: "replica-2", forMs, host: null, pid: null });
  assert.deepEqual(leaderOf(heartbeat(1), heartbeat(3, { leading: true })), {
    ...{ id: "replica-2", forMs },
    host: "app-3",
    pid: 103,
  });
});

it("a mark is reported with its age, its reason and its evidence", () => {
  const down = { flaps: 2, holdUntilMs: nowMs + 3_000, failedProbes: 2, reporters: 3 };
  const marks = {
    [keyOf(2)]: { kind: "down", sinceMs: nowMs - 12_000, reason: "connection refused", down },
    [keyOf(1)]: { kind: "slow-start", sinceMs: nowMs + 5, reason: "answered twice" },
  } as const;
  const { nodes: reported } = reportStatus(snapshotOf(viewOf(nodes, marks)));
  const rows = reported.map(({ name, state, forMs, reason }) => `${name} ${state} ${forMs} ${reason}`);
  assert.deepEqual(rows, [
    "es2 down 12000 connection refused",
    "es1 slow-start 0 answered twice",
    "es10 healthy null null",
  ]);
  assert.deepEqual(reported[0]?.down, { failedProbes: 2, reporters: 3, flaps: 2, heldForMs: 3_000 });
  assert.equal(reported[1]?.down, null);
});

it("nodes with marks come first, then ejected ones, then the others by name with numbers in order", () => {
  const heartbeats = [heartbeat(1, { ejected: [keyOf(10), keyOf(10)] }), heartbeat(3, { ejected: [keyOf(10)] })];
  const { nodes: reported } = reportStatus(snapshotOf(viewOf([...nodes, esNode(9)]), heartbeats));
  const rows = reported.map(({ name, ejectedBy }) => `${name} ${ejectedBy}`);
  assert.deepEqual(rows, ["es10 2", "es1 0", "es2 0", "es9 0"]);
});

it("each replica's own decision about a node is reported with its reason, ejections first", () => {
  const slow = "slow: 30 times the others' latency";
  const penalized = { node: keyOf(2), state: "penalized", reason: slow, forMs: 9_000, factor: 3_375 } as const;
  const ejected = { node: keyOf(2), state: "ejected", reason: "connection refused", forMs: 2_000 } as const;
  const heartbeats = [heartbeat(1, { avoids: [penalized] }), heartbeat(3, { ejected: [keyOf(2)], avoids: [ejected] })];
  const [first, ...others] = reportStatus(snapshotOf(viewOf(nodes), heartbeats)).nodes;
  assert.deepEqual(
    first?.avoidedBy.map(({ host, state, reason, factor }) => `${host} ${state} ${reason} ${factor}`),
    ["app-3 ejected connection refused undefined", `app-1 penalized ${slow} 3375`],
  );
  assert.deepEqual(
    others.map(({ avoidedBy }) => avoidedBy.length),
    [0, 0],
  );
});

it("a mark whose node is no longer listed is reported, and a host named __proto__ has no mark", () => {
  const marks = { [keyOf(5)]: { kind: "draining", sinceMs: nowMs, reason: "left" } } as const;
  const odd = { id: "", host: "__proto__", port: 1 };
  const { nodes: reported } = reportStatus(snapshotOf(viewOf([odd], marks)));
  assert.deepEqual(
    reported.map(({ address, id, isListed, state }) => ({ address, id, isListed, state })),
    [
      { address: "10.0.0.5:9200", id: "id5", isListed: false, state: "draining" },
      { address: "__proto__:1", id: "", isListed: true, state: "healthy" },
    ],
  );
});

const topologyOf = (topology: Version | undefined) =>
  reportStatus(snapshotOf(viewOf(nodes), [heartbeat(1, topology && { view: { topology, marks: version(12) } })]))
    .replicas[0];

it("a replica is behind by as many publications as can be counted", () => {
  const cases: readonly (readonly [Version, boolean, number | null])[] = [
    [version(3), true, 0],
    [version(1), false, 2],
    [version(4), true, 0],
    [version(9, 6), false, null],
    [version(1, 8), true, 0],
  ];
  for (const [applied, isCurrent, behindBy] of cases) {
    const replica = topologyOf(applied);
    assert.deepEqual(replica?.topology, { version: applied, isCurrent, behindBy });
    assert.equal(replica?.condition, isCurrent ? "well" : "behind");
  }
});

it("a replica without any version is behind", () => {
  const { view: _, ...without } = heartbeat(1);
  const [replica] = reportStatus(snapshotOf(viewOf(nodes), [without])).replicas;
  assert.deepEqual(replica?.topology, { version: null, isCurrent: false, behindBy: null });
  assert.equal(replica?.condition, "behind");
});

it("a replica is not behind where no view was read", () => {
  const [replica] = reportStatus(snapshotOf(undefined, [heartbeat(1, { threads: [thread(0)] })])).replicas;
  assert.deepEqual(replica?.topology, { version: version(3), isCurrent: null, behindBy: null });
  assert.equal(replica?.condition, "well");
});

it("a replica has the worst condition that applies, and the worst replicas come first", () => {
  const { topology: _, ...fresh } = thread(1, { state: "starting" });
  const heartbeats = [
    heartbeat(1),
    heartbeat(2, { leading: true }),
    heartbeat(3, { threads: [thread(0), fresh] }),
    heartbeat(4, { threads: [thread(0, { state: "late" }), fresh] }),
    heartbeat(5, { threads: [thread(0, { state: "late" }), thread(1, { topology: version(2) })] }),
    heartbeat(6, { freshness: "stale", view: { topology: version(1), marks: version(1) } }),
    heartbeat(7, { freshness: "orphan" }),
  ];
  const { replicas } = reportStatus(snapshotOf(viewOf(nodes), heartbeats));
  assert.deepEqual(
    replicas.map(({ host, condition }) => `${host} ${condition}`),
    ["app-7 orphan", "app-6 stale", "app-5 behind", "app-4 late", "app-3 starting", "app-2 well", "app-1 well"],
  );
  assert.deepEqual(replicas[2]?.threads[1]?.topology, { version: version(2), isCurrent: false, behindBy: 1 });
});
