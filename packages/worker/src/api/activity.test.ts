import assert from "node:assert/strict";
import { it } from "node:test";
import { Activity } from "./activity.js";

it("a pool is idle once its last request and its last task have ended", async () => {
  const activity = new Activity();
  activity.countRequest("requests");
  activity.countTask(1);
  let isIdle = false;
  const idle = activity.whenIdle(60_000).then(() => {
    isIdle = true;
  });
  activity.countRequest("TIMEOUT");
  await Promise.resolve();
  assert.equal(isIdle, false);
  activity.countTask(-1);
  await idle;
});

it("a second close with a shorter time shortens the first one", async () => {
  const activity = new Activity();
  activity.countRequest("requests");
  const first = activity.whenIdle(60_000);
  await Promise.all([first, activity.whenIdle(0)]);
  assert.equal(activity.pendingRequests, 1);
});
