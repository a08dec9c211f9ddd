import assert from "node:assert/strict";
import { it } from "node:test";
import type { View } from "@rollcall/core/view";
import { collectingLogger, ManualTimers } from "@rollcall/testing";
import { heartbeatOf } from "./coordinating.test.support.js";
import { Ejections } from "./ejections.js";
import { FleetChanges } from "./fleet-changes.js";
import type { HistoryNews } from "./history-recorder.js";

function telling(view?: ConstructorParameters<typeof Ejections>[0]["view"]) {
  const timers = new ManualTimers();
  const logger = collectingLogger();
  const news: HistoryNews[] = [];
  let leads = true;
  const parts = { timers, logger, history: { record: (one: HistoryNews) => news.push(one) }, isLeading: () => leads };
  const setLeading = (leading: boolean) => {
    leads = leading;
  };
  const texts = () => news.map(({ event, text }) => `${event}: ${text}`);
  return {
    ...{ timers, logger, texts, setLeading, news },
    fleet: new FleetChanges(parts),
    ejections: new Ejections({ ...parts, view: view ?? (() => undefined) }),
  };
}

it("a replica that is lost is one line; a rolling deploy of a thousand replicas is a line of each kind a minute", () => {
  const { timers, fleet, texts, logger } = telling();
  fleet.note("lost", heartbeatOf("a"));
  assert.deepEqual(texts(), []);
  timers.advance(5_000);
  assert.deepEqual(texts(), ["replica.lost: replica a (app, pid 1) sends no heartbeat any more"]);
  for (let second = 0; second < 600; second++) {
    fleet.note("joined", heartbeatOf(`new${second}`));
    fleet.note("lost", heartbeatOf(`old${second}`));
    timers.advance(1_000);
  }
  assert.ok(texts().length <= 22, `${texts().length}`);
  assert.match(
    texts().at(-2) ?? "",
    /^replica\.joined: 60 replicas share the view now: new5\d\d \(app, pid 1\), .* and 57 more$/,
  );
  assert.equal(
    logger.messages("info", "60 replicas").length,
    texts().filter((text) => / 60 replicas /.test(text)).length,
  );
});

it("a process that does not lead says nothing of the others, and says it once it leads only of what comes then", () => {
  const { timers, fleet, texts, setLeading } = telling();
  setLeading(false);
  fleet.note("lost", heartbeatOf("a"));
  timers.advance(5_000);
  setLeading(true);
  timers.advance(60_000);
  assert.deepEqual(texts(), []);
});

it("the first replica that ejects a node of the view is recorded with its reason, and that none does any longer", () => {
  const version = { epoch: 1, leader: "me", sequence: 1 };
  let marks: View["marks"]["nodes"] = {};
  const { ejections, texts, news } = telling(() => ({
    topology: { version, source: "sniff", nodes: [{ id: "n2", name: "es2", host: "es2", port: 9200 }] },
    marks: { version, nodes: marks },
    head: { topology: version, marks: version, beat: 1, atMs: 0, replicas: 2 },
  }));
  const avoids = [{ node: "n2@es2:9200", state: "ejected", reason: "connection refused", forMs: 5 }] as const;
  const ejected = { ejected: ["n2@es2:9200", "x@unknown:1"] };
  ejections.heartbeat(heartbeatOf("a", { ...ejected, avoids }));
  ejections.heartbeat(heartbeatOf("b", ejected));
  ejections.heartbeat(heartbeatOf("a"));
  assert.deepEqual(texts(), ["replica.ejected-node: node es2 (es2:9200) is ejected by replica a: connection refused"]);
  ejections.lost(heartbeatOf("b"));
  assert.deepEqual(texts().slice(1), [
    "replica.node-used-again: node es2 (es2:9200) is ejected by no replica any more",
  ]);
  assert.deepEqual(news[0]?.node, { key: "n2@es2:9200", address: "es2:9200", name: "es2" });
  marks = { "n2@es2:9200": { kind: "down", sinceMs: 0, reason: "connection refused" } };
  ejections.heartbeat(heartbeatOf("a", ejected));
  ejections.heartbeat(heartbeatOf("a"));
  assert.equal(texts().length, 3, "a node that is marked down has not returned");
});
