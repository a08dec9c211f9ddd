import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FleetPicture, fleetBlock, fleetLines, fleetSummary } from "./fleet-screen.js";
import type { ReplicaReport } from "./replica-messages.js";

const version = { epoch: 1, leader: "c", sequence: 4 };
const totals = { searches: 6_240, failed: 0, slowestMs: 412, firstFailures: [] };
const well: ReplicaReport = {
  nodes: [
    { address: "a:2", name: "n2", state: "down", perSecond: 0, answers: 900 },
    { address: "a:1", name: "n1", state: "healthy", perSecond: 101.4, p99Ms: 4.06, answers: 3_000 },
  ],
  totals,
  view: { version, freshness: "fresh", ageMs: 812 },
  threads: [
    { thread: 0, topology: version, calls: 1, tasks: 0, state: "well" },
    { thread: 1, topology: { ...version, sequence: 3 }, calls: 2, tasks: 0, state: "late" },
  ],
};
const left: ReplicaReport = {
  ...well,
  nodes: [{ address: "a:1", name: "n1", state: "ejected", perSecond: 99, p99Ms: 4, answers: 1 }],
  view: { version, freshness: "stale", ageMs: 12_400 },
  threads: [{ thread: 0, calls: 0, tasks: 0, state: "starting" }],
};
const picture: FleetPicture = {
  nowMs: 31_400,
  replicas: [
    { name: "replica 1", report: well },
    { name: "replica 2", report: left },
  ],
  totals: { ...totals, searches: 12_480 },
};
const escaped = "\u001b";
const colour = new RegExp(`${escaped}\\[(\\d+)m([^${escaped}]*)${escaped}\\[0m`, "g");
const wide = { columns: 80, rows: 24 };

describe("the live block of a fleet", () => {
  it("sets the replicas side by side: nodes, searches, view, and each thread with how far it is behind", () => {
    assert.deepEqual(fleetBlock(picture, wide, false), [
      "             replica 1                        replica 2",
      " node        state      req/s       p99       state      req/s       p99",
      " n1          up           101    4.1 ms       ejected       99    4.0 ms",
      " n2          down           0         -       unknown",
      " searches    101/s, 0 failed                  99/s, 0 failed",
      " slowest     0.41 s                           0.41 s",
      " view        fresh, 0.8 s old, version 4      stale, 12.4 s old, version 4",
      " thread 0    1 call, version 4                starting, 0 calls, no view yet",
      " thread 1    late, 2 calls, 1 behind          ended",
      " 31.4 s  12,480 searches, 0 failed",
    ]);
  });

  it("colours states, the view's age and an unwell thread, and nothing else", () => {
    const block = fleetBlock(picture, wide, true);
    const plain = fleetBlock(picture, wide, false);
    assert.deepEqual(
      block.map((line) => line.replaceAll(colour, "$2")),
      plain,
    );
    const painted = [...block.join("\n").matchAll(colour)].map(([, code, word]) => `${word} ${code}`);
    assert.deepEqual(painted, ["up 32", "ejected 31", "down 31", "fresh 32", "stale 33", "starting 33", "late 31"]);
  });

  it("has room for a replica of which nothing has been heard", () => {
    const silent = { ...picture, replicas: [{ name: "replica 1" }, { name: "replica 2", report: well }] };
    const block = fleetBlock(silent, wide, false);
    assert.match(block[0] ?? "", /^ +replica 1 +replica 2$/);
    assert.match(block[2] ?? "", /^ n1 {43}up /);
  });

  it("never wraps and never outgrows the terminal, with colours or without", () => {
    const nodes = Array.from({ length: 40 }, (_, at) => ({
      address: `a:${at}`,
      name: `a-node-with-a-very-long-name-${at}`,
      state: "unusable" as const,
      perSecond: 1_234_567,
      p99Ms: 123_456,
      answers: 1,
    }));
    const view = {
      version: { epoch: 1_795_687_986_826_273, leader: "c", sequence: 7_890_123 },
      freshness: "orphan",
      ageMs: 1e7,
    };
    const report = { ...well, nodes, view } as ReplicaReport;
    const crowded = { ...picture, replicas: [1, 2, 3].map((at) => ({ name: `replica ${at}`, report })) };
    for (const size of [wide, { columns: 30, rows: 10 }, { columns: 10, rows: 5 }]) {
      for (const coloured of [false, true]) {
        const block = fleetBlock(crowded, size, coloured).map((line) => line.replaceAll(colour, "$2"));
        assert.ok(block.every((line) => line.length < size.columns));
        assert.equal(block.length, size.rows - 1);
        assert.match(block.at(-2) ?? "", /^ and \d/);
      }
    }
  });

  it("shows no control character of a name", () => {
    const [node] = well.nodes;
    assert.ok(node);
    const report = { ...well, nodes: [{ ...node, name: "n\u001b[2J1" }] };
    const block = fleetBlock({ ...picture, replicas: [{ name: "replica 1", report }] }, wide, false).join("");
    assert.doesNotMatch(block, /\p{Cc}/u);
  });
});

