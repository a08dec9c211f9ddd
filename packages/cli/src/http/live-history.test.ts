import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryStore } from "@rollcall/coordinator";
import { RollcallError } from "@rollcall/core";
import type { HistoryEntry } from "@rollcall/core/view";
import { ManualTimers, settled } from "@rollcall/testing";
import { LiveHistory } from "./live-history.js";

const entry = (atMs: number): HistoryEntry => ({ atMs, event: "node.down", text: `at ${atMs}`, by: "r1" });
const times = (entries: readonly HistoryEntry[] | undefined) => entries?.map(({ atMs }) => atMs);

async function start() {
  const timers = new ManualTimers();
  const store = createMemoryStore(timers);
  const lease = await store.acquire("a", 0);
  assert.ok(lease !== undefined);
  const redis = { isAway: false, reads: 0, announces: true };
  const history = new LiveHistory({
    timers,
    store: {
      onHistory: (listener) => store.onHistory((news) => (redis.announces ? listener(news) : undefined)),
      readHistory: async () => {
        redis.reads++;
        if (redis.isAway) throw new RollcallError("REDIS", "Redis: no answer");
        return store.readHistory();
      },
    },
  });
  const seen: (readonly HistoryEntry[])[] = [];
  const add = (...entries: HistoryEntry[]) => store.addHistory(lease, entries, 1);
  return { history, timers, redis, seen, add, listen: () => history.onChange((entries) => seen.push(entries)) };
}

describe("live history", () => {
  it("a page gets what there was before it was opened, and what comes later at once", async () => {
    const { history, seen, add, listen } = await start();
    await add(entry(1));
    assert.deepEqual(times(await history.read()), [1]);
    listen();
    await add(entry(1), entry(2));
    assert.deepEqual(times(seen.at(-1)), [1, 2]);
    history.close();
  });

  it("an entry whose announcement is lost comes within half a minute, and nothing is read while no page is open", async () => {
    const { history, timers, redis, seen, add, listen } = await start();
    timers.advance(300_000);
    assert.equal(redis.reads, 0);
    const stop = listen();
    await settled();
    redis.announces = false;
    await add(entry(7));
    assert.equal(seen.length, 0);
    timers.advance(30_000);
    await settled();
    assert.deepEqual(times(seen.at(-1)), [7]);
    stop();
    timers.advance(30_000);
    const { reads } = redis;
    timers.advance(300_000);
    assert.equal(redis.reads, reads);
    history.close();
  });

  it("while Redis is away it is what this process has", async () => {
    const { history, redis, add } = await start();
    await add(entry(3));
    redis.isAway = true;
    assert.deepEqual(times(await history.read()), [3]);
    history.close();
  });
});
