import assert from "node:assert/strict";
import { afterEach, it } from "node:test";
import type { View } from "@rollcall/core/view";
import { closeAll, cluster, coordinating, fromSniff, heartbeatOf, markAt } from "./coordinating.test.support.js";
import type { ViewStore } from "./store/view-store.js";

afterEach(closeAll);

const eventsOf = async (store: ViewStore) => (await store.readHistory())?.map(({ event }) => event);
const hasNodes = (count: number) => (view: View) => fromSniff(view) && view.topology.nodes.length === count;

it("the history tells of a node that goes down and returns, by whom, on which evidence, in the words of the log", async () => {
  const { at, urls } = await cluster(2);
  const { store, when, pass, logger } = coordinating({ nodes: urls }, { name: "logs", replica: "r1" });
  await when("both are listed", hasNodes(2));
  await at(2).down();
  await when("it is down", (view) => markAt(view, at(2)) === "down");
  await at(2).up();
  await when("it is back", (view) => markAt(view, at(2)) === "slow-start");
  await pass(1_500);
  const told = (await store.readHistory())?.filter(({ node }) => node?.key === `id2@${at(2).address}`) ?? [];
  assert.deepEqual(
    told.map(({ event }) => event).filter((event) => event === "node.down" || event === "node.recovered"),
    ["node.down", "node.recovered"],
  );
  const [down] = told.filter(({ event }) => event === "node.down");
  assert.match(down?.text ?? "", /^node n2 \(.*\) is down: connection refused \(\d failed probes/);
  assert.deepEqual([down?.by, down?.node], ["r1", { key: `id2@${at(2).address}`, address: at(2).address, name: "n2" }]);
  for (const { text } of told) assert.equal(logger.lines.filter((line) => line.endsWith(text)).length, 1, text);
});

it("the next leader says how the last one ended, and the history has the changes of both", async () => {
  const { urls } = await cluster(1);
  const first = coordinating({ nodes: urls }, { name: "logs", leader: "r1", replica: "r1" });
  await first.when("the node is listed", hasNodes(1));
  const { store, timers } = first;
  const second = coordinating({ nodes: urls }, { name: "logs", leader: "r2", replica: "r2", store, timers });
  await second.pass(3_000);
  await first.close();
  await second.when("the second leads", ({ head }) => head.topology.leader === "r2");
  await second.pass(1_500);
  const leaders = (await eventsOf(store))?.filter((event) => event.startsWith("leader."));
  assert.deepEqual(leaders, ["leader.elected", "leader.ended", "leader.elected", "leader.handed-over"]);
  assert.deepEqual(second.logger.messages("info", "the last leader"), [
    "the last leader, replica r1, has given its lease back",
  ]);
});

it("the leader says which replica is lost, once its heartbeat is missing, and which has ended by itself", async () => {
  const { urls } = await cluster(1);
  const { store, pass, logger } = coordinating({ nodes: urls }, { name: "logs" });
  for (let beat = -4; beat < 15; beat++) {
    store.heartbeat(heartbeatOf("r1"));
    if (beat === 0 || beat === 1) store.heartbeat(heartbeatOf("r2"));
    if (beat === 0 || beat === 1) store.heartbeat(heartbeatOf("r3", beat === 1 ? { ending: true } : {}));
    await pass(5_000);
  }
  assert.deepEqual(logger.messages("info", "sends no heartbeat"), [
    "replica r2 (app, pid 1) sends no heartbeat any more",
  ]);
  assert.deepEqual(logger.messages("info", "has ended"), ["replica r3 (app, pid 1) has ended"]);
  const told = (await eventsOf(store))?.filter((event) => /^replica\.l/.test(event));
  assert.deepEqual(told, ["replica.left", "replica.lost"]);
});

it("a view that is one process's own, as during an outage, never says that it leads the shared one", async () => {
  const { urls } = await cluster(1);
  const pace = { intervalMs: 300_000, jitter: 0.5 };
  const { store, when, pass, logger, close } = coordinating({ nodes: urls }, { name: "logs", pace });
  await when("the node is listed", hasNodes(1));
  await pass(1_500);
  await close();
  assert.deepEqual(
    logger.lines.filter((line) => /lead/.test(line)),
    [],
  );
  assert.deepEqual(
    (await eventsOf(store))?.filter((event) => event.startsWith("leader.")),
    [],
  );
});
