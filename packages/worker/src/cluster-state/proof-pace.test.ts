import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { ProofPace } from "./proof-pace.js";

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function openPace() {
  const timers = new ManualTimers(1_000);
  const pace = new ProofPace(timers);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const want = (count: number) => {
    for (let each = 0; each < count; each++) {
      const probe = () => {
        begun.push(each);
        return new Promise<void>((resolve) => ends.push(resolve));
      };
      void pace.run(probe);
    }
  };
  const endAll = async () => {
    for (const end of ends.splice(0)) end();
    await settle();
  };
  return { timers, pace, begun, want, endAll };
}

it("proofs of a few nodes begin at once", () => {
  const { begun, want } = openPace();
  want(16);
  assert.equal(begun.length, 16);
});

it("of thousands of proofs no more than 16 begin in 50 ms, however soon they end, in the order in which they were wanted", async () => {
  const { timers, begun, want, endAll } = openPace();
  want(8_192);
  for (let window = 1; window <= 5; window++) {
    await settle();
    for (let time = 0; time < 3; time++) await endAll();
    assert.equal(begun.length, 16 * window);
    timers.advance(50);
  }
  assert.deepEqual(
    begun,
    begun.map((_, at) => at),
  );
});

it("proofs that end late keep others waiting, and none begins after the close", async () => {
  const { timers, pace, begun, want, endAll } = openPace();
  want(100);
  timers.advance(500);
  await settle();
  assert.equal(begun.length, 16);
  await endAll();
  assert.equal(begun.length, 32);
  await endAll();
  pace.close();
  timers.advance(500);
  await settle();
  assert.equal(begun.length, 32);
});
