import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLogger } from "@rollcall/core";
import { PoolEmitter } from "./pool-events.js";

describe("a pool's events", () => {
  it("reach every listener of their kind, in order", () => {
    const emitter = new PoolEmitter(silentLogger);
    const heard: string[] = [];
    emitter.on("degraded", ({ reason }) => heard.push(`first: ${reason}`));
    emitter.on("degraded", ({ reason }) => heard.push(`second: ${reason}`));
    emitter.on("view", () => heard.push("view"));
    emitter.emit("degraded", { degraded: true, reason: "x" });
    assert.deepEqual(heard, ["first: x", "second: x"]);
  });

  it("reach the others, and nobody else, when one listener throws; the log tells", () => {
    const lines: unknown[] = [];
    const emitter = new PoolEmitter({ ...silentLogger, error: (fields) => lines.push(fields) });
    let heard = 0;
    emitter.on("view", () => {
      throw new Error("broken");
    });
    emitter.on("view", () => heard++);
    emitter.emit("view", { nodes: [], source: "seeds" });
    assert.equal(heard, 1);
    assert.deepEqual(lines, [{ event: "view", error: "broken" }]);
  });

  it("tell the pool's parts of the close, unless they stopped listening", () => {
    const emitter = new PoolEmitter(silentLogger);
    const heard: string[] = [];
    emitter.onClose(() => heard.push("kept"));
    const stop = emitter.onClose(() => heard.push("stopped"));
    stop();
    emitter.close();
    assert.deepEqual(heard, ["kept"]);
  });
});
