import assert from "node:assert/strict";
import { it } from "node:test";
import { credentialIn, credentialRenewal, type RenewalEvent, type RenewalState } from "./credential-renewal.js";

/** Plays events at their times, each `[atMs, event]`; ticks come by themselves. Returns when the function was called. */
function play(events: readonly (readonly [number, RenewalEvent<string>])[], untilMs: number, random = 0.5) {
  const { next, dueMs, tick } = credentialRenewal<string>(() => random);
  let state: RenewalState<string> = { kind: "idle" };
  const asked: number[] = [];
  const send = (event: RenewalEvent<string>, atMs: number) => {
    const [after, effects] = next(state, event, atMs);
    state = after;
    for (const _ of effects) asked.push(atMs);
  };
  const tickUntil = (limitMs: number) => {
    for (let due = dueMs(state); due !== undefined && due <= limitMs; due = dueMs(state)) send(tick, due);
  };
  for (const [atMs, event] of events) {
    tickUntil(atMs);
    send(event, atMs);
  }
  tickUntil(untilMs);
  return { asked, credential: credentialIn(state), kind: state.kind };
}

const given = (lastsMs?: number): RenewalEvent<string> => ({ type: "given", credential: "one", lastsMs });

it("a credential without a time is asked for again after about 30 s", () => {
  for (const [random, dueMs] of [
    [0, 27_000],
    [0.5, 30_000],
    [1, 33_000],
  ] as const) {
    const { asked } = play(
      [
        [0, { type: "begin" }],
        [0, given()],
      ],
      40_000,
      random,
    );
    assert.deepEqual(asked, [0, dueMs]);
  }
});

it("a credential is asked for ahead of its end: by chance within its second half, and two to four minutes before at most", () => {
  const askedAt = (lastsMs: number, random: number) =>
    play(
      [
        [0, { type: "begin" }],
        [0, given(lastsMs)],
      ],
      90_000_000,
      random,
    ).asked[1];
  assert.deepEqual([askedAt(8_000, 0), askedAt(8_000, 1)], [6_000, 4_000]);
  assert.deepEqual([askedAt(3_600_000, 0), askedAt(3_600_000, 1)], [3_480_000, 3_360_000]);
  assert.equal(askedAt(30 * 86_400_000, 0), 86_400_000, "a timer of Node bears no month");
  assert.equal(askedAt(-5_000, 0), 1_000, "one that is over already");
});

it("after a refusal a credential is asked for at once, but once a second at the most", () => {
  const refused: RenewalEvent<string> = { type: "refused" };
  const { asked } = play(
    [
      [0, { type: "begin" }],
      [0, given()],
      [400, refused],
      [500, refused],
      [1_000, given()],
      [5_000, refused],
    ],
    5_500,
  );
  assert.deepEqual(asked, [0, 1_000, 5_000]);
});

it("while a call runs, no other begins", () => {
  const { asked } = play(
    [
      [0, { type: "begin" }],
      [5_000, { type: "refused" }],
      [9_000, { type: "begin" }],
    ],
    20_000,
  );
  assert.deepEqual(asked, [0]);
});

it("after failures the credential stays, and the time to the next call doubles up to 30 s; a refusal shortens it", () => {
  const events: (readonly [number, RenewalEvent<string>])[] = [
    [0, { type: "begin" }],
    [0, given(8_000)],
  ];
  const fail = (atMs: number) => events.push([atMs, { type: "failed" }]);
  for (const atMs of [4_000, 5_000, 7_000, 11_000]) fail(atMs);
  // With a chance of 1, the credential is asked for at 4 s, and waits are 1 s, 2 s, 4 s and 8 s.
  const waiting = play(events, 18_999, 1);
  assert.deepEqual([waiting.asked, waiting.credential], [[0, 4_000, 5_000, 7_000, 11_000], "one"]);
  assert.deepEqual(play([...events, [12_500, { type: "refused" }]], 18_999, 1).asked.at(-1), 12_500);
  for (const atMs of [19_000, 35_000, 65_000]) fail(atMs);
  assert.deepEqual(play(events, 95_000, 1).asked.slice(5), [19_000, 35_000, 65_000, 95_000]);
});

it("before there is any credential, a function that fails is called once a second", () => {
  const failed: RenewalEvent<string> = { type: "failed" };
  const { asked, credential } = play(
    [
      [0, { type: "begin" }],
      [0, failed],
      [1_000, failed],
      [2_000, failed],
    ],
    3_000,
  );
  assert.deepEqual([asked, credential], [[0, 1_000, 2_000, 3_000], undefined]);
});
