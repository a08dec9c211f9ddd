import assert from "node:assert/strict";
import { it } from "node:test";
import { collectingLogger } from "@rollcall/testing";
import { ClusterEvents } from "./cluster-events.js";
import type { NodeEvent } from "./node-status.js";
import { PoolEmitter } from "./pool-events.js";

/** The lines that these changes of one node leave. */
function linesOf(...changes: readonly Omit<NodeEvent, "address" | "name">[]): string[] {
  const log = collectingLogger();
  const events = new ClusterEvents(new PoolEmitter(log), log);
  for (const change of changes) events.nodeChanged({ address: "10.0.0.2:9200", name: "es2", ...change });
  return [...log.lines];
}

const slow = { factor: 3_375, timesSlower: 30 };
const reason = "slow: 30 times the others' latency";
const begins = { from: "healthy", to: "penalized", reason, penalty: slow } as const;

it("a penalty is logged once when it begins and once when it ends, with its figures", () => {
  const ends = { from: "penalized", to: "healthy", penalty: slow, penalizedForMs: 42_300 } as const;
  assert.deepEqual(linesOf(begins, ends), [
    "warn node es2 (10.0.0.2:9200) is penalized by this process: slow: 30 times the others' latency; " +
      "it gets one request where another gets 3375",
    "info node es2 (10.0.0.2:9200) is penalized no longer, after 42 s; at worst slow: 30 times the others' latency",
  ]);
});

it("an ejection ends a penalty, and both are logged", () => {
  const ejected = { from: "penalized", to: "ejected", reason: "connection refused", penalizedForMs: 3_000 } as const;
  assert.deepEqual(linesOf(begins, ejected).slice(1), [
    "info node es2 (10.0.0.2:9200) is penalized no longer, after 3 s",
    "warn node es2 (10.0.0.2:9200) is ejected for this process: connection refused",
  ]);
});
