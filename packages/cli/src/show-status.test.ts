import assert from "node:assert/strict";
import { it } from "node:test";
import type { Heartbeat, Mark } from "@rollcall/core/view";
import fc from "fast-check";
import { jsonText } from "./json-text.js";
import { showStatus } from "./show-status.js";
import { esNode, heartbeat, keyOf, nowMs, snapshotOf, thread, version, viewOf } from "./status.test.support.js";
import { reportStatus } from "./status-report.js";
import { coloured, plain } from "./text-layout.js";

const show = (...look: Parameters<typeof snapshotOf>) => showStatus(reportStatus(snapshotOf(...look)), plain);
const down: Mark = {
  kind: "down",
  sinceMs: nowMs - 12_000,
  reason: "connection refused",
  down: { flaps: 2, holdUntilMs: nowMs + 3_000, failedProbes: 2, reporters: 3 },
};

it("a healthy cluster has a short status", () => {
  const heartbeats = [
    heartbeat(1, { role: "external", threads: [thread(0, { calls: 7 }), thread(1, { calls: 5, tasks: 1 })] }),
    heartbeat(2, { leading: true, role: "coordinator" }),
    heartbeat(3),
  ];
  assert.equal(
    show(viewOf([esNode(1), esNode(2)]), heartbeats),
    `View
  fresh       The view logs is fresh: its last beat was 0.4 s ago.
  time        1970-01-01T00:16:40.000Z, by the clock of Redis
  redis       redis://10.0.1.1:6379
  version     epoch 7: topology 3, marks 12, beat 55
  leader      app-2 (pid 102), leads for 16 min
  cluster     production  uuid qEyW4gYVQ6-hx1mTxLZ3Cw
  list        from the cluster

Nodes
  all         2: 2 healthy
  healthy     es1 (10.0.0.1:9200)  roles dim  version 2.19.1
  healthy     es2 (10.0.0.2:9200)  roles dim  version 2.19.1
  roles       d data, i ingest, m master

Replicas
  all         3: 3 well
  well        app-2 (pid 102)  coordinator, leads
              replica replica-2
  well        app-1 (pid 101)  external
              replica replica-1
              threads 0-1 well: 12 requests, 1 task
  well        app-3 (pid 103)  candidate
              replica replica-3
`,
  );
});

