import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { newViewLiveness, nextViewLiveness, type ViewLiveness, viewLivenessDueMs } from "./view-liveness.js";

/**
 * Plays a story: one line an event, `time heard age` or `time tick`, in seconds; gives each change of state as
 * `time state`. Ticks that fall due on the way come by themselves, on time.
 */
function play(story: string): string[] {
  let nowMs = 0;
  let following: ViewLiveness = newViewLiveness(0, () => 0.5);
  const changes: string[] = ["0 searching"];
  const step = (event: Parameters<typeof nextViewLiveness>[1]) => {
    const before = following.state;
    following = nextViewLiveness(following, event, nowMs, () => 0.5);
    if (following.state !== before) changes.push(`${nowMs / 1_000} ${following.state}`);
  };
  for (const line of story.trim().split("\n")) {
    const [at = "", what, age = "0"] = line.trim().split(/\s+/);
    const untilMs = Number(at) * 1_000;
    while (what !== "late" && (viewLivenessDueMs(following) ?? Number.POSITIVE_INFINITY) < untilMs) {
      nowMs = Math.max(nowMs, viewLivenessDueMs(following) ?? nowMs);
      step({ type: "tick" });
    }
    nowMs = untilMs;
    step(what === "heard" ? { type: "heard", ageMs: Number(age) * 1_000 } : { type: "tick" });
  }
  return changes;
}

const stories: readonly { readonly title: string; readonly story: string; readonly states: readonly string[] }[] = [
  {
    title: "follows a view that is beaten every two seconds",
    story: "0.2 heard 0\n2 heard 0\n4 heard 0\n6 heard 0\n8 heard 0",
    states: ["0 searching", "0.2 fresh"],
  },
  {
    title: "watches for itself where no view is found within a second or so, and ends that with the first beat",
    story: "5 tick\n6 heard 0.1",
    states: ["0 searching", "1.25 alone", "6 fresh"],
  },
  {
    title:
      "takes marks for hints after 10 s without a beat, and watches for itself after 60 s, in its turn of the fleet",
    story: "1 heard 0\n80 tick",
    states: ["0 searching", "1 fresh", "11 stale", "61 orphan", "66 alone"],
  },
  {
    title: "follows again as soon as somebody beats, wherever it stands",
    story: "1 heard 0\n20 heard 0\n90 heard 0\n161 tick\n170 heard 0",
    states: [
      "0 searching",
      "1 fresh",
      "11 stale",
      "20 fresh",
      "30 stale",
      "80 orphan",
      "85 alone",
      "90 fresh",
      "100 stale",
      "150 orphan",
      "155 alone",
      "170 fresh",
    ],
  },
  {
    title: "begins with a view that was left behind long ago, and watches for itself at once",
    story: "0.1 heard 7200\n0.2 tick",
    states: ["0 searching", "0.1 orphan", "0.1 alone"],
  },
  {
    title: "counts the age of a view that it finds from when it was written",
    story: "0.1 heard 30\n40 tick",
    states: ["0 searching", "0.1 stale", "30.1 orphan", "35.1 alone"],
  },
  {
    title: "does not take a live view for an old one because the store's clock was set",
    story: "1 heard 0\n3 heard 3600\n5 heard 3600\n7 heard -3600",
    states: ["0 searching", "1 fresh"],
  },
  {
    title: "blames nobody for the time in which it did not run itself",
    story: "1 heard 0\n100 late\n100.5 heard 0",
    states: ["0 searching", "1 fresh"],
  },
  {
    title: "believes the silence once it has run for a second and still hears nothing",
    story: "1 heard 0\n100 late\n103 tick\n120 tick",
    states: ["0 searching", "1 fresh", "101 orphan", "106 alone"],
  },
];

describe("following a shared view", () => {
  for (const { title, story, states } of stories) it(title, () => assert.deepEqual(play(story), states));

  it("is always fresh right after a beat, and always wakes by itself unless it is alone", () => {
    const event = fc.record({ afterMs: fc.nat(90_000), ageMs: fc.nat(5_000), heard: fc.boolean() });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let nowMs = 0;
        let following = newViewLiveness(0, Math.random);
        for (const { afterMs, ageMs, heard } of events) {
          nowMs += afterMs;
          following = nextViewLiveness(
            following,
            heard ? { type: "heard", ageMs } : { type: "tick" },
            nowMs,
            Math.random,
          );
          if (heard) assert.equal(following.state, "fresh");
          assert.equal(viewLivenessDueMs(following) === undefined, following.state === "alone");
        }
      }),
    );
  });
});
