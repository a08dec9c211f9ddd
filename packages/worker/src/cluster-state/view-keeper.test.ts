import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Reach } from "@rollcall/coordinator";
import type { Endpoint } from "@rollcall/coordinator/cluster";
import { silentLogger } from "@rollcall/core";
import { createHostPolicy } from "@rollcall/core/policy";
import { addressOf, type Mark, type NodeRecord, nodeKey, type View } from "@rollcall/core/view";
import { ManualTimers, seededRandom } from "@rollcall/testing";
import type { NodeEvent } from "../api/node-status.js";
import type { Target } from "../dispatch/target.js";
import { createTable } from "../table/layout.js";
import { TableReader } from "../table/reader.js";
import { TableWriter } from "../table/writer.js";
import { LocalHealth } from "./local-health.js";
import { ViewKeeper } from "./view-keeper.js";

const node = (id: string, port: number): NodeRecord => ({ id, host: "10.0.0.1", port });
const [a, b, c] = [node("a", 1), node("b", 2), node("c", 3)];

const layout = { slots: 6, threads: 1 };
const policy = createHostPolicy({ seeds: [], hasCredentials: false });

function endpointOf({ host, port }: Pick<NodeRecord, "host" | "port">, authorization: string): Endpoint {
  const address = addressOf({ host, port });
  const origin = `http://${address}`;
  return { address, host, port, scheme: "http", origin, pathPrefix: "", headers: { authorization }, tls: {}, policy };
}

interface ViewParts {
  readonly topology?: number;
  readonly marks?: number;
  readonly beat?: number;
  readonly nodes?: readonly NodeRecord[];
  readonly marked?: readonly (readonly [NodeRecord, Mark])[];
}

function viewOf({ topology = 1, marks = 1, beat = 1, nodes = [], marked = [] }: ViewParts): View {
  const version = (sequence: number) => ({ epoch: 1, leader: "x", sequence });
  return {
    topology: { version: version(topology), source: "sniff", nodes },
    marks: { version: version(marks), nodes: Object.fromEntries(marked.map(([of, mark]) => [nodeKey(of), mark])) },
    head: { topology: version(topology), marks: version(marks), beat, atMs: beat * 1_000, replicas: 1 },
  };
}

/** The store's clock is this far ahead of ours. */
const storeAheadMs = 500;
const mark = (kind: Mark["kind"], sinceMs = 10_500): Mark => ({ kind, sinceMs, reason: "connection refused" });

const downByProbes = (sinceMs = 10_500, failedProbes = 2): Mark => ({
  ...mark("down", sinceMs),
  down: { flaps: 1, holdUntilMs: sinceMs + 5_000, failedProbes, reporters: 0 },
});

function openKeeper(seeds: readonly NodeRecord[] = [node("", 1)]) {
  const timers = new ManualTimers(10_000);
  const words = createTable(layout);
  const writer = new TableWriter(words);
  const reader = new TableReader({ words, layout, thread: 0, inFlightMax: 9, nowMs: () => timers.nowMs() });
  const refused = new Set<number>();
  /** Slots. */
  const answering = new Set<number>();
  const state = { reached: 0, moved: 0, authorization: "one" };
  const delivered: (readonly Target[])[] = [];
  const events: string[] = [];
  const warnings: object[] = [];
  const keeper = new ViewKeeper({
    seeds,
    slotsMax: layout.slots,
    access: {
      reach(record): Reach {
        state.reached++;
        return refused.has(record.port)
          ? { kind: "refused", reason: "not allowed" }
          : { kind: "endpoint", endpoint: endpointOf(record, state.authorization) };
      },
    },
    writer,
    logger: { ...silentLogger, warn: (fields) => warnings.push(fields) },
    storeAheadMs: () => storeAheadMs,
    deliver: (targets) => delivered.push(targets),
    moved: () => {
      state.moved++;
    },
    isAnswering: (slot) => answering.has(slot),
    onNode: ({ address, from, to, reason }: NodeEvent) =>
      events.push(`${address.split(":")[1]}: ${from} > ${to}${reason === undefined ? "" : `, ${reason}`}`),
  });
  const health = new LocalHealth({
    timers,
    random: seededRandom(1),
    changed: (slot) => keeper.refreshSlot(slot),
    report: () => {},
    look: async () => ({ kind: "reached" }),
  });
  keeper.start(health);
  const eject = (slot: number, generation: number) => {
    for (let failure = 0; failure < 3; failure++) {
      timers.advance(1);
      const startedAtMs = timers.nowMs();
      health.tell(slot, generation, { type: "failed", startedAtMs, answered: 0, reason: "connection reset" });
    }
  };
  const takeEvents = () => events.splice(0);
  const targets = () => (delivered.at(-1) ?? []).map(({ slot, endpoint: { port } }) => `${slot}: ${port}`);
  const standings = () => keeper.all().map(({ row, standing }) => `${row.node.port}: ${standing.state}`);
  return {
    timers,
    reader,
    refused,
    answering,
    state,
    keeper,
    health,
    eject,
    takeEvents,
    targets,
    standings,
    delivered,
    warnings,
  };
}

