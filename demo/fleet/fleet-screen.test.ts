import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FleetPicture, fleetBlock, fleetLines } from "./fleet-screen.js";
import { fleetSummary } from "./fleet-summary.js";
import type { ReplicaReport } from "./replica-messages.js";

const version = { epoch: 1, leader: "c", sequence: 4 };
const totals = { searches: 6_240, failed: 0, slowestMs: 412, firstFailures: [] };
const first: ReplicaReport = {
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
const second: ReplicaReport = {
  ...first,
  nodes: [{ address: "a:1", name: "n1", state: "ejected", perSecond: 99, p99Ms: 4, answers: 1 }],
  view: { version, freshness: "stale", ageMs: 12_400 },
  threads: [{ thread: 0, calls: 0, tasks: 0, state: "starting" }],
};
const pictureOf = (...reports: (ReplicaReport | undefined)[]): FleetPicture => ({
  nowMs: 31_400,
  replicas: reports.map((report, at) => ({ name: `replica ${at + 1}`, ...(report && { report }) })),
  totals: { ...totals, searches: 12_480 },
});
const control = "\u001b";
const painted = new RegExp(`${control}\\[(\\d+)m([^${control}]*)${control}\\[39m`, "g");
const wide = { columns: 80, rows: 24 };

describe("demo", () => {
  it("the live block of a fleet shows the replicas side by side, with nodes, searches, view and threads", () => {
    assert.deepEqual(fleetBlock(pictureOf(first, second), wide, false), [
      "             replica 1                        replica 2",
      " node        state        req/s       p99     state        req/s       p99",
      " n1          healthy        101    4.1 ms     ejected         99    4.0 ms",
      " n2          down             0         -     not listed",
      " searches    101/s, 0 failed                  99/s, 0 failed",
      " slowest     0.41 s                           0.41 s",
      " view        fresh, 0.8 s old, version 4      stale, 12.4 s old, version 4",
      " thread 0    1 call, version 4                starting, 0 calls, no view yet",
      " thread 1    late, 2 calls, 1 behind          ended",
      " 31.4 s  12,480 searches, 0 failed",
    ]);
  });

  it("the live block of a fleet colours node states, the freshness of views and the state of late threads alone", () => {
    const block = fleetBlock(pictureOf(first, second), wide, true);
    assert.deepEqual(
      block.map((line) => line.replaceAll(painted, "$2")),
      fleetBlock(pictureOf(first, second), wide, false),
    );
    const words = [...block.join("\n").matchAll(painted)].map(([, code, word]) => `${word} ${code}`);
    assert.deepEqual(words, ["healthy 32", "ejected 31", "down 31", "fresh 32", "stale 33", "starting 33", "late 31"]);
  });

  it("the live block of a fleet has an empty column for a replica before its first report", () => {
    const block = fleetBlock(pictureOf(undefined, first), wide, false);
    assert.match(block[0] ?? "", /^ +replica 1 +replica 2$/);
    assert.match(block[2] ?? "", /^ n1 {43}healthy /);
  });

  it("the live block of a fleet fits any terminal, in colour or not, and shows no control character of a name", () => {
    const nodes = Array.from({ length: 40 }, (_, at) => ({
      address: `a:${at}`,
      name: `a-node${control}[2J-with-a-very-long-name-${at}`,
      state: "unusable" as const,
      perSecond: 1_234_567,
      p99Ms: 123_456,
      answers: 1,
    }));
    const view = { version: { ...version, sequence: 7_890_123 }, freshness: "orphan" as const, ageMs: 1e7 };
    const report = { ...first, nodes, view };
    for (const size of [wide, { columns: 30, rows: 10 }, { columns: 10, rows: 5 }]) {
      for (const colour of [false, true]) {
        const block = fleetBlock(pictureOf(report, report, report), size, colour);
        const texts = block.map((line) => line.replaceAll(painted, "$2"));
        assert.ok(texts.every((line) => line.length < size.columns && !/\p{Cc}/u.test(line)));
        assert.equal(block.length, size.rows - 1);
        assert.match(texts.at(-2) ?? "", /^ and \d/);
      }
    }
  });
});

describe("demo", () => {
  it("a replica in a pipe shows its searches, nodes, view and the threads that are not up to date on one line", () => {
    assert.deepEqual(fleetLines(pictureOf(first, undefined)), [
      "  31.4 s  replica 1: 6,240 searches, 0 failed, slowest 0.41 s | n1 healthy 101/s | n2 down 0/s | " +
        "view fresh, 0.8 s old, version 4 | 1 of 2 threads up to date | thread 1 late, 2 calls, 1 behind",
      "  31.4 s  replica 2: no report yet",
    ]);
  });

  it("a replica in a pipe shows a view without a leader and a thread that follows an earlier one", () => {
    const own = { version: { epoch: 0, leader: "self", sequence: 1 }, freshness: "orphan" } as const;
    const [line] = fleetLines(pictureOf({ ...first, view: { ...own, ageMs: Number.POSITIVE_INFINITY } }));
    assert.match(line ?? "", /view orphan, no leader yet, version 1 \| .* thread 0 1 call, from an earlier leader/);
  });
});

describe("demo", () => {
  const phases = [
    { target: "n2", seenAfterMs: 412, recoveredAfterMs: 17_040, searches: 3_400, failed: 0 },
    { target: "the coordinator", seenAfterMs: 10_120, recoveredAfterMs: 13_000, searches: 2_600, failed: 0 },
  ];
  const result = { totals, replicas: 2, threads: 2, phases, complete: true };

  it("the summary of a fleet has the figures, a row for each phase, the requests of the watching, and what they show, in 80 columns", () => {
    const lines = fleetSummary({ ...result, controlRequests: { sniffs: 9, probes: 31 } });
    assert.deepEqual(lines, [
      "6,240 searches, 0 failed, slowest 0.41 s",
      " killed           all saw it in  all recovered in  searches  failed",
      " n2                      0.41 s            17.0 s     3,400       0",
      " the coordinator        10.12 s            13.0 s     2,600       0",
      "The cluster got 9 sniffs and 31 probes from 2 replicas with 2 threads each.",
      "Every search was answered while the node, Redis or the coordinator was down.",
    ]);
    assert.ok(lines.every((line) => line.length < 80));
  });

  it("the summary of a fleet claims only what was seen", () => {
    assert.equal(fleetSummary({ ...result, complete: false }).at(-1), "Every search was answered.");
  });

  it("the summary of a fleet lists the first failures, counts the others, and says that there should be none", () => {
    const firstFailures = [{ atMs: 1_000, code: "TIMEOUT", message: "late" }];
    const lines = fleetSummary({ ...result, totals: { ...totals, failed: 2, firstFailures } });
    assert.deepEqual(lines.slice(1, 3), ["   1.0 s  failed: TIMEOUT: late", "          and 1 more"]);
    assert.match(lines.at(-1) ?? "", /Some callers saw an error/);
  });
});
