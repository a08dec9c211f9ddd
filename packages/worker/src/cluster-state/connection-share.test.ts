import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConnectionShares } from "@rollcall/core/view";
import { collectingLogger } from "@rollcall/testing";
import { HeaderWord } from "../table/layout.js";
import { TableReader } from "../table/reader.js";
import { ConnectionShare } from "./connection-share.js";
import { createNodeTable } from "./node-table.js";

const replica = "r1";
const shares = { fleetPerNode: 100, perThread: 20, starting: 3, threads: 4, round: 7, admitted: [] };

/** A share over a real table of two threads, and what each of them may have by it. */
function openShare(redis: boolean, fleetPerNode: number, threads = 2) {
  const table = createNodeTable({ slots: 2, threads: Math.max(1, threads) });
  const logger = collectingLogger();
  const config = {
    threads,
    connections: { fleetPerNode },
    ...(redis ? { redis: { kind: "url", url: "redis://r" } as const } : {}),
  };
  const share = ConnectionShare.of({ config, replica, table, logger }) ?? assert.fail();
  const readers = [0, 1]
    .slice(0, Math.max(1, threads))
    .map((thread) => new TableReader({ ...table, thread, inFlightMax: 9, nowMs: () => 0 }));
  let lowered = 0;
  share.onLowered(() => {
    lowered++;
  });
  return {
    ...{ share, table, readers, logger },
    follow: (next: Partial<ConnectionShares>) => share.follow({ ...shares, ...next }),
    most: () => readers.map(({ connectionsMax }) => connectionsMax),
    lowered: () => lowered,
  };
}

describe("the connection share of a process", () => {
  it("is one connection until a leader has granted more, and never more than perNode allows a thread", () => {
    const { follow, most } = openShare(true, 100);
    assert.deepEqual(most(), [1, 1]);
    follow({});
    assert.deepEqual(most(), [3, 3]);
    follow({ admitted: [replica] });
    assert.deepEqual(most(), [9, 9]);
  });

  it("is that of all once the process has been named, and stays so where no view names a share", () => {
    const { share, follow, most, lowered } = openShare(true, 100);
    follow({ admitted: ["another"], perThread: 5 });
    assert.equal(share.status.isAdmitted, false);
    follow({ admitted: [replica], perThread: 5 });
    follow({ perThread: 4, round: 8 });
    share.follow(undefined);
    assert.deepEqual(most(), [4, 4]);
    assert.equal(lowered(), 1);
    assert.deepEqual(share.heartbeat(), { fleetPerNode: 100, perThread: 4, most: 0, round: 8, isAdmitted: true });
  });

  it("shows in heartbeats the connections of all threads to the node that has the most, those that open included", () => {
    const { share, readers, table } = openShare(true, 100);
    table.writer.assign(1, 1);
    const [first = assert.fail(), second = assert.fail()] = readers;
    first.countSocket(1, 1);
    first.countSocket(1, 1);
    first.enter(1);
    for (let attempt = 0; attempt < 3; attempt++) second.enter(1);
    second.countSocket(0, 1);
    assert.equal(share.heartbeat().most, 5);
  });

  it("is the whole budget over the own threads without redis, with one line where that is less than one each", () => {
    assert.deepEqual(openShare(false, 7).most(), [3, 3]);
    assert.deepEqual(openShare(false, 7, 0).most(), [7]);
    const { most, logger } = openShare(false, 1);
    assert.deepEqual(most(), [1, 1]);
    assert.deepEqual(logger.lines, ["warn connections.fleetPerNode is 1, and 2 threads share it: each keeps one"]);
  });

  it("leaves a table without the option as it was", () => {
    const table = createNodeTable({ slots: 1, threads: 1 });
    const logger = collectingLogger();
    assert.equal(ConnectionShare.of({ config: { threads: 1, connections: {} }, replica, table, logger }), undefined);
    assert.equal(table.words[HeaderWord.connections], 0);
  });
});