describe("the keeper of the node table", () => {
  it("begins with the configured nodes, and goes on with the view's", () => {
    const { keeper, reader, takeEvents, targets } = openKeeper();
    assert.deepEqual(reader.refresh().eligible, [0]);
    assert.deepEqual(takeEvents(), ["1: absent > up"]);
    keeper.apply(viewOf({ nodes: [a, b] }));
    assert.deepEqual(targets(), ["0: 1", "1: 2"]);
    assert.deepEqual(reader.refresh().eligible, [0, 1]);
    assert.deepEqual(takeEvents(), ["2: absent > up"]);
    keeper.apply(viewOf({ topology: 2, nodes: [a, c] }));
    assert.deepEqual(targets(), ["0: 1", "2: 3"]);
    assert.deepEqual(takeEvents(), ["2: up > absent", "3: absent > up"]);
  });

  it("uses a configured address that the view does not name only while nothing else is to be had", () => {
    const { keeper, reader } = openKeeper();
    keeper.apply(viewOf({ nodes: [b] }));
    assert.deepEqual(reader.refresh(), { eligible: [1], further: [[0]], panic: false });
  });

  it("writes the view's marks, and tells how each node stands, since when and why", () => {
    const { keeper, reader, takeEvents } = openKeeper();
    keeper.apply(viewOf({ nodes: [a, b, c] }));
    takeEvents();
    keeper.apply(
      viewOf({
        marks: 2,
        nodes: [a, b, c],
        marked: [
          [a, mark("down")],
          [b, mark("draining")],
        ],
      }),
    );
    assert.deepEqual(reader.refresh(), { eligible: [2], further: [[0], [1]], panic: false });
    assert.deepEqual(takeEvents(), ["1: up > down, connection refused", "2: up > drain, connection refused"]);
    const [first] = keeper.all();
    assert.deepEqual(first?.standing, { state: "down", reason: "connection refused", sinceMs: 10_000 });
    keeper.apply(viewOf({ marks: 3, nodes: [a, b, c] }));
    assert.deepEqual(takeEvents(), ["1: down > up", "2: drain > up"]);
    assert.equal(keeper.rowAt(0)?.generation, 1);
  });

  it("eases a node in from the moment of its mark, whatever clock the store has", () => {
    const { keeper, reader, timers } = openKeeper();
    keeper.apply(viewOf({ nodes: [a], marked: [[a, mark("slow-start")]] }));
    assert.equal(reader.weightOf(0), 0.1);
    timers.advance(15_000);
    assert.equal(reader.weightOf(0), 0.5);
  });

  it("ignores a mark of a node that had the address before", () => {
    const { keeper, standings } = openKeeper();
    keeper.apply(viewOf({ nodes: [node("new", 1)], marked: [[a, mark("down")]] }));
    assert.deepEqual(standings(), ["1: up"]);
  });

  it("ignores an older topology and older marks, also beside newer ones", () => {
    const { keeper, delivered } = openKeeper();
    const newest = viewOf({ topology: 5, marks: 5, beat: 5, nodes: [a, b] });
    keeper.apply(newest);
    const before = delivered.length;
    for (const older of [{ topology: 4 }, { marks: 4 }, { topology: 6, marks: 4 }, { topology: 4, marks: 6 }]) {
      keeper.apply(viewOf({ topology: 5, marks: 5, beat: 9, nodes: [c], ...older }));
      assert.equal(keeper.current, newest);
    }
    assert.equal(delivered.length, before);
  });

  it("takes no more than its age from a beat, and not from an older one", () => {
    const { keeper, delivered, state } = openKeeper();
    keeper.apply(viewOf({ beat: 1, nodes: [a] }));
    const [deliveries, moves] = [delivered.length, state.moved];
    keeper.apply(viewOf({ beat: 3, nodes: [a] }));
    assert.equal(keeper.current?.head.atMs, 3_000);
    keeper.apply(viewOf({ beat: 2, nodes: [a] }));
    assert.equal(keeper.current?.head.atMs, 3_000);
    assert.deepEqual([delivered.length, state.moved], [deliveries, moves]);
  });

  it("takes the new endpoints, and keeps slots and generations, when the configuration reads otherwise", () => {
    const { keeper, delivered, state } = openKeeper();
    keeper.apply(viewOf({ nodes: [a] }));
    state.authorization = "two";
    keeper.rebuild();
    const [target] = delivered.at(-1) ?? [];
    assert.deepEqual([target?.slot, target?.generation], [0, 1]);
    assert.equal(target?.endpoint.headers.authorization, "two");
  });

  it("keeps a node that the configuration forbids out of reach, and says why", () => {
    const { keeper, reader, refused, takeEvents, targets } = openKeeper();
    refused.add(2);
    keeper.apply(viewOf({ nodes: [a, b] }));
    assert.deepEqual([targets(), reader.refresh().eligible], [["0: 1"], [0]]);
    assert.deepEqual(takeEvents().at(-1), "2: absent > unusable, not allowed");
    refused.clear();
    keeper.rebuild();
    assert.deepEqual(
      [targets(), reader.refresh().eligible],
      [
        ["0: 1", "1: 2"],
        [0, 1],
      ],
    );
    assert.deepEqual(takeEvents(), ["2: unusable > up"]);
  });

  it("asks how a node is reached when that may have changed, and not for every mark", () => {
    const { keeper, state } = openKeeper();
    keeper.apply(viewOf({ nodes: [a, b, c] }));
    const before = state.reached;
    keeper.apply(viewOf({ marks: 2, nodes: [a, b, c], marked: [[a, mark("down")]] }));
    keeper.all();
    assert.equal(state.reached, before);
    keeper.rebuild();
    assert.equal(state.reached, before + 3);
  });

  it("gives a slot away when its last request has ended, and at once if it never could have one", () => {
    const { keeper, refused, targets } = openKeeper();
    refused.add(2);
    keeper.apply(viewOf({ topology: 1, nodes: [a, b, c] }));
    assert.deepEqual(targets(), ["0: 1", "2: 3"]);
    keeper.apply(viewOf({ topology: 2, nodes: [a] }));
    // Slot 1 was never used; slot 2 was.
    keeper.apply(viewOf({ topology: 3, nodes: [a, node("d", 4), node("e", 5)] }));
    assert.deepEqual(targets(), ["0: 1", "1: 4", "3: 5"]);
    keeper.released(2);
    keeper.apply(viewOf({ topology: 4, nodes: [a, node("d", 4), node("e", 5), node("f", 6)] }));
    assert.deepEqual(targets(), ["0: 1", "1: 4", "3: 5", "2: 6"]);
  });

  it("finds a slot for every node however many come and go unused", () => {
    const { keeper, refused, warnings } = openKeeper();
    for (let port = 10; port < 60; port++) {
      refused.add(port);
      keeper.apply(viewOf({ topology: port, nodes: [a, node("x", port)] }));
    }
    keeper.apply(viewOf({ topology: 100, nodes: [a, b] }));
    assert.equal(keeper.all().length, 2);
    assert.deepEqual(warnings, []);
  });

  it("says so when there are more nodes than slots", () => {
    const { keeper, warnings } = openKeeper();
    keeper.apply(viewOf({ nodes: [1, 2, 3, 4, 5, 6, 7, 8].map((port) => node(`n${port}`, port)) }));
    assert.deepEqual(warnings, [{ nodes: 2, slots: 6 }]);
  });

  it("shows this process's own ejections, and eases the node in after them", async () => {
    const { keeper, reader, eject, takeEvents, timers, state } = openKeeper();
    keeper.apply(viewOf({ nodes: [a, b] }));
    takeEvents();
    const before = state.moved;
    eject(0, 1);
    assert.deepEqual(reader.refresh(), { eligible: [1], further: [[0]], panic: false });
    assert.deepEqual(takeEvents(), ["1: up > ejected, connection reset"]);
    assert.ok(state.moved > before);
    timers.advance(2_000);
    await new Promise(setImmediate);
    assert.deepEqual(reader.refresh().eligible, [0, 1]);
    assert.equal(reader.weightOf(0), 0.1);
    assert.deepEqual(takeEvents(), ["1: ejected > up"]);
  });

  it("lets a shared DOWN or DRAIN stand before an own ejection", () => {
    const { keeper, eject, standings, takeEvents } = openKeeper();
    keeper.apply(viewOf({ nodes: [a, b, c] }));
    eject(0, 1);
    eject(1, 1);
    takeEvents();
    const marked = [[a, mark("down")] as const, [b, mark("draining")] as const];
    keeper.apply(viewOf({ marks: 2, nodes: [a, b, c], marked }));
    assert.deepEqual(standings(), ["1: down", "2: drain", "3: up"]);
    assert.deepEqual(takeEvents(), ["1: ejected > down, connection refused", "2: ejected > drain, connection refused"]);
  });

  it("ignores a shared DOWN while the node answers this process, and obeys it for good once it has not", () => {
    const { keeper, answering, reader, standings, takeEvents } = openKeeper();
    keeper.apply(viewOf({ nodes: [a, b, c] }));
    takeEvents();
    for (const slot of [0, 1]) answering.add(slot);
    const view = viewOf({ marks: 2, nodes: [a, b, c], marked: [[a, downByProbes()] as const] });
    keeper.apply(view);
    keeper.reconsider();
    assert.deepEqual(
      [standings()[0], reader.refresh().eligible, keeper.contradicts()],
      ["1: up", [0, 1, 2], [nodeKey(a)]],
    );
    answering.delete(0);
    keeper.reconsider();
    assert.deepEqual([standings()[0], reader.refresh().eligible, keeper.contradicts()], ["1: down", [1, 2], []]);
    // What answers now is what was sent before.
    answering.add(0);
    keeper.reconsider();
    keeper.refresh();
    keeper.apply({ ...view, head: { ...view.head, beat: 9 } }, "fresh");
    assert.deepEqual([standings()[0], keeper.contradicts()], ["1: down", []]);
    assert.deepEqual(takeEvents(), ["1: up > down, connection refused"]);
    // The next mark is another matter.
    keeper.apply(viewOf({ marks: 3, nodes: [a, b, c] }));
    keeper.apply(viewOf({ marks: 4, nodes: [a, b, c], marked: [[a, downByProbes(20_000)] as const] }));
    assert.deepEqual(keeper.contradicts(), [nodeKey(a)]);
    keeper.apply(viewOf({ marks: 5, nodes: [a, b, c] }));
    assert.deepEqual(keeper.contradicts(), []);
  });

  it("obeys a DOWN at once that rests on another cluster's answer, or where it cannot connect itself", () => {
    const { keeper, answering, eject, standings } = openKeeper();
    keeper.apply(viewOf({ nodes: [a, b, c] }));
    for (const slot of [0, 1]) answering.add(slot);
    eject(1, 1);
    const marked = [[a, downByProbes(10_500, 0)] as const, [b, downByProbes()] as const];
    keeper.apply(viewOf({ marks: 2, nodes: [a, b, c], marked }));
    assert.deepEqual(standings(), ["1: down", "2: down", "3: up"]);
    assert.deepEqual(keeper.contradicts(), []);
  });

  it("takes a DOWN that nobody keeps any more for a hint, which one trial of its own overturns", async () => {
    const { keeper, reader, standings, timers } = openKeeper();
    const view = viewOf({
      marks: 2,
      nodes: [a, b, c],
      marked: [[a, mark("down")] as const, [b, mark("draining")] as const],
    });
    keeper.apply(view);
    keeper.apply(view, "stale");
    assert.deepEqual(standings(), ["1: ejected", "2: drain", "3: up"]);
    assert.deepEqual(reader.refresh().eligible, [2]);
    timers.advance(10_000);
    await new Promise(setImmediate);
    assert.deepEqual(standings(), ["1: up", "2: drain", "3: up"]);
    keeper.apply({ ...view, head: { ...view.head, beat: 9 } }, "fresh");
    assert.deepEqual(standings(), ["1: down", "2: drain", "3: up"]);
  });

  it("goes by a view of its own line whatever its version, and back by the shared one", () => {
    const { keeper, standings } = openKeeper();
    keeper.apply(viewOf({ topology: 7, marks: 7, nodes: [a, b] }));
    keeper.apply(viewOf({ topology: 1, marks: 1, nodes: [b, c] }), "fresh", "own");
    assert.deepEqual(standings(), ["1: up", "2: up", "3: up"]);
    keeper.apply(viewOf({ topology: 7, marks: 7, nodes: [a, b] }), "fresh", "shared");
    assert.deepEqual(standings(), ["1: up", "2: up"]);
  });

  it("begins a new opinion when a slot's node becomes another", () => {
    const { keeper, eject, standings, reader } = openKeeper();
    keeper.apply(viewOf({ nodes: [a, b] }));
    eject(0, 1);
    assert.deepEqual(standings(), ["1: ejected", "2: up"]);
    keeper.apply(viewOf({ topology: 2, nodes: [node("other", 1), b] }));
    assert.deepEqual(standings(), ["1: up", "2: up"]);
    assert.deepEqual(reader.refresh().eligible, [0, 1]);
  });
});