it("a status shows every problem with its reason", () => {
  const threads = [
    thread(0),
    thread(1, { topology: version(1), calls: 3 }),
    thread(2, { topology: version(1), calls: 4 }),
    thread(4, { topology: version(9, 6), state: "late" }),
  ];
  const reason = "slow: 30 times the others' latency";
  const es1 = {
    node: keyOf(1),
    requests: 1_204,
    errors: 6,
    latency: [0, 0, 0, 0, 0, 1_198],
    inFlight: 12,
    sockets: 40,
  };
  const load = { overMs: 10_000, requests: 1_200, failed: 0, queued: 3, nodes: [es1] };
  const slow = { node: keyOf(1), state: "penalized", reason, forMs: 42_000, factor: 3_375 } as const;
  const heartbeats = [
    heartbeat(1, { ejected: [keyOf(2), "id9@es9:9200"] }),
    heartbeat(2, { leading: true }),
    heartbeat(3, { view: { topology: version(1), marks: version(12) }, threads }),
    heartbeat(4, { freshness: "orphan", leading: true, avoids: [slow], load }),
  ];
  const marks: Record<string, Mark> = {
    [keyOf(2)]: down,
    [keyOf(3)]: { kind: "slow-start", sinceMs: nowMs - 4_200, reason: "answered twice in a row" },
    [keyOf(4)]: { kind: "draining", sinceMs: nowMs - 240_000, reason: "left the cluster" },
  };
  const view = viewOf([esNode(1), esNode(2), esNode(3)], marks, { atMs: nowMs - 15_000, replicas: 6 });
  assert.equal(
    show(view, heartbeats, { warnings: ["cannot subscribe: NOPERM"] }),
    `View
  stale       The view logs has had no beat for 15 s. Pools use its list, and
              probe the nodes that are down themselves.
  degraded    down: es2
              draining: 10.0.0.4:9200
  warning     cannot subscribe: NOPERM
  time        1970-01-01T00:16:40.000Z, by the clock of Redis
  redis       redis://10.0.1.1:6379
  version     epoch 7: topology 3, marks 12, beat 55
  leader      app-2 (pid 102), leads for 16 min
              2 replicas say that they lead; Redis lets only one of them publish
  cluster     production  uuid qEyW4gYVQ6-hx1mTxLZ3Cw
  list        from the cluster

Nodes
  all         4: 1 down, 1 draining, 1 slow-start, 1 penalized
  down        es2 (10.0.0.2:9200)  roles dim  version 2.19.1
              for 12 s: connection refused; stays down for at least 3 s
              2 failed probes, reported by 3 processes, down 2 times recently
              ejected by 1 replica
  draining    10.0.0.4:9200
              no longer listed by the cluster
              for 4 min: left the cluster
  slow-start  es3 (10.0.0.3:9200)  roles dim  version 2.19.1
              for 4.2 s: answered twice in a row
  penalized   es1 (10.0.0.1:9200)  roles dim  version 2.19.1
              100 % of the requests: 120/s, 0.6/s errors, p50 1.8 ms, p99 2 ms,
              12 in flight, 40 sockets
              penalized by app-4 (pid 104) for 42 s: slow: 30 times the others'
              latency (one request where another gets 3375)
  roles       d data, i ingest, m master

Replicas
  all         4: 1 orphan, 1 behind, 2 well
              the leader has heartbeats of 2 more
  orphan      app-4 (pid 104)  candidate, leads
              replica replica-4
              120/s, 0/s errors, p50 1.8 ms, p99 2 ms, 12 in flight, 40 sockets,
              3 queued
  behind      app-3 (pid 103)  candidate
              replica replica-3
              topology 1 (2 behind), marks current
              thread 0 well: 0 requests, 0 tasks
              threads 1-2 well, topology 1 (2 behind): 7 requests, 0 tasks
              thread 4 late, topology 9 of epoch 6: 0 requests, 0 tasks
  well        app-2 (pid 102)  candidate, leads
              replica replica-2
  well        app-1 (pid 101)  candidate
              replica replica-1
              has ejected es2, es9:9200
`,
  );
});

it("a status without a view, or without Redis, says so in a sentence", () => {
  assert.equal(
    show(undefined, [heartbeat(1, { freshness: "orphan" })]),
    `View
  none        There is no view logs in redis://10.0.1.1:6379: no coordinator has
              published one. Check the name, and that a coordinator runs.

Replicas
  all         1: 1 orphan
  orphan      app-1 (pid 101)  candidate
              replica replica-1
`,
  );
  assert.equal(
    show(undefined, [], { seen: { kind: "away", problem: "Redis: not connected" } }),
    `View
  away        Redis does not answer at redis://10.0.1.1:6379: not connected

Replicas
  all         no heartbeat: the status request goes through Redis
`,
  );
});

it("of a thousand nodes and replicas, those with problems are shown and the rest is counted", () => {
  const nodes = Array.from({ length: 1_000 }, (_, number) => esNode(number));
  const marks = Object.fromEntries(Array.from({ length: 45 }, (_, number) => [keyOf(number * 20), down]));
  const heartbeats = Array.from({ length: 500 }, (_, number) =>
    heartbeat(number, number === 444 ? { freshness: "stale" } : {}),
  );
  const lines = show(viewOf(nodes, marks), heartbeats).split("\n");
  const starting = (start: string) => lines.filter((line) => line.startsWith(start)).length;
  assert.deepEqual(["  down ", "  healthy ", "  stale ", "  well "].map(starting), [40, 15, 1, 24]);
  for (const line of [
    "  all         1000: 45 down, 955 healthy",
    "              and 5 more that are not healthy; --json shows all",
    "              and 940 more that are healthy; --json shows all",
    "  all         500: 1 stale, 499 well",
    "              and 475 more replicas; --json shows all",
  ]) {
    assert.ok(lines.includes(line), line);
  }
  assert.ok(lines.length < 250);
});

