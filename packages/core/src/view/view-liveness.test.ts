import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { newViewLiveness, nextViewLiveness, type ViewLiveness, viewLivenessDueMs } from "./view-liveness.js";

/**
 * Plays a story: one line an event, `time beat age` or `time tick`, in seconds; gives each change of state as
 * `time state`. Ticks that fall due on the way come by themselves, on time.
 */
function play(story: string): string[] {
  let nowMs = 0;
  let liveness: ViewLiveness = newViewLiveness(0, () => 0.5);
  const changes: string[] = ["0 searching"];
  const step = (event: Parameters<typeof nextViewLiveness>[1]) => {
    const before = liveness.state;
    liveness = nextViewLiveness(liveness, event, nowMs, () => 0.5);
    if (liveness.state !== before) changes.push(`${nowMs / 1_000} ${liveness.state}`);
  };
  for (const line of story.trim().split("\n")) {
    const [at = "", what, age = "0"] = line.trim().split(/\s+/);
    const untilMs = Number(at) * 1_000;
    while (what !== "late" && (viewLivenessDueMs(liveness) ?? Number.POSITIVE_INFINITY) < untilMs) {
      nowMs = Math.max(nowMs, viewLivenessDueMs(liveness) ?? nowMs);
      step({ type: "tick" });
    }
    nowMs = untilMs;
    step(what === "beat" ? { type: "beat", ageMs: Number(age) * 1_000 } : { type: "tick" });
  }
  return changes;
}

const stories: readonly { readonly title: string; readonly story: string; readonly states: readonly string[] }[] = [
  {
    title: "a view with a beat every two seconds stays fresh",
    story: "0.2 beat 0\n2 beat 0\n4 beat 0\n6 beat 0\n8 beat 0",
    states: ["0 searching", "0.2 fresh"],
  },
  {
    title: "a process that finds no view within a second or so goes standalone, until the first beat",
    story: "5 tick\n6 beat 0.1",
    states: ["0 searching", "1.25 standalone", "6 fresh"],
  },
  {
    title:
      "a view is stale after 10 s without a beat and orphan after 60 s; then the process goes standalone in its turn",
    story: "1 beat 0\n80 tick",
    states: ["0 searching", "1 fresh", "11 stale", "61 orphan", "66 standalone"],
  },
  {
    title: "one beat makes the view fresh again in every state",
    story: "1 beat 0\n20 beat 0\n90 beat 0\n161 tick\n170 beat 0",
    states: [
      "0 searching",
      "1 fresh",
      "11 stale",
      "20 fresh",
      "30 stale",
      "80 orphan",
      "85 standalone",
      "90 fresh",
      "100 stale",
      "150 orphan",
      "155 standalone",
      "170 fresh",
    ],
  },
  {
    title: "a process that starts with a view left behind long ago goes standalone at once",
    story: "0.1 beat 7200\n0.2 tick",
    states: ["0 searching", "0.1 orphan", "0.1 standalone"],
  },
  {
    title: "the age of a found view counts from when it was written",
    story: "0.1 beat 30\n40 tick",
    states: ["0 searching", "0.1 stale", "30.1 orphan", "35.1 standalone"],
  },
  {
    title: "a jump of the store's clock does not make a live view look old",
    story: "1 beat 0\n3 beat 3600\n5 beat 3600\n7 beat -3600",
    states: ["0 searching", "1 fresh"],
  },
  {
    title: "the time in which the process itself did not run does not age the view",
    story: "1 beat 0\n100 late\n100.5 beat 0",
    states: ["0 searching", "1 fresh"],
  },
  {
    title: "after a pause the process waits one second for a beat before it believes that there is none",
    story: "1 beat 0\n100 late\n103 tick\n120 tick",
    states: ["0 searching", "1 fresh", "101 orphan", "106 standalone"],
  },
];

describe("view liveness", () => {
  for (const { title, story, states } of stories) it(title, () => assert.deepEqual(play(story), states));

  it("a view is always fresh right after a beat, and a deadline is pending in every state but standalone", () => {
    const event = fc.record({ afterMs: fc.nat(90_000), ageMs: fc.nat(5_000), isBeat: fc.boolean() });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let nowMs = 0;
        let liveness = newViewLiveness(0, Math.random);
        for (const { afterMs, ageMs, isBeat } of events) {
          nowMs += afterMs;
          liveness = nextViewLiveness(
            liveness,
            isBeat ? { type: "beat", ageMs } : { type: "tick" },
            nowMs,
            Math.random,
          );
          if (isBeat) assert.equal(liveness.state, "fresh");
          assert.equal(viewLivenessDueMs(liveness) === undefined, liveness.state === "standalone");
        }
      }),
    );
  });
});
