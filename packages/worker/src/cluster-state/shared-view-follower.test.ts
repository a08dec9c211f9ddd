import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLogger } from "@rollcall/core";
import type { View } from "@rollcall/core/view";
import { ManualTimers, seededRandom } from "@rollcall/testing";
import { SharedViewFollower } from "./shared-view-follower.js";

function openView() {
  const timers = new ManualTimers(5_000);
  const told: string[] = [];
  const log: string[] = [];
  const listeners = new Set<(view: View) => void>();
  let beats = 0;
  let watches = 0;
  let closed = 0;
  let showOwn: (view: View) => void = () => assert.fail("nobody watches alone");
  const from: (string | undefined)[] = [];
  const shared = new SharedViewFollower({
    // A clock of its own, as another machine has it.
    store: {
      nowMs: () => timers.nowMs() + 1e12,
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    watchAlone(view, show) {
      watches++;
      from.push(view?.head.topology.leader);
      showOwn = show;
      return {
        async close() {
          closed++;
        },
      };
    },
    timers,
    random: seededRandom(1),
    logger: { ...silentLogger, warn: (_fields, line) => log.push(line), info: (_fields, line) => log.push(line) },
    follow: (view, trust, line) => told.push(`${line} ${view.head.topology.leader} ${trust}`),
  });
  shared.start();
  const beat = (leader = "a", agoMs = 0) => {
    for (const listener of listeners) listener(viewBy(leader, ++beats, timers.nowMs() + 1e12 - agoMs));
  };
  return {
    shared,
    timers,
    beat,
    log,
    from,
    own: () => showOwn(viewBy("me", 1, timers.nowMs() + 1e12)),
    take: () => told.splice(0),
    counts: () => ({ watches, closed }),
    listeners,
  };
}

function viewBy(leader: string, beat: number, atMs: number): View {
  const version = { epoch: 1, leader, sequence: 1 };
  return {
    topology: { version, source: "sniff", nodes: [] },
    marks: { version, nodes: {} },
    head: { topology: version, marks: version, beat, atMs, replicas: 1 },
  };
}

describe("a view shared with others", () => {
  it("hands on each beat, and says once when nobody beats any more", () => {
    const { timers, beat, take, log, shared } = openView();
    beat();
    timers.advance(2_000);
    beat();
    assert.deepEqual(take(), ["shared a fresh", "shared a fresh"]);
    assert.equal(shared.freshness, "fresh");
    timers.advance(30_000);
    assert.deepEqual(take(), ["shared a stale"]);
    assert.equal(shared.freshness, "stale");
    assert.equal(shared.ageMs, 30_000);
    assert.equal(log.length, 1);
  });

  it("watches alone after a minute, from the last shared view, and until somebody beats again", async () => {
    const { timers, beat, take, own, counts, from, shared } = openView();
    beat();
    take();
    timers.advance(80_000);
    assert.deepEqual(counts(), { watches: 1, closed: 0 });
    assert.deepEqual(from, ["a"]);
    assert.deepEqual(take(), ["shared a stale", "shared a orphan"]);
    own();
    timers.advance(500);
    assert.deepEqual([take(), shared.freshness, shared.ageMs], [["own me fresh"], "orphan", 500]);
    beat("b");
    assert.deepEqual([take(), shared.freshness, shared.ageMs], [["shared b fresh"], "fresh", 0]);
    assert.deepEqual(counts(), { watches: 1, closed: 1 });
    own();
    assert.deepEqual(take(), [], "a watch that has ended shows nothing");
    await shared.close();
  });

  it("watches alone where there is no view a second or so after the start, and not where there is one", () => {
    const alone = openView();
    alone.timers.advance(2_000);
    assert.deepEqual([alone.counts().watches, alone.from], [1, [undefined]]);
    const together = openView();
    together.beat();
    together.timers.advance(2_000);
    assert.equal(together.counts().watches, 0);
  });

  it("begins with a view left behind long ago, and watches at once", () => {
    const { timers, beat, take, counts, from } = openView();
    beat("gone", 3_600_000);
    assert.deepEqual(take(), ["shared gone orphan"]);
    timers.advance(1);
    assert.deepEqual([counts().watches, from], [1, ["gone"]]);
  });

  it("leaves nothing behind when it is closed", async () => {
    const { timers, shared, counts, listeners, take, beat } = openView();
    timers.advance(2_000);
    await shared.close();
    assert.deepEqual([counts().closed, listeners.size], [1, 0]);
    beat();
    timers.advance(200_000);
    assert.deepEqual([take(), counts().watches], [[], 1]);
  });
});
