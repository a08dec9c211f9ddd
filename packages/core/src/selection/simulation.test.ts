import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import { type Behaviour, type History, type Run, simulate } from "./cluster-simulation.test.support.js";

const onsetMs = 5_000;
/** From here on, what the processes have learned must show. */
const settledMs = 10_000;
const endMs = 25_000;

type RunWithoutLuck = Omit<Run, "random">;

/** The same requests, and the same luck, each time. */
const replay = (run: RunWithoutLuck): History => simulate({ ...run, random: seededRandom(1) });

/** Node 0 behaves like this, from the onset to the end. */
function node0(behaviour: Behaviour): Run["behaviourOf"] {
  return (node, atMs) => (node === 0 && atMs >= onsetMs && atMs < endMs ? behaviour : {});
}

/** The 99th percentile beside what could be had without the bad node, and what the bad node draws. */
function play(behaviour: Behaviour, more: Partial<RunWithoutLuck> = {}) {
  const run: RunWithoutLuck = { rule: "penalties", behaviourOf: node0(behaviour), bad: 0, untilMs: endMs, ...more };
  const history = replay(run);
  const oracle = replay({ ...run, rule: "oracle" });
  return {
    p99: history.p99Ms(settledMs, endMs) / oracle.p99Ms(settledMs, endMs),
    share: history.share(0, settledMs, endMs),
    errors: history.errors(settledMs, endMs),
  };
}

/** How long after the end of its trouble node 0 has had 80 % of its fair share for two seconds. */
function returnMs(behaviour: Behaviour): number {
  const untilMs = endMs + 22_000;
  const history = replay({ rule: "penalties", behaviourOf: node0(behaviour), untilMs });
  for (let fromMs = endMs; fromMs + 2_000 <= untilMs; fromMs += 500) {
    if (history.share(0, fromMs, fromMs + 2_000) >= 0.8 / 3) return fromMs - endMs;
  }
  return Number.POSITIVE_INFINITY;
}

