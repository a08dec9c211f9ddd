import assert from "node:assert/strict";
import { it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import { type Behaviour, type Run, type RunHistory, simulate } from "./cluster-simulation.test.support.js";

const onsetMs = 5_000;
/** From here on, the penalties must show. */
const settledMs = 10_000;
const endMs = 25_000;

type UnseededRun = Omit<Run, "random">;

/** The same requests and the same random numbers each time. */
const replay = (run: UnseededRun): RunHistory => simulate({ ...run, random: seededRandom(1) });

/** Node 0 behaves like this, from the onset to the end. */
function node0(behaviour: Behaviour): Run["behaviourOf"] {
  return (node, atMs) => (node === 0 && atMs >= onsetMs && atMs < endMs ? behaviour : {});
}

/** The 99th percentile relative to a run without the bad node, and the share of attempts that the bad node gets. */
function play(behaviour: Behaviour, more: Partial<UnseededRun> = {}) {
  const run: UnseededRun = { rule: "penalties", behaviourOf: node0(behaviour), bad: 0, untilMs: endMs, ...more };
  const history = replay(run);
  const oracle = replay({ ...run, rule: "oracle" });
  return {
    p99: history.p99Ms(settledMs, endMs) / oracle.p99Ms(settledMs, endMs),
    share: history.share(0, settledMs, endMs),
    errors: history.errors(settledMs, endMs),
  };
}

/** How long after its recovery node 0 has had 80 % of its fair share for two seconds. */
function returnMs(behaviour: Behaviour): number {
  const untilMs = endMs + 22_000;
  const history = replay({ rule: "penalties", behaviourOf: node0(behaviour), untilMs });
  for (let fromMs = endMs; fromMs + 2_000 <= untilMs; fromMs += 500) {
    if (history.share(0, fromMs, fromMs + 2_000) >= 0.8 / 3) return fromMs - endMs;
  }
  return Number.POSITIVE_INFINITY;
}

function assertShares(history: RunHistory, fromMs: number, toMs: number, check: (share: number) => boolean): void {
  for (const node of [0, 1, 2]) {
    const share = history.share(node, fromMs, toMs);
    assert.ok(check(share), `node ${node} has ${share} of the attempts from ${fromMs}`);
  }
}

/** A low rate: each process sees a node stall two requests a second. */
const few = { workMs: 22, processes: 4, requestsPerSecond: 280 };

for (const [what, behaviour, more, p99Max, shareMax] of [
  ["is ten times slower, for one process", { slower: 10 }, { processes: 1 }, 1.5, 0.01],
  ["is ten times slower, for eight processes", { slower: 10 }, { processes: 8 }, 1.5, 0.01],
  ["is ten times slower, for 32 processes", { slower: 10 }, { processes: 32 }, 1.5, 0.01],
  ["is ten times slower, among thirty", { slower: 10 }, { nodes: 30, untilMs: settledMs + 3_000 }, 1.2, 0.005],
  ["refuses every request at once", { refusing: 1 }, {}, 1.2, 0.01],
  ["refuses a fifth of its requests at once", { refusing: 0.2 }, {}, 1.2, 0.1],
  ["stalls a tenth of its requests of 5 ms", { stalling: 0.1 }, { workMs: 5 }, 1.5, 0.1],
  ["stalls a tenth of its requests of 10 ms", { stalling: 0.1 }, { workMs: 10 }, 1.5, 0.1],
  ["stalls a tenth of its requests of 20 ms", { stalling: 0.1 }, { workMs: 20 }, 1.5, 0.1],
  ["stalls a tenth of few requests", { stalling: 0.1 }, few, 1.5, 0.1],
  ["is cold and three times slower, which still gets some", { slower: 3 }, {}, 2, 0.2],
] as const) {
  it(`requests avoid a node that ${what}`, () => {
    const { p99, share, errors } = play(behaviour, more);
    assert.ok(p99 < p99Max, `p99 ${p99}`);
    assert.ok(share < shareMax, `share ${share}`);
    assert.equal(errors, 0);
    if ("slower" in behaviour && behaviour.slower === 3) assert.ok(share > 0.02, `share ${share}`);
  });
}

for (const [what, behaviour, more, p99Min, shareMin] of [
  ["is ten times slower", { slower: 10 }, {}, 4, 0.04],
  ["refuses every request at once", { refusing: 1 }, {}, 0, 0.3],
  ["stalls a tenth of its requests", { stalling: 0.1 }, few, 3, 0],
] as const) {
  it(`without penalties, requests suffer from a node that ${what}`, () => {
    const { p99, share } = play(behaviour, { ...more, rule: "in flight" });
    assert.ok(p99 > p99Min && share > shareMin, `p99 ${p99}, share ${share}`);
  });
}

for (const part of [0.01, 0.05]) {
  it(`requests spread evenly if all nodes stall ${100 * part} % of them`, () => {
    const history = replay({ ...few, rule: "penalties", behaviourOf: () => ({ stalling: part }), untilMs: endMs });
    assertShares(history, settledMs, endMs, (share) => share > 0.8 / 3);
  });
}

it("requests in flight alone balance a machine that is half as fast", () => {
  const { share } = play({ slower: 2 });
  const balanced = play({ slower: 2 }, { rule: "in flight" }).share;
  assert.ok(Math.abs(share - balanced) < 0.05, `share ${share}, balanced ${balanced}`);
});

it("requests find the one healthy node of three", () => {
  const bad = { rule: "penalties", untilMs: endMs, load: 0.25 } as const;
  const behaviourOf: Run["behaviourOf"] = (node, atMs) => (node < 2 && atMs >= onsetMs ? { slower: 10 } : {});
  const history = replay({ ...bad, behaviourOf });
  const healthy = replay({ ...bad, behaviourOf: () => ({}) });
  assert.ok(history.p99Ms(settledMs, endMs) < 2 * healthy.p99Ms(settledMs, endMs));
  assert.ok(history.share(2, settledMs, endMs) > 0.95);
});

it("requests spread evenly if all nodes become slower at once", () => {
  const run = { rule: "penalties", untilMs: endMs, load: 0.2 } as const;
  const history = replay({ ...run, behaviourOf: (_, atMs) => (atMs >= onsetMs ? { slower: 4 } : {}) });
  assertShares(history, settledMs, endMs, (share) => Math.abs(share - 1 / 3) < 0.05);
});

it("requests avoid a slow node even if each process sends one request a second", () => {
  const behaviourOf: Run["behaviourOf"] = (node, atMs) => (node === 0 && atMs >= 60_000 ? { slower: 10 } : {});
  const history = replay({ rule: "penalties", behaviourOf, requestsPerSecond: 8, untilMs: 600_000 });
  assert.ok(history.share(0, 120_000, 600_000) < 0.03);
});

for (const [what, behaviour] of [
  ["was ten times slower", { slower: 10 }],
  ["refused every request", { refusing: 1 }],
  ["refused a fifth", { refusing: 0.2 }],
  ["was cold", { slower: 3 }],
  ["stalled a tenth", { stalling: 0.1 }],
] as const) {
  it(`requests return within 20 s to a node that ${what}`, () => {
    const tookMs = returnMs(behaviour);
    assert.ok(tookMs <= 20_000, `after ${tookMs} ms`);
  });
}

it("no node is without requests for long while all are healthy", () => {
  const history = replay({ rule: "penalties", behaviourOf: () => ({}), untilMs: endMs });
  for (let fromMs = onsetMs; fromMs < endMs; fromMs += 1_000) {
    assertShares(history, fromMs, fromMs + 1_000, (share) => share > 0.2 / 3);
  }
});
