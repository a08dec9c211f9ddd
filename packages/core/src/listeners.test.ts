import assert from "node:assert/strict";
import { it } from "node:test";
import { Listeners } from "./listeners.js";

it("a listener that throws neither stops the others nor reaches the caller, and its error is handed over", () => {
  const errors: unknown[] = [];
  const received: string[] = [];
  const listeners = new Listeners<string>((error) => errors.push(error));
  const failure = new Error("defect");
  listeners.add(() => {
    throw failure;
  });
  const remove = listeners.add((event) => received.push(event));
  listeners.emit("first");
  remove();
  remove();
  listeners.emit("second");
  assert.deepEqual([received, errors, listeners.size], [["first"], [failure, failure], 1]);
});

it("a listener that is added by another listener is called from the next event on", () => {
  const listeners = new Listeners<number>();
  const received: number[] = [];
  const removeFirst = listeners.add(() => {
    removeFirst();
    listeners.add((event) => received.push(event));
  });
  listeners.emit(1);
  listeners.emit(2);
  assert.deepEqual(received, [2]);
});
