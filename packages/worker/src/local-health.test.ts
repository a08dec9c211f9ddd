import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ManualTimers, seededRandom } from "@rollcall/core/testing";
import { LocalHealth } from "./local-health.js";

type TrialAnswer = { readonly ok: true } | { readonly ok: false; readonly reason: string };

function openHealth() {
  const timers = new ManualTimers(1_000);
  const changed: number[] = [];
  const reports: string[] = [];
  const trials: { readonly slot: number; readonly answer: (answer: TrialAnswer) => Promise<void> }[] = [];
  const health = new LocalHealth({
    timers,
    random: seededRandom(1),
    changed: (slot) => changed.push(slot),
    report: (slot, reason) => reports.push(`${slot}: ${reason}`),
    trial: (slot) =>
      new Promise((resolve) => {
        trials.push({
          slot,
          async answer(answer) {
            resolve(answer);
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
  /** Turns the clock until the next trial of anybody. */
  const untilTrial = () => {
    const before = trials.length;
    for (let second = 0; second < 60 && trials.length === before; second++) timers.advance(1_000);
    return trials[before] ?? assert.fail("no trial within a minute");
  };
  return { timers, changed, reports, trials, health, fail, untilTrial };
}

describe("a process's own opinion of the nodes", () => {
  it("keeps away from a node after three failures, and reports it, once", () => {
    const { health, fail, changed, reports, timers } = openHealth();
    health.begin(0, 1);
    health.begin(1, 1);
    fail(0, 2);
    assert.equal(health.ejection(0), undefined);
    fail(0, 3);
    assert.deepEqual(health.ejection(0), { sinceMs: timers.nowMs() - 2, reason: "connection refused" });
    assert.deepEqual([changed, reports], [[0], ["0: connection refused"]]);
    assert.equal(health.ejection(1), undefined);
  });

  it("tries the node after a while, and eases it in when it answers", async () => {
    const { health, fail, changed, trials, untilTrial, timers } = openHealth();
    health.begin(0, 1);
    fail(0, 3);
    const trial = untilTrial();
    assert.equal(trial.slot, 0);
    assert.notEqual(health.ejection(0), undefined);
    await trial.answer({ ok: true });
    assert.deepEqual([health.ejection(0), health.easedFromMs(0)], [undefined, timers.nowMs()]);
    assert.deepEqual(changed, [0, 0]);
    timers.advance(60_000);
    assert.equal(trials.length, 1);
  });

  it("stays away, with the newest reason, and tries again when the trial fails", async () => {
    const { health, fail, reports, untilTrial, changed } = openHealth();
    health.begin(0, 1);
    fail(0, 3);
    const since = health.ejection(0)?.sinceMs;
    await untilTrial().answer({ ok: false, reason: "no answer" });
    assert.deepEqual(health.ejection(0), { sinceMs: since, reason: "no answer" });
    assert.deepEqual(reports, ["0: connection refused", "0: no answer"]);
    await untilTrial().answer({ ok: true });
    assert.equal(health.ejection(0), undefined);
    assert.deepEqual(changed, [0, 0]);
  });

  it("looks after several nodes with one timer", () => {
    const { health, fail, trials, timers } = openHealth();
    for (const slot of [0, 1, 2]) health.begin(slot, 1);
    fail(0, 3);
    timers.advance(300);
    fail(1, 3);
    timers.advance(2_000);
    assert.deepEqual(trials.map(({ slot }) => slot).sort(), [0, 1]);
  });

  it("leaves a node alone while the view says that it is down", async () => {
    const { health, fail, trials, timers } = openHealth();
    health.begin(0, 1);
    fail(0, 3);
    health.tell(0, 1, { type: "sharedDown" });
    assert.equal(health.ejection(0), undefined);
    timers.advance(60_000);
    assert.equal(trials.length, 0);
    health.tell(0, 1, { type: "sharedCleared" });
    fail(0, 3);
    assert.notEqual(health.ejection(0), undefined);
  });

  it("ignores what is said of a node that no longer has the slot", async () => {
    const { health, fail, untilTrial } = openHealth();
    health.begin(0, 1);
    fail(0, 3);
    const trial = untilTrial();
    health.begin(0, 2);
    assert.equal(health.ejection(0), undefined);
    fail(0, 3, 1);
    assert.equal(health.ejection(0), undefined);
    fail(0, 3, 2);
    await trial.answer({ ok: true });
    assert.notEqual(health.ejection(0), undefined);
    health.end(0);
    fail(0, 3, 2);
    assert.equal(health.ejection(0), undefined);
  });

  it("does nothing more once it is closed", async () => {
    const { health, fail, untilTrial, trials, timers, changed } = openHealth();
    health.begin(0, 1);
    fail(0, 3);
    const trial = untilTrial();
    health.close();
    const before = changed.length;
    await trial.answer({ ok: false, reason: "closed" });
    timers.advance(60_000);
    assert.deepEqual([trials.length, changed.length], [1, before]);
  });
});
