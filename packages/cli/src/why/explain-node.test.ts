import assert from "node:assert/strict";
import { it } from "node:test";
import type { AvoidedNode, Heartbeat, HistoryEntry, Mark, Marks, NodeLoad } from "@rollcall/core/view";
import { esNode, heartbeat, keyOf, nowMs, snapshotOf as statusOf, viewOf } from "../status.test.support.js";
import { plain } from "../text-layout.js";
import { explainNode } from "./explain-node.js";
import { showExplanation } from "./show-explanation.js";

const history: readonly HistoryEntry[] = [
  {
    ...{
      atMs: nowMs - 12_000,
      event: "node_back",
      text: "node es2 (10.0.0.2:9200) is back in slow start: answers again",
    },
    ...{ node: { key: keyOf(2), address: "10.0.0.2:9200", name: "es2" }, by: "replica-3" },
  },
  { atMs: nowMs - 9_000, event: "other", text: "of another node", by: "replica-3" },
];
const snapshotOf = (...given: Parameters<typeof statusOf>) => ({ status: statusOf(...given), history });

const nodes = [esNode(1), esNode(2), esNode(3)];
const marked = (kind: Mark["kind"], more: Partial<Mark> = {}) => ({
  [keyOf(2)]: { kind, sinceMs: nowMs - 12_000, reason: "connection refused", ...more } satisfies Mark,
});

/** Of a process that has sent so many requests to each node in 10 s. */
function loaded(number: number, counts: readonly number[], more: Partial<Heartbeat> = {}): Heartbeat {
  const load = counts.map((requests, at): NodeLoad => {
    return { node: keyOf(at + 1), requests, errors: 0, latency: [0, 0, requests], inFlight: 1, sockets: 4 };
  });
  return heartbeat(number, { load: { overMs: 10_000, requests: 1, failed: 0, queued: 0, nodes: load }, ...more });
}

function avoiding(state: AvoidedNode["state"], more: Partial<AvoidedNode> = {}): Pick<Heartbeat, "avoids" | "ejected"> {
  const avoided = { node: keyOf(2), state, reason: "connection refused", forMs: 3_000, ...more };
  return { avoids: [avoided], ejected: state === "ejected" ? [keyOf(2)] : [] };
}

const slow = avoiding("penalized", { reason: "slow: 30 times the others' latency", forMs: 180_000, factor: 30 });

function answer(view: ReturnType<typeof viewOf>, heartbeats: readonly Heartbeat[]) {
  const explained = explainNode("es2", snapshotOf(view, heartbeats));
  assert.ok(!("problem" in explained), JSON.stringify(explained));
  return explained.answer;
}

const operation = { sinceMs: nowMs - 60_000, untilMs: nowMs + 60_000, by: "ops@host", reason: "kernel" };

function withOperation(given: Pick<Marks, "drains" | "pause">, kind: Mark["kind"]) {
  const view = viewOf(nodes, marked(kind));
  return { ...view, marks: { ...view.marks, ...given } };
}

const one = loaded(1, [100, 100, 100]);
const two = loaded(2, [100, 100, 100]);
const well = viewOf(nodes);
/** What is seen, and the sentence that must answer. The time of the snapshot is 00:16:40 UTC. */
const cases: readonly (readonly [
  when: string,
  answer: ReturnType<typeof answer>,
  isWell: boolean | null,
  text: string,
])[] = [
  [
    "all use it alike",
    answer(well, [one, two]),
    true,
    "receives its share: 33 % of the requests, where an equal share is 33 %",
  ],
  [
    "it is down",
    answer(viewOf(nodes, marked("down")), [one]),
    false,
    "receives nothing: it is down for all since 00:16:28 UTC (12 s): connection refused",
  ],
  [
    "an operator drains it, though it is down",
    answer(withOperation({ drains: [{ ...operation, id: "id2", address: "10.0.0.2:9200" }] }, "down"), [one]),
    false,
    "receives no new requests: drained for 60 s by ops@host until 1970-01-01 00:17:40 UTC: kernel; 1 in flight",
  ],
  [
    "down marks are paused",
    answer(withOperation({ pause: operation }, "down"), [one]),
    null,
    "is marked down since 00:16:28 UTC (12 s): connection refused; and used all the same: paused for 60 s by ops@host until 1970-01-01 00:17:40 UTC: kernel",
  ],
  [
    "it is down and a replica refutes that",
    answer(viewOf(nodes, marked("down")), [{ ...one, refutes: [keyOf(2)] }, two]),
    false,
    "receives nothing: it is down for all since 00:16:28 UTC (12 s): connection refused; app-1 (pid 101) still uses it, as it answers there",
  ],
  [
    "it leaves",
    answer(viewOf(nodes, marked("draining")), [one]),
    false,
    "receives no new requests: it has left the cluster since 00:16:28 UTC (12 s): connection refused",
  ],
  [
    "it never answered",
    answer(viewOf(nodes, marked("unverified")), [one]),
    false,
    "is not used yet since 00:16:28 UTC (12 s): it has never answered (connection refused)",
  ],
  [
    "all have ejected it",
    answer(well, [{ ...one, ...avoiding("ejected") }]),
    false,
    "receives nothing: every replica (1) has ejected it since 00:16:37 UTC (3 s): connection refused",
  ],
  [
    "the configuration of all keeps it out",
    answer(well, [{ ...one, ...avoiding("unusable", { reason: "not allowed" }) }]),
    false,
    "receives nothing: every replica (1) keeps it out by its configuration: not allowed",
  ],
  [
    "one of two has ejected it",
    answer(well, [{ ...one, ...avoiding("ejected") }, two]),
    false,
    "receives nothing from 1 of 2 replicas: app-1 (pid 101) has ejected it: connection refused; the others use it",
  ],
  [
    "all penalize it",
    answer(well, [loaded(1, [148, 3, 149], slow), loaded(2, [148, 3, 149], slow)]),
    false,
    "receives 3 % of its share: slow: 30 times the others' latency since 00:13:40 UTC (3 min)",
  ],
  [
    "one of two penalizes it",
    answer(well, [loaded(1, [148, 3, 149], slow), two]),
    false,
    "receives 52 % of its share: slow: 30 times the others' latency since 00:13:40 UTC (3 min), for 1 of 2 replicas",
  ],
  [
    "it has come back",
    answer(viewOf(nodes, marked("slow-start", { reason: "answers again" })), [one]),
    true,
    "receives a growing part of its share: slow start since 00:16:28 UTC (12 s): answers again",
  ],
  [
    "no pool answered",
    answer(well, [heartbeat(1, { role: "coordinator" })]),
    null,
    "has nothing held against it; no replica with a pool has answered",
  ],
  [
    "nothing is sent",
    answer(well, [loaded(1, [0, 0, 0])]),
    null,
    "has nothing held against it; 1 replicas send it nothing now, or have not counted yet",
  ],
];
for (const [when, { text, isWell: found }, isWell, expected] of cases) {
  it(`why answers in one sentence when ${when}`, () => {
    assert.deepEqual([text, found], [`es2 (10.0.0.2:9200) ${expected}.`, isWell]);
  });
}

