import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { newViewLiveness, nextViewLiveness, type ViewLiveness, viewLivenessDueMs } from "./view-liveness.js";

/**
 * Plays a story of events, `time beat age`, `time released age`, `time documents` or `time tick`, in seconds; gives each change of state as
 * `time state`. Ticks that fall due on the way come by themselves, on time.
 */
function play(story: string): string {
  let nowMs = 0;
  let liveness: ViewLiveness = newViewLiveness(0, () => 0.5);
  const changes: string[] = ["0 searching"];
  const step = (event: Parameters<typeof nextViewLiveness>[1]) => {
    const before = liveness.state;
    liveness = nextViewLiveness(liveness, event, nowMs, () => 0.5);
    if (liveness.state !== before) changes.push(`${nowMs / 1_000} ${liveness.state}`);
  };
  for (const line of story.split(", ")) {
    const [at = "", what, age = "0"] = line.split(" ");
    const untilMs = Number(at) * 1_000;
    while (what !== "late" && (viewLivenessDueMs(liveness) ?? Number.POSITIVE_INFINITY) < untilMs) {
      nowMs = Math.max(nowMs, viewLivenessDueMs(liveness) ?? nowMs);
      step({ type: "tick" });
    }
    nowMs = untilMs;
    const beat = { type: "beat", ageMs: Number(age) * 1_000 } as const;
    if (what === "beat") step(beat);
    else if (what === "released") step({ ...beat, released: true });
    else step({ type: what === "documents" ? "documents" : "tick" });
  }
  return changes.join(", ");
}

/** A sentence, and below it what happens, in the words of {@link play}, and the states that follow. */
const stories = `
a view with a beat every two seconds stays fresh
  0.2 beat 0, 2 beat 0, 4 beat 0, 6 beat 0, 8 beat 0  => 0 searching, 0.2 fresh
a process that finds no view within a second or so goes standalone, until the first beat
  5 tick, 6 beat 0.1  => 0 searching, 1.25 standalone, 6 fresh
a view is stale after 10 s without a beat and orphan after 60 s; then the process goes standalone in its turn
  1 beat 0, 80 tick  => 0 searching, 1 fresh, 11 stale, 61 orphan, 66 standalone
one young beat makes the view fresh again in every state
  1 beat 0, 20 beat 0, 90 beat 0, 161 tick, 170 beat 0  => 0 searching, 1 fresh, 11 stale, 20 fresh, 30 stale,
    80 orphan, 85 standalone, 90 fresh, 100 stale, 150 orphan, 155 standalone, 170 fresh
a process that starts with a view left behind long ago goes standalone at once
  0.1 beat 7200, 0.2 tick  => 0 searching, 0.1 orphan, 0.1 standalone
a beat of 5 s and more, as it lies in a Redis that is back, shows no leader: a stale view stays stale until a young one
  1 beat 0, 13 beat 9, 19 beat 5, 25 beat 4.9, 26 tick  => 0 searching, 1 fresh, 11 stale, 25 fresh
beats that come one after the other make the view fresh again, however old the store's clock makes them look
  1 beat 0, 20 beat 8, 22 beat 8, 23 tick  => 0 searching, 1 fresh, 11 stale, 22 fresh
an older beat takes a process out of no other state either: it stays orphan, and goes standalone in its turn
  1 beat 0, 62 beat 9, 70 tick, 71 beat 8, 77 released 0.1, 84 beat 5, 90 beat 1  => 0 searching, 1 fresh, 11 stale,
    61 orphan, 66 standalone, 90 fresh
a stale view has its minute from the newest beat, also from one too old to make it fresh
  1 beat 0, 13 beat 9, 90 tick  => 0 searching, 1 fresh, 11 stale, 64 orphan, 69 standalone
documents that come after their beat make a view neither fresh nor younger
  1 beat 0, 13 beat 9, 13.1 documents, 90 tick  => 0 searching, 1 fresh, 11 stale, 64 orphan, 69 standalone
a process that starts takes a beat of 9 s for fresh: it is the first it has
  0.1 beat 9, 1 tick, 2 tick  => 0 searching, 0.1 fresh, 1.1 stale
the age of a found view counts from when it was written
  0.1 beat 30, 40 tick  => 0 searching, 0.1 stale, 30.1 orphan, 35.1 standalone
a view whose leader gave the lease back a moment ago is not fresh for a process that starts, until another leads
  0.1 released 0.5, 5 beat 0, 6 tick  => 0 searching, 0.1 stale, 5 fresh
a process that starts with such a view, and finds no leader, goes standalone a minute after the last beat
  0.1 released 3, 70 tick  => 0 searching, 0.1 stale, 57.1 orphan, 62.1 standalone
a jump of the store's clock does not make a live view look old
  1 beat 0, 3 beat 3600, 5 beat 3600, 7 beat -3600  => 0 searching, 1 fresh
the time in which the process itself did not run does not age the view
  1 beat 0, 100 late, 100.5 beat 0  => 0 searching, 1 fresh
after a pause the process waits one second for a beat before it believes that there is none
  1 beat 0, 100 late, 103 tick, 120 tick  => 0 searching, 1 fresh, 101 orphan, 106 standalone
`;
for (const text of stories.trim().split(/\n(?! )/)) {
  const [title = "", ...lines] = text.split(/\n\s*/);
  const [story = "", states] = lines.join(" ").split("  => ");
  it(title, () => assert.equal(play(story), states));
}

it("a view is always fresh right after a young beat, and a deadline is pending in every state but standalone", () => {
  const event = fc.record({ afterMs: fc.nat(90_000), ageMs: fc.nat(4_999), isBeat: fc.boolean() });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      let nowMs = 0;
      let liveness = newViewLiveness(0, Math.random);
      for (const { afterMs, ageMs, isBeat } of events) {
        nowMs += afterMs;
        liveness = nextViewLiveness(liveness, isBeat ? { type: "beat", ageMs } : { type: "tick" }, nowMs, Math.random);
        if (isBeat) assert.equal(liveness.state, "fresh");
        assert.equal(viewLivenessDueMs(liveness) === undefined, liveness.state === "standalone");
      }
    }),
  );
});
