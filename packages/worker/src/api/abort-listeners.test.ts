import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { addAbortable, isSignal, removeAbortable, type SignalLike } from "./abort-listeners.js";

/** As small as a polyfill may be: its listeners get no event, and stay unless they are removed. */
class SmallSignal implements SignalLike {
  aborted = false;
  readonly listeners: (() => void)[] = [];
  addEventListener(_type: "abort", listener: () => void): void {
    this.listeners.push(listener);
  }
  removeEventListener(_type: "abort", listener: () => void): void {
    this.listeners.splice(this.listeners.indexOf(listener), 1);
  }
  fire(): void {
    this.aborted = true;
    for (const listener of [...this.listeners]) listener();
  }
}

describe("signals of requests and tasks", () => {
  it("a polyfill's signal aborts what waits on it, has one listener for all, and keeps none", () => {
    const signal = new SmallSignal();
    const aborted: number[] = [];
    const items = [0, 1, 2].map((number) => ({ abort: () => aborted.push(number) }));
    for (const item of items) addAbortable(signal, item);
    assert.equal(signal.listeners.length, 1);
    if (items[1] !== undefined) removeAbortable(signal, items[1]);
    signal.fire();
    assert.deepEqual([aborted, signal.listeners.length], [[0, 2], 0]);
    const other = new SmallSignal();
    for (const item of items) addAbortable(other, item);
    for (const item of items) removeAbortable(other, item);
    assert.deepEqual([aborted.length, other.listeners.length], [2, 0]);
  });

  it("a signal whose own code throws when a listener leaves harms no request", () => {
    const signal = new SmallSignal();
    signal.removeEventListener = () => {
      throw new Error("broken");
    };
    const item = { abort: () => {} };
    addAbortable(signal, item);
    removeAbortable(signal, item);
  });

  it("signals of this realm, of another and of a polyfill are told from what cannot fire", () => {
    const foreign = runInNewContext("({ aborted: false, addEventListener() {}, removeEventListener() {} })");
    assert.ok(!(foreign instanceof Object));
    const good = [new AbortController().signal, foreign, new SmallSignal()];
    const bad = [undefined, null, {}, new AbortController(), new EventTarget(), { aborted: false }, "signal"];
    assert.deepEqual([...good, ...bad].filter(isSignal), good);
  });
});
