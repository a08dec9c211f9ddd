import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ManualTimers, seededRandom } from "@rollcall/testing";
import { LocalHealth } from "./local-health.js";
import type { ProbeResult } from "./probe-once.js";

function openHealth() {
  const timers = new ManualTimers(1_000);
  const changed: number[] = [];
  const reports: string[] = [];
  const looks: { readonly slot: number; readonly answer: (seen: ProbeResult) => Promise<void> }[] = [];
  const health = new LocalHealth({
    timers,
    random: seededRandom(1),
    changed: (slot) => changed.push(slot),
    report: (slot, reason, probe) => reports.push(`${slot}: ${reason}${probe === undefined ? "" : ", probed"}`),
    look: (slot) =>
      new Promise((resolve) => {
        looks.push({
          slot,
          async answer(seen) {
            resolve(seen);
            await nextTurn();
          },
        });
      }),
  });
  const fail = (slot: number, times: number, generation = 1) => {
    for (let time = 0; time < times; time++) {
      timers.advance(1);
      const startedAtMs = timers.nowMs();
      health.tell(slot, generation, { type: "failed", startedAtMs, answered: 0, reason: "connection refused" });
    }
  };
  /** Answers the oldest look. */
  const answer = async (seen: ProbeResult) => {
    const look = looks.shift() ?? assert.fail("nobody looked");
    await look.answer(seen);
  };
  /** Ejects a node whose first look says so too. */
  const eject = async (slot: number) => {
    fail(slot, 3);
    await answer(unreachable);
  };
  /** Turns the clock until the next trial of anybody. */
  const untilTrial = () => {
    const before = looks.length;
    for (let second = 0; second < 60 && looks.length === before; second++) timers.advance(1_000);
    return looks.splice(before, 1)[0] ?? assert.fail("no trial within a minute");
  };
  return { timers, changed, reports, looks, health, fail, answer, eject, untilTrial };
}

const reached: ProbeResult = { kind: "reached" };
const unreachable: ProbeResult = { kind: "unreachable", reason: "no answer" };

