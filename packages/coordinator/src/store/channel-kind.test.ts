import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Heartbeat } from "@rollcall/core/view";
import { ManualTimers } from "@rollcall/testing";
import { type ChannelKind, FleetChannels, needsClassic } from "./channel-kind.js";

const heartbeat: Heartbeat = {
  ...{ replica: "r1", host: "h", pid: 1, role: "candidate", leading: false, freshness: "fresh" },
  ...{ ejected: [], threads: [] },
};
const sharded: Heartbeat = { ...heartbeat, sharded: true };

function fleet() {
  const timers = new ManualTimers();
  const state = { isReceiving: true, said: "classic" as ChannelKind };
  const channels = new FleetChannels({
    clock: timers,
    isReceiving: () => state.isReceiving,
    said: () => state.said,
  });
  return { timers, state, channels };
}

describe("the kind of channels of a fleet", () => {
  it("a leader names sharded channels once nothing has needed classic ones for 15 s", () => {
    const { timers, channels } = fleet();
    const sinceMs = timers.nowMs();
    channels.received("heartbeats", sharded, "classic");
    timers.advance(14_999);
    assert.equal(channels.kindFor(sinceMs), "classic");
    timers.advance(1);
    assert.equal(channels.kindFor(sinceMs), "sharded");
  });

  it("a heartbeat of a process that needs classic channels brings them back for all", () => {
    const { timers, channels } = fleet();
    const sinceMs = timers.nowMs();
    timers.advance(60_000);
    channels.received("heartbeats", heartbeat, "classic");
    assert.equal(channels.kindFor(sinceMs), "classic");
    timers.advance(10_000);
    channels.received("heartbeats", heartbeat, "classic");
    timers.advance(14_999);
    assert.equal(channels.kindFor(sinceMs), "classic");
    timers.advance(1);
    assert.equal(channels.kindFor(sinceMs), "sharded", "it has ended");
  });

  it("what a command of an older version asks for is published where it asked, before the leader has said so", () => {
    const { timers, state, channels } = fleet();
    state.said = "sharded";
    assert.deepEqual([channels.kindOf("heartbeats"), channels.kindOf("events")], ["sharded", "sharded"]);
    channels.received("statusRequests", {}, "classic");
    assert.deepEqual([channels.kindOf("heartbeats"), channels.kindOf("operationResults")], ["classic", "classic"]);
    assert.deepEqual([channels.kindOf("reports"), channels.kindOf("events")], ["sharded", "sharded"]);
    timers.advance(15_000);
    assert.equal(channels.kindOf("heartbeats"), "sharded");
    state.said = "classic";
    assert.equal(channels.kindOf("heartbeats"), "classic");
  });

  it("a new lease begins with classic channels", () => {
    const { timers, channels } = fleet();
    timers.advance(60_000);
    assert.equal(channels.kindFor(timers.nowMs()), "classic");
  });

  it("a leader that does not receive on all channels of both kinds names classic ones", () => {
    const { timers, state, channels } = fleet();
    const sinceMs = timers.nowMs();
    timers.advance(60_000);
    state.isReceiving = false;
    assert.equal(channels.kindFor(sinceMs), "classic");
    state.isReceiving = true;
    assert.equal(channels.kindFor(sinceMs), "sharded");
  });

  it("a command needs classic channels if it asks there although the head names the others", () => {
    assert.equal(needsClassic("statusRequests", {}, "classic", "sharded"), true);
    assert.equal(needsClassic("operations", {}, "classic", "sharded"), true);
    assert.equal(needsClassic("statusRequests", {}, "classic", "classic"), false);
    assert.equal(needsClassic("statusRequests", {}, "sharded", "sharded"), false);
    assert.equal(needsClassic("reports", {}, "classic", "sharded"), false, "its sender sends heartbeats, too");
    assert.equal(needsClassic("heartbeats", { ...heartbeat, ending: true }, "classic", "classic"), false, "it ends");
  });
});