describe("requests of many processes to a node that is not well", () => {
  for (const processes of [1, 8, 32]) {
    it(`avoid one that is ten times slower, with ${processes} processes`, () => {
      const { p99, share } = play({ slower: 10 }, { processes });
      assert.ok(p99 < 1.5, `p99 ${p99}`);
      assert.ok(share < 0.01, `share ${share}`);
    });
  }

  it("suffer from one that is ten times slower if only requests in flight are counted", () => {
    const { p99, share } = play({ slower: 10 }, { rule: "in flight" });
    assert.ok(p99 > 4, `p99 ${p99}`);
    assert.ok(share > 0.04, `share ${share}`);
  });

  it("avoid one that refuses everything at once", () => {
    const { p99, share, errors } = play({ refusing: 1 });
    assert.ok(p99 < 1.2, `p99 ${p99}`);
    assert.ok(share < 0.01, `share ${share}`);
    assert.equal(errors, 0);
  });

  it("avoid one that refuses a fifth of its requests at once", () => {
    const { p99, share, errors } = play({ refusing: 0.2 });
    assert.ok(p99 < 1.2, `p99 ${p99}`);
    assert.ok(share < 0.1, `share ${share}`);
    assert.equal(errors, 0);
  });

  it("are drawn to one that refuses at once if only requests in flight are counted", () => {
    assert.ok(play({ refusing: 1 }, { rule: "in flight" }).share > 0.3);
  });

  it("avoid one that holds up a tenth of its requests", () => {
    const { p99, share } = play({ stalling: 0.1 });
    assert.ok(p99 < 1.5, `p99 ${p99}`);
    assert.ok(share < 0.1, `share ${share}`);
  });

  for (const workMs of [5, 10, 20]) {
    it(`avoid one that holds up a tenth of its requests, of which the others take ${workMs} ms`, () => {
      const { p99, share } = play({ stalling: 0.1 }, { workMs });
      assert.ok(p99 < 1.5, `p99 ${p99}`);
      assert.ok(share < 0.1, `share ${share}`);
    });
  }

  /** Each process has seen a node hold up two requests a second. */
  const few = { workMs: 22, processes: 4, requestsPerSecond: 280 };

  it("avoid one that holds up a tenth of its requests, where there are few", () => {
    const { p99, share } = play({ stalling: 0.1 }, few);
    assert.ok(p99 < 1.5, `p99 ${p99}`);
    assert.ok(share < 0.1, `share ${share}`);
  });

  it("wait three times as long for one that holds up a tenth if only requests in flight are counted", () => {
    assert.ok(play({ stalling: 0.1 }, { ...few, rule: "in flight" }).p99 > 3);
  });

  for (const part of [0.01, 0.05]) {
    it(`are spread where all nodes hold up ${100 * part} % of their requests`, () => {
      const history = replay({ ...few, rule: "penalties", behaviourOf: () => ({ stalling: part }), untilMs: endMs });
      for (const node of [0, 1, 2]) {
        const share = history.share(node, settledMs, endMs);
        assert.ok(share > 0.8 / 3, `node ${node} has ${share}`);
      }
    });
  }

  it("use one that is cold, three times slower, for some of the work", () => {
    const { p99, share } = play({ slower: 3 });
    assert.ok(p99 < 2, `p99 ${p99}`);
    assert.ok(share > 0.02 && share < 0.2, `share ${share}`);
  });

  it("are balanced by what is in flight where one machine is half as fast", () => {
    const { share } = play({ slower: 2 });
    const balanced = play({ slower: 2 }, { rule: "in flight" }).share;
    assert.ok(Math.abs(share - balanced) < 0.05, `share ${share}, balanced ${balanced}`);
  });

  it("find the one node of three that is well", () => {
    const bad = { rule: "penalties", untilMs: endMs, load: 0.25 } as const;
    const behaviourOf: Run["behaviourOf"] = (node, atMs) => (node < 2 && atMs >= onsetMs ? { slower: 10 } : {});
    const history = replay({ ...bad, behaviourOf });
    const well = replay({ ...bad, behaviourOf: () => ({}) });
    assert.ok(history.p99Ms(settledMs, endMs) < 2 * well.p99Ms(settledMs, endMs));
    assert.ok(history.share(2, settledMs, endMs) > 0.95);
  });

  it("are spread as ever where all nodes become slower at once", () => {
    const run = { rule: "penalties", untilMs: endMs, load: 0.2 } as const;
    const history = replay({ ...run, behaviourOf: (_, atMs) => (atMs >= onsetMs ? { slower: 4 } : {}) });
    for (const node of [0, 1, 2]) {
      const share = history.share(node, settledMs, endMs);
      assert.ok(Math.abs(share - 1 / 3) < 0.05, `node ${node} has ${share}`);
    }
  });

  it("avoid a slow one also where each process sends but one request a second", () => {
    const behaviourOf: Run["behaviourOf"] = (node, atMs) => (node === 0 && atMs >= 60_000 ? { slower: 10 } : {});
    const history = replay({ rule: "penalties", behaviourOf, requestsPerSecond: 8, untilMs: 600_000 });
    const share = history.share(0, 120_000, 600_000);
    assert.ok(share < 0.03, `share ${share}`);
  });

  it("go on to all others of thirty", () => {
    const { p99, share } = play({ slower: 10 }, { nodes: 30, untilMs: settledMs + 3_000 });
    assert.ok(p99 < 1.2, `p99 ${p99}`);
    assert.ok(share < 0.005, `share ${share}`);
  });

  for (const [what, behaviour] of [
    ["was ten times slower", { slower: 10 }],
    ["refused everything", { refusing: 1 }],
    ["refused a fifth", { refusing: 0.2 }],
    ["was cold", { slower: 3 }],
    ["held up a tenth", { stalling: 0.1 }],
  ] as const) {
    it(`return within 20 s to one that ${what}`, () => {
      const tookMs = returnMs(behaviour);
      assert.ok(tookMs <= 20_000, `after ${tookMs} ms`);
    });
  }

  it("leave no node without requests for long while all are well", () => {
    const history = replay({ rule: "penalties", behaviourOf: () => ({}), untilMs: endMs });
    for (let fromMs = onsetMs; fromMs < endMs; fromMs += 1_000) {
      for (const node of [0, 1, 2]) {
        const share = history.share(node, fromMs, fromMs + 1_000);
        assert.ok(share > 0.2 / 3, `node ${node} has ${share} of the second from ${fromMs}`);
      }
    }
  });
});
