import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import { Deadlines, type Due } from "./deadlines.js";

const nowMs = () => performance.now();

function dueIn(deadlines: Deadlines, afterMs: number, expired: string[], name: string, fromMs = nowMs()): Due {
  const due: Due = {
    dueMs: fromMs + afterMs,
    place: -1,
    expire: () => {
      expired.push(name);
      deadlines.remove(due);
    },
  };
  deadlines.add(due);
  return due;
}

describe("deadlines", () => {
  it("expire in the order of their times, whatever the order in which they came", async () => {
    const deadlines = new Deadlines(nowMs);
    const expired: string[] = [];
    const fromMs = nowMs();
    dueIn(deadlines, 120, expired, "last", fromMs);
    dueIn(deadlines, 10, expired, "first", fromMs);
    dueIn(deadlines, 60, expired, "second", fromMs);
    await waitUntil("they have expired", () => expired.length === 3);
    assert.deepEqual(expired, ["first", "second", "last"]);
  });

  it("do not expire before their time, nor once they were taken out", async () => {
    const deadlines = new Deadlines(nowMs);
    const expired: string[] = [];
    const all = Array.from({ length: 20 }, (_, n) => dueIn(deadlines, 20 + n, expired, String(n)));
    for (const [n, due] of all.entries()) if (n % 2 === 0) deadlines.remove(due);
    dueIn(deadlines, 60_000, expired, "far");
    await waitUntil("they have expired", () => expired.length === 10);
    await sleep(50);
    assert.deepEqual(
      expired.map(Number).sort((a, b) => a - b),
      [1, 3, 5, 7, 9, 11, 13, 15, 17, 19],
    );
    deadlines.close();
  });

  it("let one be added while another expires", async () => {
    const deadlines = new Deadlines(nowMs);
    const expired: string[] = [];
    const first: Due = {
      dueMs: nowMs() + 5,
      place: -1,
      expire: () => {
        deadlines.remove(first);
        dueIn(deadlines, 5, expired, "second");
      },
    };
    deadlines.add(first);
    await waitUntil("they have expired", () => expired.length === 1);
  });
});
