import assert from "node:assert/strict";
import { it } from "node:test";
import { collectingLogger } from "@rollcall/testing";
import { IncidentMeter } from "../cluster-state/incident-cost.js";
import { ClusterEvents } from "./cluster-events.js";
import type { NodeEvent } from "./node-status.js";
import { PoolEmitter } from "./pool-events.js";

const none = { retries: 0, reroutes: 0, failed: 0, writeWaits: 0 };

/** The lines that these changes of one node leave. */
function linesOf(...changes: readonly Omit<NodeEvent, "address" | "name">[]): string[] {
  const log = collectingLogger();
  const events = new ClusterEvents(
    new PoolEmitter(log),
    log,
    new IncidentMeter(
      () => none,
      () => 0,
    ),
  );
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

it("the line that a node is used again closes the incident, with what came just before it", () => {
  const log = collectingLogger();
  let [nowMs, retries, failed] = [0, 0, 0];
  const meter = new IncidentMeter(
    () => ({ ...none, retries, failed }),
    () => nowMs,
  );
  const events = new ClusterEvents(new PoolEmitter(log), log, meter);
  const change = (from: NodeEvent["from"], to: NodeEvent["to"], address = "10.0.0.2:9200") =>
    events.nodeChanged({ address, from, to, ...(to === "ejected" ? { reason: "connection refused" } : {}) });
  meter.sample();
  [nowMs, retries] = [1_000, 3];
  change("healthy", "ejected");
  change("healthy", "down", "10.0.0.3:9200");
  change("ejected", "down");
  [nowMs, retries, failed] = [13_400, 4, 2];
  change("down", "slow-start");
  assert.equal(
    log.lines.at(-1),
    "info node 10.0.0.2:9200 is used by this process again, after 12 s: 4 retries, 0 reads rerouted, 2 requests failed, 0 waits of writes",
  );
  assert.match(log.text(), /event: 'node.used-again'[^}]*node: '10.0.0.2:9200'[^}]*forMs: 12400[^}]*failed: 2/);
});

it("a node that only the leader took out is said to be back only where requests suffered meanwhile", () => {
  const changes = [
    { from: "healthy", to: "down" },
    { from: "down", to: "slow-start" },
  ] as const;
  assert.deepEqual(linesOf(...changes), []);
});
