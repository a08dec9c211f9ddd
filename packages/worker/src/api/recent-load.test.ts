import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { createTable } from "../table/layout.js";
import { TableReader } from "../table/reader.js";
import { RecentTraffics } from "../table/recent-traffic.js";
import { TableTotals } from "../table/totals.js";
import { TableWriter } from "../table/writer.js";
import { recentLoad } from "./recent-load.js";

it("a heartbeat names 32 of thousands of nodes: those that drain with requests in flight, then those with the most requests", () => {
  const layout = { slots: 8_192, threads: 1 };
  const timers = new ManualTimers(1_000);
  const words = createTable(layout);
  const totals = new TableTotals(words, layout);
  const writer = new TableWriter(words);
  const reader = new TableReader({ words, layout, thread: 0, inFlightMax: 9, nowMs: () => timers.nowMs() });
  const traffics = new RecentTraffics(words, layout, totals, timers, () => ({ requests: 0, failed: 0 }));
  for (let slot = 0; slot < layout.slots; slot++) writer.assign(slot, 1);
  traffics.start();
  const request = (slot: number, times: number) => {
    for (let time = 0; time < times; time++) {
      reader.enter(slot);
      reader.leave(slot);
    }
  };
  for (let slot = 5_000; slot < 5_040; slot++) request(slot, 1 + (slot % 50));
  reader.enter(7_000);
  const placed = Array.from({ length: layout.slots }, (_, slot) => ({
    slot,
    record: { id: "", host: "es", port: slot + 1 },
    isDraining: () => slot === 7_000,
  }));
  const load = (listed: typeof placed) => {
    const sender = { stats: () => ({ queued: 0 }) };
    return (
      recentLoad({
        state: {
          *placed() {
            yield* listed;
          },
        },
        sender,
        totals,
        traffics,
      })?.nodes ?? []
    );
  };
  const named = load(placed);
  assert.deepEqual([named.length, named[0]?.node, named[0]?.inFlight], [32, "@es:7001", 1]);
  assert.deepEqual(
    named.slice(1).map(({ requests }) => requests),
    Array.from({ length: 31 }, (_, at) => 40 - at),
  );
  assert.deepEqual(
    load(placed.slice(0, 3)).map(({ node, requests, latency }) => [node, requests, latency]),
    [1, 2, 3].map((port) => [`@es:${port}`, 0, []]),
    "of a few nodes all are named",
  );
  traffics.close();
});
