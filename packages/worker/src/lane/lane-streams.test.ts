import assert from "node:assert/strict";
import { it } from "node:test";
import { LaneStreams } from "./lane-streams.js";

/** How many requests of so many streams each get their windows. */
function requestsTaken(streams: LaneStreams, of: number): number {
  let count = 0;
  while (streams.hasRoom(of)) streams.takeWindows(count++, of);
  return count;
}

it("a request that streams both ways holds two windows of its thread, and its end frees both", () => {
  const streams = new LaneStreams();
  const requests = requestsTaken(new LaneStreams(), 1);
  assert.equal(requestsTaken(streams, 2), requests / 2);
  streams.release(requests / 2 - 1);
  assert.equal(streams.hasRoom(2), true);
  streams.takeWindows(requests, 2);
  assert.equal(streams.hasRoom(1), false);
});
