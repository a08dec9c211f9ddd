import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { View } from "@rollcall/core/view";
import { collectingLogger, ManualTimers, seededRandom } from "@rollcall/testing";
import { IncidentMeter } from "./incident-cost.js";
import { SharedViewFollower } from "./shared-view-follower.js";

function openFollower() {
  const timers = new ManualTimers(5_000);
  // A clock of its own, as another machine has it.
  const storeNowMs = () => timers.nowMs() + 1e12;
  const applied: string[] = [];
  const logger = collectingLogger();
  const listeners = new Set<(view: View) => void>();
  const monitors: { readonly from: string | undefined; isClosed: boolean; show(): void }[] = [];
  let beats = 0;
  let retries = 0;
  const meter = new IncidentMeter(
    () => ({ retries, reroutes: 0, failed: 0, writeWaits: 0 }),
    () => timers.nowMs(),
  );
  const follower = new SharedViewFollower({
    store: {
      nowMs: storeNowMs,
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    origin: "shared",
    consumer: {
      apply: (view, freshness, origin) => applied.push(`${origin} ${view.head.topology.leader} ${freshness}`),
    },
    monitorAlone(from, show) {
      let shownMs: number | undefined;
      const monitor = {
        from: from?.head.topology.leader,
        isClosed: false,
        show() {
          shownMs = timers.nowMs();
          show(viewBy("me", 1, storeNowMs()));
        },
      };
      monitors.push(monitor);
      return {
        get ageMs() {
          return shownMs === undefined ? undefined : timers.nowMs() - shownMs;
        },
        problem: undefined,
        report: () => {},
        async close() {
          monitor.isClosed = true;
        },
      };
    },
    ...{ timers, random: seededRandom(1), logger, meter },
  });
  follower.start();
  let last: View | undefined;
  const again = () => {
    for (const listener of listeners) if (last !== undefined) listener(last);
  };
  const beat = (leader = "a", agoMs = 0, head: { released?: true } = {}) => {
    const view = viewBy(leader, ++beats, storeNowMs() - agoMs);
    last = { ...view, head: { ...view.head, ...head } };
    again();
  };
  const retry = (count: number) => {
    retries += count;
  };
  return { ...{ follower, timers, beat, again, logger, monitors, listeners, retry }, take: () => applied.splice(0) };
}

function viewBy(leader: string, beat: number, atMs: number): View {
  const version = { epoch: 1, leader, sequence: 1 };
  return {
    topology: { version, source: "sniff", nodes: [] },
    marks: { version, nodes: {} },
    head: { topology: version, marks: version, beat, atMs, replicas: 1 },
  };
}

describe("a view shared by replicas", () => {
  it("each beat is applied, and a missing one is logged once and makes the view stale", () => {
    const { timers, beat, take, logger, follower } = openFollower();
    beat();
    timers.advance(2_000);
    beat();
    assert.deepEqual([take(), follower.freshness], [["shared a fresh", "shared a fresh"], "fresh"]);
    timers.advance(30_000);
    assert.deepEqual([take(), follower.freshness, follower.ageMs], [["shared a stale"], "stale", 30_000]);
    assert.equal(logger.messages("warn").length, 1);
  });

  it("a head of 9 s ago, as it lies in a Redis that is back, leaves a stale view stale, whatever documents come with it", () => {
    const { timers, beat, again, take, logger, follower } = openFollower();
    beat();
    timers.advance(13_000);
    take();
    beat("a", 9_000);
    again();
    assert.deepEqual(
      [take(), follower.freshness, follower.ageMs],
      [["shared a stale", "shared a stale"], "stale", 9_000],
    );
    timers.advance(2_000);
    beat("b");
    assert.equal(follower.freshness, "fresh");
    assert.equal(logger.messages("warn").length, 1);
    assert.equal(logger.messages("info", "the shared view has a leader again").length, 1);
  });

  it("the line that a leader is back closes the incident: how long the view was away, and what requests suffered", () => {
    const { timers, beat, logger, retry } = openFollower();
    beat();
    retry(5);
    timers.advance(30_000);
    retry(31);
    timers.advance(12_000);
    beat("b");
    const again = "the shared view has a leader again and is followed";
    assert.deepEqual(logger.messages("info", again), [
      `${again}, after 42 s: 31 retries, 0 reads rerouted, 0 requests failed, 0 waits of writes`,
    ]);
    beat("b");
    assert.equal(logger.messages("info", again).length, 1);
  });

  it("a minute without a beat starts a standalone monitor from the last shared view, until the next beat", async () => {
    const { timers, beat, take, monitors, follower } = openFollower();
    beat();
    take();
    timers.advance(80_000);
    const [monitor = assert.fail("no monitor")] = monitors;
    assert.deepEqual([monitors.length, monitor.from, monitor.isClosed], [1, "a", false]);
    assert.deepEqual(take(), ["shared a stale", "shared a orphan"]);
    monitor.show();
    timers.advance(500);
    assert.deepEqual([take(), follower.freshness, follower.ageMs], [["own me fresh"], "orphan", 500]);
    beat("b");
    assert.deepEqual([take(), follower.freshness, follower.ageMs], [["shared b fresh"], "fresh", 0]);
    assert.deepEqual([monitors.length, monitor.isClosed], [1, true]);
    monitor.show();
    assert.deepEqual(take(), [], "a monitor that has ended shows nothing");
    await follower.close();
  });

  it("a process monitors alone where no view is there a second or so after its start, and not where one is", () => {
    const alone = openFollower();
    alone.timers.advance(2_000);
    assert.deepEqual(
      alone.monitors.map(({ from }) => from),
      [undefined],
    );
    const together = openFollower();
    together.beat();
    together.timers.advance(2_000);
    assert.equal(together.monitors.length, 0);
  });

  it("a view that was left behind long ago is where the standalone monitor begins, at once", () => {
    const { timers, beat, take, monitors } = openFollower();
    beat("gone", 3_600_000);
    assert.deepEqual(take(), ["shared gone orphan"]);
    timers.advance(1);
    assert.deepEqual(
      monitors.map(({ from }) => from),
      ["gone"],
    );
  });

  it("a view whose leader gave the lease back a moment ago is stale, which is no warning, until another leads", () => {
    const { beat, take, follower, logger } = openFollower();
    beat("a", 500, { released: true });
    assert.deepEqual([take(), follower.freshness], [["shared a stale"], "stale"]);
    assert.deepEqual(logger.messages("warn"), []);
    assert.match(logger.messages("info").join(), /given the lease back/);
    beat("b");
    assert.deepEqual([take(), follower.freshness], [["shared b fresh"], "fresh"]);
  });

  it("nothing is applied and nothing runs after the close", async () => {
    const { timers, follower, monitors, listeners, take, beat } = openFollower();
    timers.advance(2_000);
    await follower.close();
    assert.deepEqual([monitors.map(({ isClosed }) => isClosed), listeners.size], [[true], 0]);
    beat();
    timers.advance(200_000);
    assert.deepEqual([take(), monitors.length], [[], 1]);
  });
});
