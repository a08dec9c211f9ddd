import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Heartbeat } from "@rollcall/core/view";
import { collectingLogger, ManualTimers } from "@rollcall/testing";
import { TermConnections } from "./term-connections.js";
import { WarnOnce } from "./warn-once.js";

function heartbeatOf(replica: string, threads: number, fleetPerNode: number | undefined, round?: number): Heartbeat {
  const thread = (at: number) => ({ thread: at, calls: 0, tasks: 0, state: "well" as const });
  const held = { perThread: 1, most: 0, ...(round === undefined ? {} : { round, isAdmitted: true as const }) };
  return {
    ...{ replica, host: "h", pid: 1, role: "candidate", leading: false, freshness: "fresh", ejected: [] },
    threads: Array.from({ length: threads }, (_, at) => thread(at)),
    ...(fleetPerNode === undefined ? {} : { connections: { ...held, fleetPerNode } }),
  };
}

function openTerm(heartbeats: Heartbeat[]) {
  const timers = new ManualTimers(1_000);
  const logger = collectingLogger();
  const connections = new TermConnections({
    ...{ clock: timers, random: () => 0.5, warnings: new WarnOnce(logger), heartbeats: () => heartbeats },
  });
  connections.start(undefined);
  /** Whether each of so many rounds has changed what is to be published. */
  const rounds = (count: number) =>
    Array.from({ length: count }, () => {
      timers.advance(2_000);
      return connections.round();
    });
  return { connections, logger, rounds };
}

describe("the connection budget in a term", () => {
  it("is nothing to publish where no heartbeat names one", () => {
    const { connections, rounds } = openTerm([heartbeatOf("r1", 2, undefined)]);
    assert.deepEqual(rounds(8).includes(true), false);
    assert.equal(connections.shares, undefined);
  });

  it("is published with the marks once the heartbeats of all have come, and again when those admitted have said so", () => {
    const heartbeats = [heartbeatOf("r1", 2, 40), heartbeatOf("r2", 0, 40), heartbeatOf("r3", 2, undefined)];
    const { connections, rounds } = openTerm(heartbeats);
    assert.deepEqual(rounds(5), [false, false, false, true, false]);
    const round = 250_000_001;
    const published = { fleetPerNode: 40, perThread: 12, starting: 1, threads: 3, round };
    assert.deepEqual(connections.shares, { ...published, admitted: ["r1", "r2"] });
    heartbeats.splice(0, 2, heartbeatOf("r1", 2, 40, round), heartbeatOf("r2", 0, 40, round));
    assert.deepEqual(rounds(2), [true, false]);
    assert.deepEqual(connections.shares, { ...published, admitted: [] });
  });

  it("is warned of once while there are more threads than connections, and the end of that is logged", () => {
    const heartbeats = [heartbeatOf("r1", 3, 4), heartbeatOf("r2", 3, 4)];
    const { logger, rounds } = openTerm(heartbeats);
    const limit = "each keeps one, so a node may have 6 connections";
    const warning = `warn connections.fleetPerNode is 4, and 6 threads share it: ${limit}`;
    rounds(6);
    assert.deepEqual(logger.lines, [warning]);
    const [second = assert.fail()] = heartbeats.splice(1, 1);
    rounds(2);
    heartbeats.push(second);
    rounds(2);
    const over = "info the threads that share connections.fleetPerNode are no more than it any longer";
    assert.deepEqual(logger.lines, [warning, over, warning]);
  });
});
