import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Heartbeat, Mark, View } from "@rollcall/core/view";
import fc from "fast-check";
import { jsonText } from "./json-text.js";
import { showStatus } from "./show-status.js";
import { digest, esNode, keyOf, lookAt, nowMs, thread, version, viewOf } from "./status.test.support.js";
import { reportStatus } from "./status-report.js";
import { coloured, plain } from "./text-layout.js";

const show = (...look: Parameters<typeof lookAt>) => showStatus(reportStatus(lookAt(...look)), plain);
const down: Mark = {
  kind: "down",
  sinceMs: nowMs - 12_000,
  reason: "connection refused",
  down: { flaps: 2, holdUntilMs: nowMs + 3_000, failedProbes: 2, reporters: 3 },
};

describe("a status, shown", () => {
  it("is short where all is well", () => {
    const digests = [
      digest(1, { role: "external", threads: [thread(0, { calls: 7 }), thread(1, { calls: 5, tasks: 1 })] }),
      digest(2, { leading: true, role: "coordinator" }),
      digest(3),
    ];
    assert.equal(
      show(viewOf([esNode(1), esNode(2)]), digests),
      `View
  fresh     The view logs is kept: its last beat was 0.4 s ago.
  redis     redis://10.0.1.1:6379
  version   epoch 7: topology 3, marks 12, beat 55
  leader    app-2 (pid 102)
  cluster   production  uuid qEyW4gYVQ6-hx1mTxLZ3Cw
  list      as the cluster gives it

Nodes
  all       2: 2 up
  up        es1 (10.0.0.1:9200)  roles dim  version 2.19.1
  up        es2 (10.0.0.2:9200)  roles dim  version 2.19.1
  roles     d data, i ingest, m master

Replicas
  all       3: 3 well
  well      app-2 (pid 102)  coordinator, leads
  well      app-1 (pid 101)  external
            threads 0-1 well: 12 calls, 1 task
  well      app-3 (pid 103)  candidate
`,
    );
  });

  it("tells what is wrong with whom, and why", () => {
    const digests = [
      digest(1, { ejected: [keyOf(2), "id9@es9:9200"] }),
      digest(2, { leading: true }),
      digest(3, {
        view: { topology: version(1), marks: version(12) },
        threads: [
          thread(0),
          thread(1, { topology: version(1), calls: 3 }),
          thread(2, { topology: version(1), calls: 4 }),
          thread(4, { topology: version(9, 6), state: "late" }),
        ],
      }),
      digest(4, { freshness: "orphan", leading: true }),
    ];
    const marks: Record<string, Mark> = {
      [keyOf(2)]: down,
      [keyOf(3)]: { kind: "slow-start", sinceMs: nowMs - 4_200, reason: "answered twice in a row" },
      [keyOf(4)]: { kind: "draining", sinceMs: nowMs - 240_000, reason: "left the cluster" },
    };
    const view = viewOf([esNode(1), esNode(2), esNode(3)], marks, { atMs: nowMs - 15_000, replicas: 6 });
    assert.equal(
      show(view, digests, { warnings: ["the view's news are not heard: NOPERM"] }),
      `View
  stale     Nobody has kept the view logs for 15 s. Pools follow its list, and
            try for themselves what is down.
  warning   the view's news are not heard: NOPERM
  redis     redis://10.0.1.1:6379
  version   epoch 7: topology 3, marks 12, beat 55
  leader    app-2 (pid 102)
            2 replicas believe that they lead; Redis lets only one of them
            publish
  cluster   production  uuid qEyW4gYVQ6-hx1mTxLZ3Cw
  list      as the cluster gives it

Nodes
  all       4: 1 down, 1 drain, 1 ramp, 1 up
  down      es2 (10.0.0.2:9200)  roles dim  version 2.19.1
            for 12 s: connection refused; not back before 3 s from now
            2 failed probes, reported by 3 processes, down 2 times of late
            1 replica keeps away from it by what happened to them
  drain     10.0.0.4:9200
            it is on the list no more
            for 4 min: left the cluster
  ramp      es3 (10.0.0.3:9200)  roles dim  version 2.19.1
            for 4.2 s: answered twice in a row
  up        es1 (10.0.0.1:9200)  roles dim  version 2.19.1
  roles     d data, i ingest, m master

Replicas
  all       4: 1 orphan, 1 behind, 2 well
            the leader knew of 2 more
  orphan    app-4 (pid 104)  candidate, leads
  behind    app-3 (pid 103)  candidate
            topology 1 (2 behind), marks current
            thread 0 well: 0 calls, 0 tasks
            threads 1-2 well, topology 1 (2 behind): 7 calls, 0 tasks
            thread 4 late, topology 9 of epoch 6: 0 calls, 0 tasks
  well      app-2 (pid 102)  candidate, leads
  well      app-1 (pid 101)  candidate
            keeps away from es2, es9:9200
`,
    );
  });

  it("says in a sentence that there is no view, or no Redis", () => {
    assert.equal(
      show(undefined, [digest(1, { freshness: "orphan" })]),
      `View
  none      There is no view logs in redis://10.0.1.1:6379: no coordinator has
            published one. Is the name right, and does one run?

Replicas
  all       1: 1 orphan
  orphan    app-1 (pid 101)  candidate
`,
    );
    assert.equal(
      show(undefined, [], { seen: { kind: "away", problem: "Redis: not connected" } }),
      `View
  away      Redis does not answer at redis://10.0.1.1:6379: not connected

Replicas
  all       nobody answered, for the roll is called through Redis
`,
    );
  });

  it("shows of a thousand nodes and replicas those in trouble, and counts the rest", () => {
    const nodes = Array.from({ length: 1_000 }, (_, number) => esNode(number));
    const marks = Object.fromEntries(Array.from({ length: 45 }, (_, number) => [keyOf(number * 20), down]));
    const digests = Array.from({ length: 500 }, (_, number) =>
      digest(number, number === 444 ? { freshness: "stale" } : {}),
    );
    const lines = show(viewOf(nodes, marks), digests).split("\n");
    const starting = (start: string) => lines.filter((line) => line.startsWith(start)).length;
    assert.deepEqual(["  down ", "  up ", "  stale ", "  well "].map(starting), [40, 15, 1, 24]);
    for (const line of [
      "  all       1000: 45 down, 955 up",
      "            and 5 more that are marked; --json shows all",
      "            and 940 more that are up; --json shows all",
      "  all       500: 1 stale, 499 well",
      "            and 475 more replicas; --json shows all",
    ]) {
      assert.ok(lines.includes(line), line);
    }
    assert.ok(lines.length < 250);
  });

  it("paints what is well and what is not, and the text is otherwise the same", () => {
    const report = reportStatus(lookAt(viewOf([esNode(1), esNode(2)], { [keyOf(2)]: down }), [digest(1)]));
    const painted = showStatus(report, coloured);
    assert.ok(painted.includes(coloured("good", "fresh")) && painted.includes(coloured("bad", "down")));
    const unpainted = painted.split("\u001b[").map((part, place) => (place === 0 ? part : part.replace(/^\d+m/, "")));
    assert.equal(unpainted.join(""), showStatus(report, plain));
  });

  it("writes nothing that a terminal obeys, whatever the view and the digests hold, nor does the JSON", () => {
    const foreign = fc.string({ unit: "binary", maxLength: 30 });
    const evil = fc.oneof(foreign, fc.constantFrom("\u001b[2J", "\r\nup", "\u009b1m", "\u2028", "\u202e", "a\u0000b"));
    const anyLook = fc.record({
      name: evil,
      host: evil,
      id: evil,
      reason: evil,
      replica: evil,
      role: evil,
      state: evil,
    });
    fc.assert(
      fc.property(anyLook, ({ name, host, id, reason, replica, role, state }) => {
        const node = { ...esNode(1), id, name, host, roles: [role], version: state };
        const view: View = {
          ...viewOf([node, esNode(2)], { [`${id}@${host}:9200`]: { ...down, reason }, [host]: { ...down, reason } }),
        };
        const told = digest(1, { replica, host, role: role as Heartbeat["role"], ejected: [id, name] });
        const threads = [thread(0, { state: state as "well" })];
        const topology = { ...view.topology, clusterName: name, clusterUuid: id };
        const head = { ...view.head, topology: { ...version(3), leader: replica } };
        const report = reportStatus(
          lookAt({ ...view, topology, head }, [{ ...told, threads }], { warnings: [reason] }),
        );
        for (const text of [showStatus(report, plain), jsonText(report)]) {
          assert.doesNotMatch(text, /(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
        }
        assert.deepEqual(JSON.parse(jsonText(report)), JSON.parse(JSON.stringify(report)));
      }),
    );
  });
});
