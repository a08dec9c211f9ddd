import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { createTable } from "../table/layout.js";
import { TableReader } from "../table/reader.js";
import { endpointOf } from "./dispatch-rig.test.support.js";
import { NodePools } from "./node-pools.js";

const settings = {
  ...{ perNode: 4, opening: 4, idleMs: 20_000, maxAgeMs: 1_800_000, connectTimeoutMs: 20_000 },
  ...{ maxResponseBytes: 1_000, unpacksAnswers: false, packsAboveBytes: undefined },
};

it("a node has a pool from its first request on, and none once all connections have been ended", async () => {
  const layout = { slots: 4, threads: 1 };
  const [timers, nowMs] = [new ManualTimers(), () => 0];
  const reader = new TableReader({ words: createTable(layout), layout, thread: 0, inFlightMax: 4, nowMs });
  const own = { drainMs: 1_000, random: () => 0.5, ranMs: nowMs, wallNowMs: nowMs, released: () => {} };
  const pools = new NodePools({ reader, settings, timers, ...own });
  pools.apply([{ slot: 0, generation: 1, endpoint: endpointOf("http://127.0.0.1:9") }]);
  assert.ok(pools.has(0));
  assert.notEqual(pools.get(0), undefined);
  assert.equal(pools.get(1), undefined, "no list names it");
  await pools.destroy();
  assert.ok(!pools.has(0));
  assert.equal(pools.get(0), undefined);
});

it("a long list is compared ahead in steps of 512 nodes, changes nothing until it is applied, and then releases what is gone", () => {
  const layout = { slots: 4_096, threads: 1 };
  const [timers, nowMs] = [new ManualTimers(), () => 0];
  const reader = new TableReader({ words: createTable(layout), layout, thread: 0, inFlightMax: 4, nowMs });
  const released: number[] = [];
  const own = { drainMs: 1_000, random: () => 0.5, ranMs: nowMs, wallNowMs: nowMs };
  const pools = new NodePools({ reader, settings, timers, ...own, released: (slot) => released.push(slot) });
  const listOf = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => {
      return { slot: from + at, generation: 1, endpoint: endpointOf(`http://127.0.0.1:${from + at + 1}`) };
    });
  pools.apply(listOf(0, 2_048));
  const next = listOf(2_000, 4_096);
  const steps = pools.prepare(next);
  let pauses = 0;
  while (steps.next().done !== true) pauses++;
  assert.equal(pauses, Math.floor((next.length + 2_048) / 512));
  assert.deepEqual([pools.has(0), pools.has(3_000), released], [true, false, []]);
  pools.apply(next);
  assert.deepEqual([pools.has(0), pools.has(2_000), pools.has(3_000)], [false, true, true]);
  assert.deepEqual(
    released,
    Array.from({ length: 2_000 }, (_, slot) => slot),
  );
  [...pools.prepare(listOf(0, 10))];
  pools.apply(listOf(0, 1));
  assert.deepEqual([pools.has(0), pools.has(1)], [true, false], "another list than the one that was compared");
});
