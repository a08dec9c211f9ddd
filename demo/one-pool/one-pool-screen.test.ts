import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeEventLine } from "../screen/node-text.js";
import { liveBlock, type OnePoolResult, type Picture, statusLine, summaryLines } from "./one-pool-screen.js";

const totals = { searches: 12_480, failed: 0, slowestMs: 412, firstFailures: [] };
const picture: Picture = {
  nowMs: 31_400,
  totals,
  rows: [
    { name: "n1", state: "healthy", perSecond: 211.6, p99Ms: 4.06 },
    { name: "n2", state: "down", reason: "connection refused", sinceMs: 14_240, perSecond: 0 },
  ],
};
const wide = { columns: 80, rows: 24 };

describe("demo", () => {
  it("the live block of one pool has a heading, a row for each node and the totals", () => {
    assert.deepEqual(liveBlock(picture, wide, false), [
      " node  state          since   req/s       p99  why",
      " n1    healthy        start     212    4.1 ms",
      " n2    down          14.2 s       0         -  connection refused",
      " 31.4 s  12,480 searches, 0 failed",
    ]);
  });

  it("the live block of one pool colours the state alone", () => {
    const [, first, second] = liveBlock(picture, wide, true);
    assert.ok(first?.startsWith(" n1    \u001b[32mhealthy\u001b[39m        start"), first);
    assert.ok(second?.startsWith(" n2    \u001b[31mdown\u001b[39m          14.2 s"), second);
  });

  it("the live block of one pool fits any terminal and shows no control character of a name or a reason", () => {
    const rows = Array.from({ length: 40 }, (_, at) => ({
      name: `a-node\u001b[2J-with-a-very-long-name-${at}`,
      state: "ejected" as const,
      reason: "a reason\r\n that goes on and on ".repeat(5),
      perSecond: 1,
    }));
    for (const size of [wide, { columns: 30, rows: 10 }, { columns: 10, rows: 5 }]) {
      const block = liveBlock({ ...picture, rows }, size, false);
      assert.ok(block.every((line) => line.length < size.columns && !/\p{Cc}/u.test(line)));
      assert.equal(block.length, size.rows - 1);
    }
    assert.match(liveBlock({ ...picture, rows }, wide, false).at(-2) ?? "", /and 20 more/);
  });
});

describe("demo", () => {
  it("one pool in a pipe shows every node on one line", () => {
    const line = "  31.4 s  12,480 searches, 0 failed | n1 healthy 212/s p99 4.1 ms | n2 down 0/s";
    assert.equal(statusLine(picture), line);
  });

  it("one pool in a pipe shows a node's change with its reason, by name where the node has one", () => {
    const event = { address: "127.0.0.1:9200", from: "healthy", to: "down", reason: "connection refused" } as const;
    const line = "  14.2 s  n2: healthy -> down (connection refused)";
    assert.equal(nodeEventLine({ ...event, name: "n2" }, 14_240), line);
    assert.equal(
      nodeEventLine({ address: "a:1", from: "absent", to: "slow-start" }, 0),
      "   0.0 s  a:1: joins, slow-start",
    );
    assert.equal(nodeEventLine({ address: "a:1", from: "draining", to: "absent" }, 0), "   0.0 s  a:1: leaves");
    const long = nodeEventLine({ ...event, reason: "slow: 10 times the others' latency; late: 8 % of its answers" }, 0);
    assert.deepEqual([long.length, long.at(-1)], [80, "…"], "it fits a terminal");
  });
});

describe("demo", () => {
  const outage = { node: "n2", down: true, fromMs: 14_240, untilMs: 31_000 };
  const result: OnePoolResult = { totals, outages: [outage], recovered: "n2" };
  const { recovered: _, ...unfinished } = result;

  it("the summary of one pool has the figures, the requests of the watching, and what they show", () => {
    assert.deepEqual(summaryLines({ ...result, controlRequests: { sniffs: 5, probes: 1 } }), [
      "12,480 searches, 0 failed, slowest 0.41 s, n2 down 14.2-31.0 s",
      "The cluster got 5 sniffs and 1 probe from the pool.",
      "No caller saw an error: the other nodes answered until n2 was back.",
    ]);
  });

  it("the summary of one pool shows an outage that lasts, and an ejection by this process alone", () => {
    const { untilMs: _, ...lasting } = outage;
    const ejected = { node: "n3", down: false, fromMs: 1_000, untilMs: 2_000 };
    assert.equal(
      summaryLines({ totals, outages: [ejected, lasting] })[0],
      "12,480 searches, 0 failed, slowest 0.41 s, n3 ejected 1.0-2.0 s, n2 down from 14.2 s to the end",
    );
  });

  it("the summary of one pool lists the first failures and counts the others", () => {
    const firstFailures = [1, 2, 3].map((at) => ({ atMs: at * 1_000, code: "TIMEOUT", message: `late ${at}` }));
    assert.deepEqual(summaryLines({ ...result, totals: { ...totals, failed: 5, firstFailures } }).slice(1), [
      "   1.0 s  failed: TIMEOUT: late 1",
      "   2.0 s  failed: TIMEOUT: late 2",
      "   3.0 s  failed: TIMEOUT: late 3",
      "          and 2 more",
      "Some callers saw an error. With the other nodes healthy, none should have.",
    ]);
  });

  it("the summary of one pool claims no recovery that was not seen, and nothing without a search", () => {
    assert.equal(summaryLines(unfinished).at(-1), "Every search was answered.");
    assert.match(summaryLines({ ...unfinished, totals: { ...totals, searches: 0 } }).at(-1) ?? "", /shows nothing/);
  });
});