it("why finds a node by its name, address, host, id and key, in any case of the letters", () => {
  for (const called of ["es2", "ES2", "10.0.0.2:9200", "10.0.0.2", "id2", keyOf(2)]) {
    const explained = explainNode(called, snapshotOf(well));
    assert.equal("problem" in explained ? explained.problem : explained.node.name, "es2", called);
  }
});

it("why names the nearest node, and all that a host means, and no password of a URL", () => {
  const twice = viewOf([...nodes, { ...esNode(4), host: "10.0.0.2", port: 9_201 }]);
  const problem = (called: string, view = well) => {
    const explained = explainNode(called, snapshotOf(view));
    return "problem" in explained ? explained.problem : "";
  };
  assert.match(
    problem("es22"),
    /^no node is called es22 \(nearest: es2\); the nodes are es1 \(10\.0\.0\.1:9200\), es2 /,
  );
  assert.match(
    problem("10.0.0.2", twice),
    /means 2 nodes: es2 \(10\.0\.0\.2:9200\), es4 \(10\.0\.0\.2:9201\); say which/,
  );
  assert.doesNotMatch(problem("http://u:geheim@es9:9200"), /geheim/);
});

it("why says what was seen from here of a node that the view does not have, or has", () => {
  const manager = { id: "id9", name: "es9", published: "10.0.0.9:9200", sharedBy: 0 };
  const skipped = { ...manager, verdict: "skipped", reason: "it is a dedicated cluster manager (master)" } as const;
  const unknown = explainNode("es9", snapshotOf(well), [skipped]);
  assert.equal(
    "problem" in unknown ? unknown.problem : "",
    "es9 is not in the view: it is a dedicated cluster manager (master)",
  );
  const away = { ...skipped, id: "id2", verdict: "unreachable", reason: "no connection in time" } as const;
  const known = explainNode("es2", snapshotOf(well), [skipped, away]);
  assert.equal("problem" in known ? undefined : known.fromHere?.reason, "no connection in time");
});

it("why says what is the matter with the view where there is none", () => {
  const explained = explainNode("es2", snapshotOf(undefined));
  assert.match("problem" in explained ? explained.problem : "", /^There is no view logs/);
});

it("the page of a node shows its mark, its traffic, and what each replica does with it", () => {
  const view = viewOf(nodes, marked("slow-start", { reason: "answers again" }));
  const replicas = [
    loaded(1, [148, 3, 149], slow),
    { ...two, ...avoiding("ejected") },
    heartbeat(3, { role: "coordinator", leading: true }),
  ];
  const explained = explainNode("es2", snapshotOf(view, replicas));
  assert.ok(!("problem" in explained));
  assert.equal(
    showExplanation(explained, plain),
    `es2 (10.0.0.2:9200) receives nothing from 1 of 2 replicas: app-2 (pid 102) has
ejected it: connection refused; the others use it.

Node
  state      slow-start
             for 12 s: answers again
  view       logs is fresh, at 1970-01-01T00:16:40.000Z by the clock of Redis
  address    10.0.0.2:9200  id id2  version 2.19.1
  roles      dim
  traffic    17 % of the requests; an equal share is 33 %
             10/s, 0/s errors, p50 0.6 ms, p99 0.7 ms, 2 in flight, 8 sockets

Replicas
  ejected    app-2 (pid 102)  candidate
             replica replica-2
             for 3 s: connection refused
             33 % of its requests: 10/s, 0/s errors, p50 0.6 ms, p99 0.7 ms, 1
             in flight, 4 sockets
  penalized  app-1 (pid 101)  candidate
             replica replica-1
             for 3 min: slow: 30 times the others' latency (one request where
             another gets 30)
             1 % of its requests: 0.3/s, 0/s errors, p50 0.6 ms, p99 0.7 ms, 1
             in flight, 4 sockets
  observes   app-3 (pid 103)  coordinator, leads
             replica replica-3

History
  1970-01-01 00:16:28  node es2 (10.0.0.2:9200) is back in slow start: answers
                       again
`,
  );
});
