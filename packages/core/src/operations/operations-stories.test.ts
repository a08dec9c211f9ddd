import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { present } from "../present.js";
import { readStories } from "../stories.test.support.js";
import type { OperationRequest } from "../view/operation-messages.js";
import type { OperableNode } from "./find-node.js";
import { nextOperations, noOperations, type OperationsEvent, operationsDueMs } from "./operations.js";

/**
 * nodes KEY[=NAME][/STANDING]…   the nodes of the view from here on; they are in use where nothing else is said
 * inherit KEY/SINCE/UNTIL…       the drains that the last leader published
 * drain|undrain|unmark NODE, pause, resume   a request; with `for MS`, `force`, `because REASON`
 * again NUMBER                   that request once more, with its id
 * wait MS                        ticks come when they are due
 *
 * The last lines of an outcome are the drains that are in force in the end.
 */
function run(steps: readonly string[]): string[] {
  let operations = noOperations;
  let nodes: readonly OperableNode[] = [];
  let nowMs = 0;
  const lines: string[] = [];
  const requests: OperationRequest[] = [];

  const send = (event: OperationsEvent): void => {
    const [next, effects] = nextOperations(operations, event, nowMs);
    operations = next;
    for (const effect of effects) {
      switch (effect.type) {
        case "changed":
          lines.push(`${nowMs} changed`);
          break;
        case "unmark":
          lines.push(`${nowMs} unmark ${effect.key}`);
          break;
        case "record":
          lines.push(`${nowMs} record ${effect.record.kind}: ${effect.record.text}`);
          break;
        case "answer": {
          const { outcome, text } = effect.result;
          const isFirst = outcome === "unchanged" || effect.record !== undefined;
          lines.push(`${nowMs} ${isFirst ? "" : "again "}${outcome}: ${text}`);
        }
      }
    }
  };
  const ask = (request: OperationRequest) => send({ type: "requested", request, nodes });

  for (const step of steps) {
    const [first = "", second = "", ...rest] = step.split(" ");
    if (first === "nodes") nodes = [second, ...rest].map(readNode);
    else if (first === "inherit") send({ type: "inherited", marks: { drains: [second, ...rest].map(readDrain) } });
    else if (first === "again") ask(requests[Number(second) - 1] as OperationRequest);
    else if (first === "wait") {
      const untilMs = nowMs + Number(second);
      for (
        let dueMs = operationsDueMs(operations);
        dueMs !== undefined && dueMs <= untilMs;
        dueMs = operationsDueMs(operations)
      ) {
        nowMs = dueMs;
        send({ type: "tick" });
      }
      nowMs = untilMs;
    } else {
      const forMs = Number(/ for (\d+)/.exec(step)?.[1]);
      const reason = / because (.*)$/.exec(step)?.[1] ?? "";
      const origin = { id: `${requests.length + 1}`, by: "ops@host", reason, atMs: nowMs };
      const request = {
        ...origin,
        kind: first,
        node: second,
        forMs,
        force: rest.includes("force"),
      } as OperationRequest;
      requests.push(request);
      ask(request);
    }
  }
  const drains = operations.drains.map(
    ({ id, address, sinceMs, untilMs }) => `= ${id}@${address} from ${sinceMs} until ${untilMs}`,
  );
  return [...lines, ...drains];
}

function readNode(text: string): OperableNode {
  const [named = "", standing = "in use"] = text.split("/");
  const [key = "", name] = named.split("=");
  const [id = "", address = ""] = key.split("@");
  return { key, id, address, ...present({ name }), standing: standing as OperableNode["standing"] };
}

function readDrain(text: string) {
  const [key = "", sinceMs, untilMs] = text.split("/");
  const [id = "", address = ""] = key.split("@");
  return { id, address, sinceMs: Number(sinceMs), untilMs: Number(untilMs), by: "ops@host", reason: "" };
}

describe("operations.txt", () => {
  // The tests run from dist; the stories stay in src.
  const text = readFileSync(new URL("../../src/operations/testdata/operations.txt", import.meta.url), "utf8");
  for (const { title, steps, outcome } of readStories(text)) it(title, () => assert.deepEqual(run(steps), outcome));
});
