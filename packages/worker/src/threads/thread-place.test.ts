import assert from "node:assert/strict";
import { it } from "node:test";
import { failureOf, newThreadPlace, type ThreadPlaceEvent, threadPlaceReducer } from "./thread-place.js";

/** A place on a clock that the test moves. `at` lets it tick whenever it is due until then, as its runner would. */
function place() {
  let state = newThreadPlace(0);
  let nowMs = 0;
  const story: string[] = [];
  const send = (event: ThreadPlaceEvent) => {
    const [next, effects] = threadPlaceReducer.next(state, event, nowMs);
    state = next;
    for (const effect of effects) story.push(`${effect} at ${nowMs}`);
  };
  const at = (timeMs: number) => {
    for (let due = threadPlaceReducer.dueMs(state); due !== undefined && due <= timeMs; ) {
      nowMs = due;
      send({ type: "tick" });
      due = threadPlaceReducer.dueMs(state);
    }
    nowMs = timeMs;
  };
  const ended = (reason: string) => send({ type: "ended", reason });
  return {
    at,
    ended,
    send,
    story,
    kind: () => state.kind,
    failure: () => failureOf(state),
    setMs: (ms: number) => (nowMs = ms),
  };
}

it("a thread that cannot start is started again after 1, 2, 4 … 30 s, and its reason stays until one is up", () => {
  const { at, ended, send, story, failure } = place();
  let timeMs = 0;
  for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    ended(`no. ${story.length}`);
    timeMs += waitMs;
    at(timeMs - 1);
    assert.equal(failure(), `no. ${story.length}`);
    at(timeMs);
    assert.equal(story.at(-1), `start at ${timeMs}`);
    assert.notEqual(failure(), undefined, "it starts, and is not up");
  }
  send({ type: "up" });
  assert.equal(failure(), undefined);
});

it("a thread that was up is replaced at once, and one that ends again and again soon after its start later and later", () => {
  const { at, ended, send, story, failure } = place();
  for (let death = 1; death <= 8; death++) {
    send({ type: "up" });
    ended("it exited with code 1");
    assert.deepEqual([story.length, failure()], [death, undefined]);
  }
  send({ type: "up" });
  ended("it exited with code 1");
  assert.match(failure() ?? "", /^9 in a row died soon after their start, the last one: it exited with code 1$/);
  at(1_000);
  send({ type: "up" });
  assert.equal(failure(), undefined);
  ended("again");
  at(2_999);
  assert.equal(story.length, 9);
  at(3_000);
  send({ type: "up" });
  at(6_000);
  ended("after a long life");
  assert.equal(story.at(-1), "start at 6000");
});

it("a thread that is not up within 20 s is ended, unless this process did not run as the time came", () => {
  const { at, send, story, kind, failure, setMs } = place();
  setMs(25_000);
  send({ type: "tick" });
  assert.deepEqual([kind(), story, failure()], ["starting", [], undefined]);
  at(44_999);
  assert.equal(kind(), "starting");
  at(45_000);
  assert.deepEqual([kind(), story, failure()], ["backingOff", ["end at 45000"], "it was not up within 20 s"]);
});

it("what a thread reports after its end changes nothing", () => {
  const { ended, send, kind, failure } = place();
  ended("first");
  send({ type: "up" });
  ended("second");
  assert.deepEqual([kind(), failure()], ["backingOff", "first"]);
});
