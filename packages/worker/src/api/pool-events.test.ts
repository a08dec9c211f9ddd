import assert from "node:assert/strict";
import { it } from "node:test";
import { collectingLogger } from "@rollcall/testing";
import { PoolEmitter } from "./pool-events.js";

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
  assert.match(logger.text(), /event: 'view', error: 'broken'[\s\S]*event: 'view', error: 'broken later'/);
});
