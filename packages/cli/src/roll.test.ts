import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Heartbeat } from "@rollcall/core/view";
import { ManualTimers } from "@rollcall/testing";
import { Roll } from "./roll.js";

const digest = (replica: string, pid = 1): Heartbeat => ({
  replica,
  host: "app",
  pid,
  role: "candidate",
  leading: false,
  freshness: "fresh",
  ejected: [],
  threads: [],
});

describe("a roll", () => {
  it("keeps the newest digest of each replica", () => {
    const roll = new Roll(new ManualTimers());
    for (const one of [digest("a"), digest("b"), digest("a", 2)]) roll.hear(one);
    assert.deepEqual(
      roll.present().map(({ replica, pid }) => `${replica}${pid}`),
      ["a2", "b1"],
    );
  });

  it("forgets who has been silent for longer than two digests take", () => {
    const timers = new ManualTimers();
    const roll = new Roll(timers);
    roll.hear(digest("a"));
    timers.advance(11_000);
    roll.hear(digest("b"));
    assert.equal(roll.present().length, 2);
    timers.advance(1_001);
    assert.deepEqual(
      roll.present().map(({ replica }) => replica),
      ["b"],
    );
  });

  it("has a bound, within which those that are still there stay and new ones come when others fall silent", () => {
    const timers = new ManualTimers();
    const roll = new Roll(timers);
    for (let replica = 0; replica < 5_000; replica++) roll.hear(digest(`${replica}`));
    assert.equal(roll.present().length, 4_096);
    roll.hear(digest("0", 2));
    assert.equal(roll.present()[0]?.pid, 2);
    timers.advance(13_000);
    roll.hear(digest("late"));
    assert.deepEqual(
      roll.present().map(({ replica }) => replica),
      ["late"],
    );
  });
});
