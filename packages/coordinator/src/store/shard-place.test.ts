import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextShardPlace, type ShardEffect, type ShardEvent, type ShardPlace } from "./shard-place.js";

/** Plays events from the beginning; the n-th has attempt n. */
function play(...events: readonly ShardEvent<string>[]): {
  readonly place: ShardPlace<string>;
  readonly effects: readonly ShardEffect<string>[];
} {
  let place: ShardPlace<string> = { kind: "nowhere" };
  let effects: readonly ShardEffect<string>[] = [];
  for (const [index, event] of events.entries()) [place, effects] = nextShardPlace(place, event, index + 1);
  return { place, effects };
}

const a = { kind: "owner", node: "a" } as const;
const b = { kind: "owner", node: "b" } as const;
const granted = (attempt: number) => ({ kind: "granted", attempt }) as const;
const refused = (attempt: number) => ({ kind: "refused", attempt, problem: "no" }) as const;

describe("the place of a subscription to sharded channels", () => {
  it("a process subscribes at the owner of the slot, and then reads what it may have missed", () => {
    assert.deepEqual(play(a), {
      place: { kind: "asking", node: "a", attempt: 1 },
      effects: [{ kind: "subscribe", node: "a", attempt: 1 }],
    });
    assert.deepEqual(play(a, granted(1)), {
      place: { kind: "subscribed", node: "a" },
      effects: [{ kind: "subscribed" }],
    });
    assert.deepEqual(play(a, granted(1), a).effects, [], "the same owner again is nothing new");
  });

  it("it follows the slot to another owner, and leaves the first", () => {
    const { place, effects } = play(a, granted(1), b);
    assert.equal(place.kind, "asking");
    assert.deepEqual(effects, [
      { kind: "unsubscribe", node: "a" },
      { kind: "subscribe", node: "b", attempt: 3 },
    ]);
    assert.deepEqual(play(a, granted(1), b, granted(3)).effects, [{ kind: "subscribed" }]);
  });

  it("once a connection has ended or the slot has moved, the owner is asked for", () => {
    const left = { kind: "left", node: "a" } as const;
    assert.deepEqual(play(a, granted(1), left), { place: { kind: "nowhere" }, effects: [{ kind: "findOwner" }] });
    assert.deepEqual(play(a, left).place, { kind: "nowhere" });
    assert.deepEqual(play(a, refused(1), left).place, { kind: "nowhere" });
    assert.deepEqual(play(a, granted(1), left, left).effects, [], "of the pushes for each channel, one counts");
    assert.deepEqual(play(a, granted(1), b, left).place, { kind: "asking", node: "b", attempt: 3 });
    assert.deepEqual(play(a, left, granted(1)).place, { kind: "nowhere" }, "the answer came too late");
  });

  it("an owner that is not known changes nothing", () => {
    assert.deepEqual(play({ kind: "owner", node: undefined }).place, { kind: "nowhere" });
    assert.deepEqual(play(a, granted(1), { kind: "owner", node: undefined }).place, { kind: "subscribed", node: "a" });
  });

  it("of several attempts the last one counts, because it is for all channels", () => {
    const wanted = { kind: "wanted" } as const;
    assert.deepEqual(play(wanted).place, { kind: "nowhere" });
    assert.deepEqual(play(a, wanted).effects, [{ kind: "subscribe", node: "a", attempt: 2 }]);
    assert.deepEqual(play(a, wanted, granted(1)).place, { kind: "asking", node: "a", attempt: 2 });
    assert.deepEqual(play(a, wanted, refused(1)).place, { kind: "asking", node: "a", attempt: 2 });
    assert.deepEqual(play(a, wanted, granted(2)).place, { kind: "subscribed", node: "a" });
    assert.deepEqual(play(a, granted(1), wanted).place, { kind: "asking", node: "a", attempt: 3 });
  });

  it("a refusal is said, and asked about again at the next look", () => {
    assert.deepEqual(play(a, refused(1)), {
      place: { kind: "refused", node: "a" },
      effects: [{ kind: "refused", problem: "no" }],
    });
    assert.deepEqual(play(a, refused(1), a).place, { kind: "asking", node: "a", attempt: 3 });
  });

  it("a process that may receive and not publish counts as refused until an attempt succeeds", () => {
    const unpublished = { kind: "unpublished", problem: "no" } as const;
    assert.deepEqual(play(a, granted(1), unpublished), {
      place: { kind: "refused", node: "a" },
      effects: [{ kind: "refused", problem: "no" }],
    });
    assert.deepEqual(play(a, granted(1), unpublished, unpublished).effects, [], "it is said once");
    assert.deepEqual(play(a, granted(1), unpublished, a, granted(4)).place, { kind: "subscribed", node: "a" });
    assert.deepEqual(play(unpublished).place, { kind: "nowhere" });
  });

  it("an attempt without an answer is made again at the next look", () => {
    const failed = { kind: "failed", attempt: 1 } as const;
    assert.deepEqual(play(a, failed), { place: { kind: "nowhere" }, effects: [] });
    assert.deepEqual(play(a, failed, a).place, { kind: "asking", node: "a", attempt: 3 });
  });
});
