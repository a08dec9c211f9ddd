import assert from "node:assert/strict";
import { it } from "node:test";
import { RollcallError } from "@rollcall/core";
import { collectingLogger, ManualTimers } from "@rollcall/testing";
import { HistoryRecorder } from "./history-recorder.js";
import { createMemoryStore } from "./store/memory-store.js";
import { WarnOnce } from "./warn-once.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Recorders of several processes over one store, which may be away, or lose all it has. */
function recording() {
  const timers = new ManualTimers(1_000);
  const first = createMemoryStore(timers);
  const logger = collectingLogger();
  const writes: number[] = [];
  let store = first;
  let isAway = false;
  const watched = {
    ...first,
    addHistory: async (...[lease, entries, added]: Parameters<typeof first.addHistory>) => {
      if (isAway) throw new RollcallError("REDIS", "no reply");
      writes.push(added);
      return store.addHistory(lease, entries, added);
    },
  };
  const open = (replica: string) =>
    new HistoryRecorder({ store: watched, timers, replica, warnings: new WarnOnce(logger) });
  const pass = async (ms: number) => {
    timers.advance(ms);
    await turn();
  };
  const kept = async () => (await store.readHistory())?.map(({ atMs, event, by }) => `${atMs} ${event} ${by}`);
  const setAway = (away: boolean) => {
    isAway = away;
  };
  const lead = async (leader: string) => (await store.acquire(leader, 0)) ?? assert.fail("no lease");
  const empty = () => {
    store = createMemoryStore(timers);
  };
  return { timers, store: first, logger, writes, open, pass, kept, setAway, lead, empty };
}

it("what a leader records is written together within a second, with its time and its author", async () => {
  const { timers, store, writes, open, pass, kept, lead } = recording();
  const history = open("r1");
  history.record({ event: "leader.elected", text: "leads" });
  history.begin(await lead("r1"), undefined);
  await pass(400);
  const node = { key: "id2@es2:9200", address: "es2:9200", name: "es2" };
  history.record({ event: "operation.drain", node, text: "drained\n for 1 h", by: "ops@laptop" });
  assert.equal(await kept(), undefined);
  await pass(600);
  assert.deepEqual(await kept(), ["1000 leader.elected r1", "1400 operation.drain ops@laptop"]);
  assert.deepEqual((await store.readHistory())?.at(-1), {
    ...{ atMs: 1_400, event: "operation.drain", node, text: "drained\ufffd for 1 h", by: "ops@laptop" },
  });
  assert.deepEqual(writes, [2]);
  await pass(60_000);
  assert.deepEqual([writes, timers.nowMs()], [[2], 62_000]);
});

it("the next leader continues the history, and what was left when a term ended is in it", async () => {
  const { store, open, pass, kept, lead } = recording();
  const [first, second] = [open("r1"), open("r2")];
  second.start();
  const held = await lead("r1");
  first.begin(held, undefined);
  first.record({ event: "leader.elected", text: "leads" });
  await first.end();
  await store.release(held);
  await pass(10);
  second.record({ event: "leader.handed-over", text: "r1 has given its lease back" });
  second.begin(await lead("r2"), await store.readHistory());
  await pass(1_000);
  assert.deepEqual(await kept(), ["1000 leader.elected r1", "1010 leader.handed-over r2"]);
});

it("a process that does not lead keeps a copy, and fills an emptied store with it once it leads", async () => {
  const { open, pass, kept, lead, empty } = recording();
  const leader = open("r1");
  const standby = open("r2");
  standby.start();
  leader.begin(await lead("r1"), undefined);
  leader.record({ event: "node.down", text: "node es2 is down" });
  await pass(1_000);
  empty();
  standby.record({ event: "view.refilled", text: "the store holds no view" });
  standby.begin(await lead("r2"), undefined);
  await standby.end();
  assert.deepEqual(await kept(), ["1000 node.down r1", "2000 view.refilled r2"]);
});

it("what the store did not take is written once it answers, with one warning meanwhile", async () => {
  const { logger, writes, open, pass, kept, setAway, lead } = recording();
  const history = open("r1");
  history.begin(await lead("r1"), undefined);
  setAway(true);
  history.record({ event: "node.down", text: "es2 is down" });
  for (let second = 0; second < 5; second++) await pass(1_000);
  history.record({ event: "node.recovered", text: "es2 is back" });
  setAway(false);
  for (let second = 0; second < 2; second++) await pass(1_000);
  assert.deepEqual(await kept(), ["1000 node.down r1", "6000 node.recovered r1"]);
  assert.deepEqual([writes, logger.messages("warn", "could not be written").length], [[2], 1]);
});

it("a leader whose lease is lost adds nothing", async () => {
  const { store, open, pass, kept, lead } = recording();
  const history = open("r1");
  const held = await lead("r1");
  history.begin(held, undefined);
  await store.release(held);
  history.record({ event: "node.down", text: "es2 is down" });
  await pass(1_000);
  await history.end();
  assert.equal(await kept(), undefined);
});