it("colours change nothing in the text of a status", () => {
  const report = reportStatus(snapshotOf(viewOf([esNode(1), esNode(2)], { [keyOf(2)]: down }), [heartbeat(1)]));
  const painted = showStatus(report, coloured);
  assert.ok(painted.includes(coloured("good", "fresh")) && painted.includes(coloured("bad", "down")));
  const unpainted = painted.split("\u001b[").map((part, place) => (place === 0 ? part : part.replace(/^\d+m/, "")));
  assert.equal(unpainted.join(""), showStatus(report, plain));
});

it("neither the text nor the JSON contains what a terminal obeys, whatever the view and the heartbeats contain", () => {
  const foreign = fc.string({ unit: "binary", maxLength: 30 });
  const obeyed = fc.constantFrom("\u001b[2J", "\r\nhealthy", "\u009b1m", "\u2028", "\u202e", "a\u0000b");
  const evil = fc.oneof(foreign, obeyed);
  fc.assert(
    fc.property(evil, evil, evil, evil, evil, evil, evil, (name, host, id, reason, replica, role, state) => {
      const node = { ...esNode(1), id, name, host, roles: [role], version: state };
      const marked = { ...down, reason };
      const view = viewOf([node, esNode(2)], { [`${id}@${host}:9200`]: marked, [host]: marked });
      const threads = [thread(0, { state: state as "well" })];
      const sent = heartbeat(1, { replica, host, role: role as Heartbeat["role"], ejected: [id, name], threads });
      const topology = { ...view.topology, clusterName: name, clusterUuid: id };
      const head = { ...view.head, topology: { ...version(3), leader: replica } };
      const report = reportStatus(snapshotOf({ ...view, topology, head }, [sent], { warnings: [reason] }));
      for (const text of [showStatus(report, plain), jsonText(report)]) {
        assert.doesNotMatch(text, /(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
      }
      assert.deepEqual(JSON.parse(jsonText(report)), JSON.parse(JSON.stringify(report)));
    }),
  );
});

it("a connection budget shows how it is shared out", () => {
  const view = viewOf([esNode(1)]);
  assert.doesNotMatch(show(view), /budget/);
  const shares = { fleetPerNode: 1_000, perThread: 22, starting: 5, threads: 40, round: 7, admitted: [] };
  const text = show({ ...view, marks: { ...view.marks, connections: shares } });
  const row = "at most 1000 connections to a node: 22 for each of 40 threads, 5 for one that starts";
  assert.ok(text.replace(/\n {14}/g, " ").includes(`budget      ${row}`), text);
});

it("a drained node shows who drains it, until when and why, and what is held against it; so does a pause", () => {
  const timed = { sinceMs: nowMs - 180_000, untilMs: nowMs + 600_000, by: "ops@bastion" };
  const drains = [
    { ...timed, id: "id1", address: "10.0.0.1:9200", name: "es1", reason: "kernel update" },
    { ...timed, id: "id7", address: "10.0.0.7:9200", name: "es7", reason: "" },
  ];
  const view = viewOf([esNode(1), esNode(2)], { [keyOf(1)]: down });
  const text = show({ ...view, marks: { ...view.marks, drains, pause: { ...timed, reason: "wrong marks" } } });
  const until = "for 3 min by ops@bastion until 1970-01-01 00:26:40 UTC";
  assert.ok(
    text.includes(
      `  draining    es1 (10.0.0.1:9200)  roles dim  version 2.19.1
              drained ${until}:
              kernel update
              down for 12 s: connection refused; stays down for at least 3 s
              2 failed probes, reported by 3 processes, down 2 times recently
  draining    es7 (10.0.0.7:9200)
              no longer listed by the cluster
              drained ${until}
`,
    ),
    text,
  );
  assert.match(text, /pause {7}down marks are ignored: paused for 3 min by ops@bastion/);
});