describe("a process's own opinion of the nodes", () => {
  it("keeps away from a node that is silent, and reports it as probed: it was", () => {
    const { health, reports, looks } = openHealth();
    health.begin(3, 1);
    health.tell(3, 1, { type: "silent", reason: "silent: no answer within 500 ms" });
    assert.match(health.ejection(3)?.reason ?? "", /^silent/);
    assert.deepEqual([reports, looks], [["3: silent: no answer within 500 ms, probed"], []]);
  });

  it("keeps away from a node after three failures", () => {
    const { health, fail, changed, timers, looks } = openHealth();
    health.begin(0, 1);
    health.begin(1, 1);
    fail(0, 2);
    assert.equal(health.ejection(0), undefined);
    fail(0, 3);
    assert.deepEqual(health.ejection(0), { sinceMs: timers.nowMs() - 2, reason: "connection refused" });
    assert.deepEqual(changed, [0]);
    assert.equal(health.ejection(1), undefined);
    assert.deepEqual(
      looks.map(({ slot }) => slot),
      [0],
      "it is looked at once",
    );
  });

  it("reports it, once, when a probe of its own has failed too", async () => {
    const { health, fail, reports, answer } = openHealth();
    health.begin(0, 1);
    fail(0, 5);
    assert.deepEqual(reports, []);
    await answer(unreachable);
    assert.deepEqual(reports, ["0: connection refused, probed"]);
    assert.notEqual(health.ejection(0), undefined);
  });

  it("eases it in and reports nothing when its own probe reaches it: the failures were something else", async () => {
    const { health, fail, reports, answer, changed, timers, looks } = openHealth();
    health.begin(0, 1);
    fail(0, 3);
    await answer(reached);
    assert.deepEqual([health.ejection(0), health.easedFromMs(0)], [undefined, timers.nowMs()]);
    assert.deepEqual([reports, changed], [[], [0, 0]]);
    timers.advance(60_000);
    assert.equal(looks.length, 0);
  });

  it("says nothing of what it could not see, and no more of another cluster than that it failed", async () => {
    const { health, fail, reports, answer } = openHealth();
    health.begin(0, 1);
    health.begin(1, 1);
    fail(0, 3);
    await answer({ kind: "void", reason: "this process was hardly running" });
    assert.deepEqual(reports, []);
    assert.notEqual(health.ejection(0), undefined);
    fail(1, 3);
    await answer({ kind: "foreign", reason: "belongs to another cluster" });
    assert.deepEqual(reports, ["1: connection refused"]);
  });

  it("tries the node after a while, and eases it in when it answers", async () => {
    const { health, eject, changed, looks, untilTrial, timers } = openHealth();
    health.begin(0, 1);
    await eject(0);
    const trial = untilTrial();
    assert.equal(trial.slot, 0);
    assert.notEqual(health.ejection(0), undefined);
    await trial.answer(reached);
    assert.deepEqual([health.ejection(0), health.easedFromMs(0)], [undefined, timers.nowMs()]);
    assert.deepEqual(changed, [0, 0]);
    timers.advance(60_000);
    assert.equal(looks.length, 0);
  });

  it("stays away, with the newest reason, and reports and tries again when the trial fails", async () => {
    const { health, eject, reports, untilTrial, changed, timers } = openHealth();
    health.begin(0, 1);
    await eject(0);
    const since = health.ejection(0)?.sinceMs;
    timers.advance(500);
    await untilTrial().answer(unreachable);
    assert.deepEqual(health.ejection(0), { sinceMs: since, reason: "no answer" });
    timers.advance(500);
    await untilTrial().answer(unreachable);
    assert.deepEqual(reports, ["0: connection refused, probed", "0: no answer, probed"]);
    await untilTrial().answer(reached);
    assert.equal(health.ejection(0), undefined);
    assert.deepEqual(changed, [0, 0]);
  });

  it("reports a trial that nobody answered, but as nothing that was seen", async () => {
    const { health, eject, reports, untilTrial, timers } = openHealth();
    health.begin(0, 1);
    await eject(0);
    untilTrial();
    timers.advance(5_000);
    assert.equal(reports[1], "0: no answer to the trial probe");
  });

  it("reports one node every 2 s at most, and 20 a second of all", async () => {
    const { health, eject, reports, untilTrial, answer, looks, timers } = openHealth();
    for (let slot = 0; slot < 30; slot++) health.begin(slot, 1);
    await eject(0);
    await untilTrial().answer(unreachable);
    assert.equal(reports.length, 1, "the trial came within 2 s");
    timers.advance(10_000);
    looks.length = 0;
    const before = reports.length;
    const failed = { type: "failed", startedAtMs: timers.nowMs(), answered: 0, reason: "connection refused" } as const;
    for (let slot = 1; slot < 30; slot++) for (let time = 0; time < 3; time++) health.tell(slot, 1, failed);
    while (looks.length > 0) await answer(unreachable);
    assert.equal(reports.length - before, 20);
  });

  it("looks after several nodes with one timer", async () => {
    const { health, eject, looks, timers } = openHealth();
    for (const slot of [0, 1, 2]) health.begin(slot, 1);
    await eject(0);
    timers.advance(300);
    await eject(1);
    timers.advance(2_000);
    assert.deepEqual(looks.map(({ slot }) => slot).sort(), [0, 1]);
  });

  it("leaves a node alone while the view says that it is down", async () => {
    const { health, fail, eject, answer, reports, looks, timers } = openHealth();
    health.begin(0, 1);
    await eject(0);
    health.tell(0, 1, { type: "sharedDown" });
    assert.equal(health.ejection(0), undefined);
    timers.advance(60_000);
    assert.equal(looks.length, 0);
    health.tell(0, 1, { type: "sharedCleared" });
    fail(0, 3);
    assert.notEqual(health.ejection(0), undefined);
    health.tell(0, 1, { type: "sharedDown" });
    await answer(unreachable);
    assert.equal(reports.length, 1, "everybody knows");
  });

  it("ignores what is said of a node that no longer has the slot", async () => {
    const { health, fail, eject, reports, untilTrial, answer } = openHealth();
    health.begin(0, 1);
    await eject(0);
    const trial = untilTrial();
    health.begin(0, 2);
    assert.equal(health.ejection(0), undefined);
    fail(0, 3, 1);
    assert.equal(health.ejection(0), undefined);
    fail(0, 3, 2);
    await trial.answer(reached);
    assert.notEqual(health.ejection(0), undefined);
    health.begin(0, 3);
    await answer(unreachable);
    assert.equal(reports.length, 1);
    health.end(0);
    fail(0, 3, 3);
    assert.equal(health.ejection(0), undefined);
  });

  it("does nothing more once it is closed", async () => {
    const { health, eject, fail, answer, untilTrial, reports, looks, timers, changed } = openHealth();
    health.begin(0, 1);
    health.begin(1, 1);
    await eject(0);
    const trial = untilTrial();
    fail(1, 3);
    health.close();
    const before = changed.length;
    await trial.answer(unreachable);
    await answer(unreachable);
    timers.advance(60_000);
    assert.deepEqual([looks.length, changed.length, reports.length], [0, before, 1]);
  });
});