describe("a replica's line in a pipe", () => {
  it("tells its searches, its nodes, its view and its threads", () => {
    assert.deepEqual(fleetLines({ ...picture, replicas: picture.replicas.slice(0, 1) }), [
      "  31.4 s  replica 1: 6,240 searches, 0 failed, slowest 0.41 s | n1 up 101/s | n2 down 0/s | " +
        "view fresh, 0.8 s old, version 4 | thread 0: 1 call, version 4 | thread 1: 2 calls, 1 behind",
    ]);
    assert.deepEqual(fleetLines({ ...picture, replicas: [{ name: "replica 1" }] }), [
      "  31.4 s  replica 1: nothing heard yet",
    ]);
  });

  it("says when a view, or a thread's list of nodes, comes from somebody else", () => {
    const alone = { version: { epoch: 0, leader: "self", sequence: 1 }, freshness: "orphan" } as const;
    const report = { ...well, view: { ...alone, ageMs: Number.POSITIVE_INFINITY } };
    const [line] = fleetLines({ ...picture, replicas: [{ name: "replica 1", report }] });
    assert.match(line ?? "", /view orphan, never kept, version 1 \| thread 0: 1 call, of an earlier leader/);
  });
});

describe("the summary of a fleet", () => {
  const acts = [
    { victim: "n2", knownAfterMs: 412, overAfterMs: 17_040, searches: 3_400, failed: 0 },
    { victim: "the coordinator", knownAfterMs: 10_120, overAfterMs: 13_000, searches: 2_600, failed: 0 },
  ];
  const ending = { totals, replicas: 2, threads: 2, acts, complete: true };

  it("has the figures, a row for each death, what it cost the cluster, and what it means, within 80 columns", () => {
    const lines = fleetSummary({ ...ending, asked: { sniffs: 9, probes: 31 } });
    assert.deepEqual(lines, [
      "6,240 searches, 0 failed, slowest 0.41 s",
      " killed           all knew after  all as before after  searches  failed",
      " n2                       0.41 s               17.0 s     3,400       0",
      " the coordinator         10.12 s               13.0 s     2,600       0",
      "9 sniffs, 31 probes: all that 2 replicas with 2 threads each cost the cluster",
      "Every search was answered: nobody missed the node, Redis or the coordinator.",
    ]);
    assert.ok(lines.every((line) => line.length < 80));
  });

  it("claims nothing that was not seen", () => {
    assert.equal(fleetSummary({ ...ending, complete: false }).at(-1), "Every search was answered.");
    const none = { ...totals, searches: 0 };
    assert.match(fleetSummary({ ...ending, totals: none, acts: [], complete: false }).at(-1) ?? "", /shows nothing/);
  });

  it("lists the first failures, and says that none should have been", () => {
    const failed = { ...totals, failed: 2, firstFailures: [{ atMs: 1_000, code: "TIMEOUT", message: "late" }] };
    const lines = fleetSummary({ ...ending, totals: failed });
    assert.deepEqual(lines.slice(1, 3), ["   1.0 s  failed: TIMEOUT: late", "          and 1 more"]);
    assert.match(lines.at(-1) ?? "", /Some callers saw an error/);
  });
});
