import assert from "node:assert/strict";
import { it } from "node:test";
import { collectingLogger } from "@rollcall/testing";
import { PoolEmitter } from "./pool-events.js";

it("a listener that was added by once is called at the next event alone, also if it causes another event", () => {
  const emitter = new PoolEmitter(collectingLogger());
  const calls: string[] = [];
  const again = () => emitter.emit("view", { nodes: [], source: "seeds" });
  const always = () => calls.push("always");
  const once = () => {
    calls.push("once");
    again();
  };
  const removed = () => calls.push("removed");
  emitter.on("view", always);
  for (const listener of [once, always, removed]) emitter.once("view", listener);
  emitter.off("view", removed);
  again();
  again();
  assert.deepEqual(calls, ["always", "once", "always", "always"]);
});

it("an event of the pool reaches the listeners of its kind in order, whatever one of them throws, which is logged once, and none that was removed", async () => {
  const logger = collectingLogger();
  const emitter = new PoolEmitter(logger);
  const called: string[] = [];
  const removed = () => called.push("removed");
  emitter.on("view", () => called.push("first"));
  emitter.on("view", () => {
    throw new Error("broken");
  });
  emitter.on("view", async () => {
    throw new Error("broken later");
  });
  emitter.on("view", removed);
  emitter.on("view", () => called.push("last"));
  emitter.on("degraded", () => called.push("another kind"));
  emitter.off("view", removed);
  emitter.emit("view", { nodes: [], source: "seeds" });
  await Promise.resolve();
  emitter.emit("view", { nodes: [], source: "seeds" });
  await Promise.resolve();
  assert.deepEqual(called, ["first", "last", "first", "last"]);
  assert.deepEqual(logger.lines, ["error a listener threw", "error a listener threw"]);
  assert.match(logger.text(), /listensTo: 'view', error: 'broken'[\s\S]*listensTo: 'view', error: 'broken later'/);
});

it("a settled request reaches its listeners as it is, whatever one of them throws, and is not made for none", () => {
  const logger = collectingLogger();
  const emitter = new PoolEmitter(logger);
  assert.equal(emitter.wantsSettled, false);
  const request = { class: "read", outcome: "answered", status: 200, durationMs: 1, attempts: [] } as const;
  const broken = () => {
    throw new Error("broken");
  };
  const seen: unknown[] = [];
  emitter.on("settled", broken);
  emitter.on("settled", (settled) => seen.push(settled));
  assert.equal(emitter.wantsSettled, true);
  emitter.emitSettled(request);
  emitter.emitSettled(request);
  assert.equal(seen[1], request);
  assert.deepEqual(logger.lines, ["error a listener threw"]);
});
