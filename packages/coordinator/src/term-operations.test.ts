import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { OperationRequest, OperationResult, View } from "@rollcall/core/view";
import { ManualTimers } from "@rollcall/testing";
import { closeAll, cluster, coordinating, fromSniff, markAt } from "./coordinating.test.support.js";
import { createMemoryStore } from "./store/memory-store.js";

afterEach(closeAll);

let ids = 0;
const origin = () => ({ id: `o${++ids}`, by: "ops@host", reason: "restart", atMs: 0 });
const drain = (node: string, forMs = 60_000): OperationRequest => {
  return { ...origin(), kind: "drain", node, forMs, force: false };
};
const drained = ({ marks }: View) => (marks.drains ?? []).map(({ name }) => name);

/** A leader of three nodes, and what it answers. */
async function leading(given: Parameters<typeof coordinating>[1] = {}) {
  const nodes = await cluster(3);
  const one = coordinating({ nodes: nodes.urls }, given);
  const results: OperationResult[] = [];
  one.store.onOperationResult((result) => results.push(result));
  await one.when("all nodes are listed", (view) => fromSniff(view) && view.topology.nodes.length === 3);
  const ask = async (request: OperationRequest): Promise<OperationResult | undefined> => {
    await one.store.sendOperation(request);
    for (let time = 0; time < 20 && results.at(-1)?.id !== request.id; time++) await one.pass(200);
    return results.at(-1);
  };
  return { ...one, ask, at: nodes.at, urls: nodes.urls };
}

describe("operations of a leader", () => {
  it("a drain is answered once it is published, with the version that has it, and logged with who and why", async () => {
    const { ask, pass, views, store, logger } = await leading();
    const seen: (readonly string[])[] = [];
    store.onOperationResult(() => seen.push(drained(views.at(-1) as View) as string[]));
    const result = await ask(drain("n2"));
    assert.equal(result?.outcome, "done", result?.text);
    const { marks } = views.at(-1) as View;
    assert.deepEqual([seen, result?.marks], [[["n2"]], marks.version]);
    assert.equal(result?.untilMs, marks.drains?.[0]?.untilMs);
    assert.equal(logger.messages("info", "is drained by ops@host until").length, 1);
    assert.match(logger.messages("info").at(-1) ?? "", /^node n2 \(127.* UTC: restart$/);
    await pass(2_000);
    const { event, node, by, text } = (await store.readHistory())?.at(-1) ?? {};
    assert.deepEqual([event, node?.name, by], ["operation.drain", "n2", "ops@host"]);
    assert.match(text ?? "", /^node n2 .* UTC: restart$/);
  });

  it("what is refused is answered at once, logged, and changes nothing", async () => {
    const { ask, views, logger } = await leading();
    const before = views.at(-1)?.marks.version;
    const result = await ask(drain("n4"));
    assert.match(result?.text ?? "", /^no node is called n4 \(nearest: n[123]\); the nodes are n/);
    assert.deepEqual([result?.outcome, result?.marks, views.at(-1)?.marks.version], ["refused", undefined, before]);
    assert.match(logger.messages("warn").at(-1) ?? "", /^drain by ops@host is refused: no node is called n4/);
  });

  it("a drain ends by itself, and goes on under the next leader until then", async () => {
    const timers = new ManualTimers();
    const store = createMemoryStore({ nowMs: () => timers.nowMs() + 1_000_000 });
    const { ask, close, urls } = await leading({ timers, store, leader: "first" });
    await ask(drain("n2", 60_000));
    await close();
    const second = coordinating({ nodes: urls }, { timers, store, leader: "second" });
    const { view } = await second.when("it leads", ({ head }) => head.marks.leader === "second");
    assert.deepEqual(drained(view), ["n2"]);
    await second.pass(50_000);
    assert.deepEqual(drained(second.views.at(-1) as View), ["n2"]);
    await second.when("it is over", (view) => drained(view).length === 0, 15_000);
    assert.equal(second.logger.messages("info", "is over: its time has passed").length, 1);
  });

  it("a down mark that an operator takes back is gone at once, and comes back on new evidence alone", async () => {
    const { ask, at, when, logger } = await leading();
    await at(3).down();
    await when("it is down", (view) => markAt(view, at(3)) === "down");
    const result = await ask({ ...origin(), kind: "unmark", node: "n3" });
    assert.equal(result?.outcome, "done", result?.text);
    assert.equal(logger.messages("info", "is in use: its down mark is taken back by ops@host").length, 1);
    await when("it is down again", (view) => markAt(view, at(3)) === "down");
  });

  it("the leader asks others than a drained node for the list", async () => {
    const { ask, at, pass } = await leading();
    await ask(drain("n1", 3_600_000));
    const before = at(1).asked.filter((path) => path.startsWith("/_nodes")).length;
    await pass(300_000);
    assert.equal(at(1).asked.filter((path) => path.startsWith("/_nodes")).length, before);
  });
});
