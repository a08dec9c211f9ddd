import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { liveBlock, type Picture, statusLine, summaryLines, transitionLine } from "./screen.js";

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

describe("the live block", () => {
  it("has a heading, a row a node and the totals", () => {
    assert.deepEqual(liveBlock(picture, wide, false), [
      " node  state        since   req/s       p99  why",
      " n1    up           start     212    4.1 ms",
      " n2    down        14.2 s       0         -  connection refused",
      " 31.4 s  12,480 searches, 0 failed",
    ]);
  });

  it("colours the state and nothing else", () => {
    const [, first, second] = liveBlock(picture, wide, true);
    assert.ok(first?.startsWith(" n1    \u001b[32mup\u001b[0m           start"), first);
    assert.ok(second?.startsWith(" n2    \u001b[31mdown\u001b[0m        14.2 s"), second);
  });

  it("never wraps and never outgrows the terminal", () => {
    const rows = Array.from({ length: 40 }, (_, at) => ({
      name: `a-node-with-a-very-long-name-${at}`,
      state: "ejected" as const,
      reason: "a reason that goes on and on ".repeat(5),
      perSecond: 1,
    }));
    for (const size of [wide, { columns: 30, rows: 10 }, { columns: 10, rows: 5 }]) {
      const block = liveBlock({ ...picture, rows }, size, false);
      assert.ok(block.every((line) => line.length < size.columns));
      assert.equal(block.length, size.rows - 1);
    }
    assert.match(liveBlock({ ...picture, rows }, wide, false).at(-2) ?? "", /and 20 more/);
  });

  it("shows no control character of a name or a reason", () => {
    const rows = [{ name: "n\u001b[2J1", state: "down" as const, reason: "a\r\nb", perSecond: 0 }];
    const block = liveBlock({ ...picture, rows }, wide, false).join("");
    assert.doesNotMatch(block, /\p{Cc}/u);
  });
});

describe("a line in a pipe", () => {
  it("tells the state of every node", () => {
    assert.equal(statusLine(picture), "  31.4 s  12,480 searches, 0 failed | n1 up 212/s p99 4.1 ms | n2 down 0/s");
  });

  it("tells a transition with its reason, by name where the node has one", () => {
    const event = { address: "127.0.0.1:9200", from: "healthy", to: "down", reason: "connection refused" } as const;
    assert.equal(transitionLine({ ...event, name: "n2" }, 14_240), "  14.2 s  n2: up -> down (connection refused)");
    assert.equal(transitionLine({ address: "a:1", from: "absent", to: "slow-start" }, 0), "   0.0 s  a:1: joins, ramp");
    assert.equal(transitionLine({ address: "a:1", from: "draining", to: "absent" }, 0), "   0.0 s  a:1: leaves");
  });
});

describe("the summary", () => {
  const absence = { node: "n2", down: true, fromMs: 14_240, untilMs: 31_000 };

  it("has the figures on one line, then what they mean", () => {
    const [figures, meaning, ...more] = summaryLines({
      totals,
      absences: [absence],
      asked: { sniffs: 5, probes: 1 },
      returned: true,
    });
    assert.equal(figures, "12,480 searches, 0 failed, slowest 0.41 s, n2 down 14.2-31.0 s, 5 sniffs, 1 probe");
    assert.match(meaning ?? "", /No caller noticed/);
    assert.deepEqual(more, []);
  });

  it("tells a node that is still away, and one that only this process kept away from", () => {
    const { untilMs: _, ...lasting } = absence;
    const ejected = { node: "n3", down: false, fromMs: 1_000, untilMs: 2_000 };
    const [figures] = summaryLines({ totals, absences: [ejected, lasting], returned: false });
    assert.equal(
      figures,
      "12,480 searches, 0 failed, slowest 0.41 s, n3 ejected 1.0-2.0 s, n2 down from 14.2 s to the end",
    );
  });

  it("lists the first failures and counts the others", () => {
    const firstFailures = [1, 2, 3].map((at) => ({ atMs: at * 1_000, code: "TIMEOUT", message: `late ${at}` }));
    const lines = summaryLines({ totals: { ...totals, failed: 5, firstFailures }, absences: [], returned: true });
    assert.deepEqual(lines.slice(1), [
      "   1.0 s  failed: TIMEOUT: late 1",
      "   2.0 s  failed: TIMEOUT: late 2",
      "   3.0 s  failed: TIMEOUT: late 3",
      "          and 2 more",
      "Some callers saw an error. With other nodes well, none should have.",
    ]);
  });

  it("claims no return that was not seen, and nothing at all without a search", () => {
    assert.equal(summaryLines({ totals, absences: [absence], returned: false }).at(-1), "Every search was answered.");
    const none = { ...totals, searches: 0 };
    assert.match(summaryLines({ totals: none, absences: [], returned: false }).at(-1) ?? "", /shows nothing/);
  });
});
