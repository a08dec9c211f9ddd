import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Reach } from "@rollcall/coordinator";
import type { Endpoint } from "@rollcall/coordinator/cluster";
import { silentLogger } from "@rollcall/core";
import type { SelectionConfig } from "@rollcall/core/config";
import { beatMs, type ProbeResult } from "@rollcall/core/health";
import { createHostPolicy } from "@rollcall/core/policy";
import { penaltyText } from "@rollcall/core/selection";
import { addressOf, type Mark, type NodeRecord, nodeKey, type View } from "@rollcall/core/view";
import { ManualTimers, seededRandom, settled } from "@rollcall/testing";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import type { CredentialRefusal } from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";
import { HeaderWord } from "../table/layout.js";
import { LoopLagMonitor } from "../table/loop-lag-monitor.js";
import { TableReader } from "../table/reader.js";
import { ClusterState } from "./cluster-state.js";
import { createNodeTable } from "./node-table.js";

const node = (id: string, port: number): NodeRecord => ({ id, host: "10.0.0.1", port });
const [a, b, c] = [node("a", 1), node("b", 2), node("c", 3)];
const abc = [a, b, c];
const layout = { slots: 6, threads: 2 };
const policy = createHostPolicy({ seeds: [], hasCredentials: false });
/** The store's clock is this far ahead of ours. */
const storeAheadMs = 500;
const reached: ProbeResult = { kind: "reached" };
const unreachable: ProbeResult = { kind: "unreachable", reason: "no answer" };

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
  /** Until when, on the store's clock. */
  readonly drained?: readonly (readonly [Pick<NodeRecord, "id" | "port">, number])[];
  readonly pausedUntilMs?: number;
}

function viewOf({ topology = 1, marks = 1, beat = 1, nodes = [], marked = [], ...operations }: ViewParts): View {
  const { drained = [], pausedUntilMs } = operations;
  const timed = { sinceMs: 10_500, by: "ops@host", reason: "restart" };
  const drains = drained.map(([{ id, port }, untilMs]) => ({ ...timed, id, address: `10.0.0.1:${port}`, untilMs }));
  const pause = pausedUntilMs === undefined ? {} : { pause: { ...timed, untilMs: pausedUntilMs } };
  const version = (sequence: number) => ({ epoch: 1, leader: "x", sequence });
  return {
    topology: { version: version(topology), source: "sniff", nodes },
    marks: {
      version: version(marks),
      nodes: Object.fromEntries(marked.map(([of, mark]) => [nodeKey(of), mark])),
      ...{ drains, ...pause },
    },
    head: { topology: version(topology), marks: version(marks), beat, atMs: beat * 1_000, replicas: 1 },
  };
}

const mark = (kind: Mark["kind"], sinceMs = 10_500): Mark => ({
  kind,
  sinceMs,
  reason: "refused",
  ...(kind === "down" ? { down: { flaps: 1, holdUntilMs: sinceMs + 5_000, failedProbes: 2, reporters: 0 } } : {}),
});

/** A state over a real table; what threads do is written there by the test. */
function openState(
  seeds: readonly NodeRecord[] = [node("", 1)],
  selection?: SelectionConfig,
  given: Parameters<typeof createNodeTable>[0] = layout,
) {
  const timers = new ManualTimers(10_000);
  const nowMs = () => timers.nowMs();
  const table = createNodeTable(given);
  const turns: (() => void)[] = [];
  const readers = [0, 1].map((thread) => new TableReader({ ...table, thread, inFlightMax: 9, nowMs }));
  const [reader = assert.fail(), other = assert.fail()] = readers;
  const loops = readers.map((one) => new LoopLagMonitor(one, nowMs));
  const refused = new Set<number>();
  const counts = { reached: 0, pumped: 0 };
  const renewals: { readonly endpoint: Endpoint; readonly done: () => void }[] = [];
  let authorization = "one";
  let accessChanged = () => {};
  const lists: (readonly Target[])[] = [];
  const orders: RerouteOrder[] = [];
  const probes: { readonly port: number; readonly timeoutMs: number | undefined; answer(result: ProbeResult): void }[] =
    [];
  const reports: string[] = [];
  const events: string[] = [];
  const warnings: object[] = [];
  const infos: object[] = [];
  const followed: (number | undefined)[] = [];
  const state = new ClusterState({
    seeds,
    selection,
    table,
    access: {
      reach(record): Reach {
        counts.reached++;
        if (refused.has(record.port)) return { kind: "refused", reason: "not allowed" };
        return { kind: "endpoint", endpoint: endpointOf(record, authorization) };
      },
      onChange(listener) {
        accessChanged = listener;
        return () => {};
      },
      renewed: (endpoint) => new Promise((resolve) => renewals.push({ endpoint, done: () => resolve(undefined) })),
    },
    prober: {
      probe: ({ port }, _clusterUuid, timeoutMs) => new Promise((answer) => probes.push({ port, timeoutMs, answer })),
    },
    listener: {
      nodeChanged: ({ address, from, to, reason, penalty, penalizedForMs = 0 }) => {
        const ended = penalty === undefined || from !== "penalized" ? "" : `; ${penaltyText(penalty)}`;
        const lasted = ended === "" ? "" : `, for ${Math.round(penalizedForMs / 1_000)} s`;
        const why = reason === undefined ? "" : `, ${reason}`;
        events.push(`${address.split(":")[1]}: ${from} > ${to}${why}${ended}${lasted}`);
      },
      viewApplied: () => {},
      tableChanged: () => {},
    },
    connectionShare: {
      follow: (shares) => {
        followed.push(shares?.perThread);
      },
    },
    timers,
    random: seededRandom(3),
    logger: { ...silentLogger, warn: (fields) => warnings.push(fields), info: (fields) => infos.push(fields) },
    nextTurn: (run) => turns.push(run),
  });
  state.connect(
    {
      apply: (targets) => {
        lists.push(targets);
        table.writer.moveTopology();
      },
      reroute: (order) => orders.push(order),
      pump: () => {
        counts.pumped++;
      },
    },
    {
      report: (key, reason, probed) => reports.push(`${key}: ${reason}${probed ? ", probed" : ""}`),
      nowMs: () => timers.nowMs() + storeAheadMs,
    },
  );
  return {
    followed,
    ...{
      timers,
      state,
      table,
      reader,
      other,
      refused,
      counts,
      lists,
      orders,
      probes,
      renewals,
      reports,
      warnings,
      infos,
    },
    listNumber: () => Atomics.load(table.words, HeaderWord.topology),
    changeAccess(authorizationNow = authorization) {
      authorization = authorizationNow;
      accessChanged();
    },
    apply: (parts: ViewParts) => state.apply(viewOf(parts), "fresh", "own"),
    fail(slot: number, times = 3, generation = 1) {
      for (let time = 0; time < times; time++) {
        timers.advance(1);
        state.failed({ slot, generation, startedAtMs: timers.nowMs(), reason: "reset" });
      }
    },
    /** Answers the oldest probe. */
    async answer(result: ProbeResult) {
      (probes.shift() ?? assert.fail("no probe")).answer(result);
      await nextTurn();
    },
    /** Lets time pass, beat by beat. */
    pass(ms: number) {
      for (let passed = 0; passed < ms; passed += beatMs) {
        timers.advance(beatMs);
        for (const loop of loops) loop.beat();
        state.beat();
      }
    },
    /** Makes the next step of a long list. False: there is none. */
    step() {
      const run = turns.shift();
      run?.();
      return run !== undefined;
    },
    wait: (slot: number) => reader.showWaiting(slot, nowMs(), nowMs()),
    takeEvents: () => events.splice(0),
    targets: () => (lists.at(-1) ?? []).map(({ slot, endpoint: { port } }) => `${slot}: ${port}`),
    standings: () => state.nodes().map(({ record, standing }) => `${record.port}: ${standing.state}`),
    eligible: () => reader.refresh().eligible,
  };
}

type Scene = ReturnType<typeof openState>;

describe("the option selection", () => {
  const zone = (name: string, of: NodeRecord): NodeRecord => ({ ...of, roles: ["data"], attributes: { zone: name } });
  const inZoneA = { attributes: [["zone", ["a"]]] } as const;
  const only: SelectionConfig = { only: [inZoneA], except: [], prefer: [] };
  const prefer: SelectionConfig = { only: [], except: [], prefer: [inZoneA] };

  it("a node that it keeps out is unusable, gets no request and no probe, and is used once it has what is asked", () => {
    const { apply, targets, eligible, takeEvents, state, probes } = openState([node("", 1)], only);
    assert.deepEqual([targets(), eligible()], [[], []]);
    apply({ nodes: [zone("a", a), zone("b", b)] });
    assert.deepEqual([targets(), eligible()], [["0: 1"], [0]]);
    assert.deepEqual(takeEvents().at(-1), "2: absent > unusable, `selection.only` does not name it");
    state.probeWanted(1);
    assert.deepEqual([probes.length, state.avoided().map(({ state: of }) => of)], [0, ["unusable"]]);
    apply({ topology: 2, nodes: [zone("a", a), zone("a", b)] });
    assert.deepEqual([eligible(), takeEvents()], [[0, 1], ["2: unusable > healthy"]]);
  });

  it("preferred nodes get all requests; the next list decides anew, in the table that every thread reads", () => {
    const { apply, reader, other, state } = openState([node("", 1)], prefer);
    assert.deepEqual(reader.refresh().eligible, [0]);
    apply({ nodes: [zone("b", a), zone("a", b), zone("b", c)] });
    for (const one of [reader, other]) {
      assert.deepEqual(one.refresh(), { eligible: [1], further: [[0, 2]], panic: false });
    }
    assert.deepEqual(
      state.nodes().map(({ preferred }) => preferred),
      [false, true, false],
    );
    apply({ topology: 2, nodes: [zone("a", a), zone("b", b), zone("b", c)] });
    assert.deepEqual(reader.refresh(), { eligible: [0], further: [[1, 2]], panic: false });
  });

  it("that it leaves no node is a finding once it has lasted for 5 s, and over as soon as there is one", () => {
    const { apply, reader, state, timers, counts } = openState([node("", 1)], only);
    const findings = () => [state.noneSelected, state.selectionProblem, reader.isBarred];
    const waits = "`selection` waits for the cluster's list of nodes, which says what each of them is";
    assert.deepEqual(findings(), [waits, undefined, false]);
    apply({ nodes: [zone("b", a), zone("c", b)] });
    const none = "`selection` leaves none of the 2 listed nodes";
    assert.deepEqual(findings(), [none, undefined, false]);
    timers.advance(4_999);
    assert.deepEqual(findings(), [none, undefined, false]);
    const { pumped } = counts;
    timers.advance(1);
    assert.deepEqual([findings(), counts.pumped > pumped], [[none, none, true], true]);
    apply({ topology: 2, nodes: [zone("b", a), zone("a", b)] });
    assert.deepEqual(findings(), [undefined, undefined, false]);
    apply({ topology: 3, nodes: [zone("b", a), zone("c", b)] });
    assert.deepEqual(findings(), [none, undefined, false]);
    apply({ topology: 4, nodes: [zone("a", a)] });
    timers.advance(10_000);
    assert.deepEqual(findings(), [undefined, undefined, false]);
  });

  it("that it prefers none of the listed nodes is logged once, and all are used; and once that it prefers one again", () => {
    const { apply, eligible, timers, warnings, infos, reader } = openState([node("", 1)], prefer);
    apply({ nodes: [zone("b", a), zone("c", b)] });
    timers.advance(60_000);
    apply({ topology: 2, nodes: [zone("b", a), zone("c", b), zone("c", c)] });
    timers.advance(60_000);
    assert.deepEqual([eligible(), reader.isBarred], [[0, 1, 2], false]);
    assert.deepEqual(warnings, [{ event: "selection.none-preferred" }]);
    for (const topology of [3, 4]) apply({ topology, nodes: [zone("a", a), zone("c", b)] });
    assert.deepEqual(infos, [{ event: "selection.preferred" }]);
    apply({ topology: 5, nodes: [zone("b", a), zone("c", b)] });
    timers.advance(60_000);
    assert.equal(warnings.length, 2);
  });
});

describe("the list of nodes", () => {
  it("begins with the configured nodes and goes on with those of the view", () => {
    const { apply, eligible, takeEvents, targets } = openState();
    assert.deepEqual([eligible(), takeEvents()], [[0], ["1: absent > unverified, has not answered yet"]]);
    apply({ nodes: [a, b] });
    assert.deepEqual(
      [targets(), eligible()],
      [
        ["0: 1", "1: 2"],
        [0, 1],
      ],
    );
    assert.deepEqual(takeEvents(), ["1: unverified > healthy", "2: absent > healthy"]);
    apply({ topology: 2, nodes: [a, c] });
    assert.deepEqual(targets(), ["0: 1", "2: 3"]);
    assert.deepEqual(takeEvents(), ["3: absent > healthy", "2: healthy > absent"]);
  });

  it("a configured address that the view does not name is used only while no other node is eligible", () => {
    const { apply, reader } = openState();
    apply({ nodes: [b] });
    assert.deepEqual(reader.refresh(), { eligible: [1], further: [[0]], panic: false });
  });

  it("the sender has the list before the table names a node of it, and waiting requests go on after that", () => {
    const scene = openState();
    const { lists, counts, table } = scene;
    const seen: (readonly [number, number])[] = [];
    const push = lists.push.bind(lists);
    lists.push = (...targets) => {
      seen.push([scene.eligible().length, counts.pumped]);
      return push(...targets);
    };
    scene.apply({ nodes: abc });
    assert.deepEqual([seen, scene.eligible().length, counts.pumped], [[[1, 1]], 3, 2]);
    assert.deepEqual(scene.state.topologyOf(Atomics.load(table.words, 2)), viewOf({}).topology.version);
  });

  it("new credentials reach the sender, and slots and generations stay", () => {
    const { apply, changeAccess, lists } = openState();
    apply({ nodes: [a] });
    changeAccess("two");
    const [target] = lists.at(-1) ?? [];
    assert.deepEqual([target?.slot, target?.generation, target?.endpoint.headers.authorization], [0, 1, "two"]);
  });

  it("the sender learns by which names a request may call each node, and where a node was before", () => {
    const { state, lists } = openState([node("", 1)]);
    const shown = () =>
      lists.at(-1)?.map(({ endpoint, names }) => [endpoint.port, names?.id, names?.name, names?.formerAddresses]);
    assert.deepEqual(shown(), [[1, undefined, undefined, undefined]]);
    state.apply(viewOf({ nodes: [{ ...a, name: "es-a" }, b] }), "fresh", "shared");
    assert.deepEqual(shown(), [
      [1, "a", "es-a", []],
      [2, "b", undefined, []],
    ]);
    state.apply(viewOf({ topology: 2, nodes: [node("a", 3), b] }), "fresh", "shared");
    assert.deepEqual(shown()?.toSorted(), [
      [1, undefined, undefined, undefined],
      [2, "b", undefined, []],
      [3, "a", undefined, ["10.0.0.1:1"]],
    ]);
  });

  it("a node that the configuration forbids is unusable, gets no request and no probe, and comes back when allowed", () => {
    const { apply, refused, changeAccess, targets, eligible, takeEvents, state, probes } = openState();
    refused.add(2);
    apply({ nodes: [a, b] });
    assert.deepEqual(
      [targets(), eligible(), takeEvents().at(-1)],
      [["0: 1"], [0], "2: absent > unusable, not allowed"],
    );
    state.probeWanted(1);
    assert.equal(probes.length, 0);
    refused.clear();
    changeAccess();
    assert.deepEqual([targets(), eligible(), takeEvents()], [["0: 1", "1: 2"], [0, 1], ["2: unusable > healthy"]]);
  });

  it("asks how nodes are reached when that may have changed, and not for every mark", () => {
    const { apply, counts, changeAccess } = openState();
    apply({ nodes: abc });
    const before = counts.reached;
    apply({ marks: 2, nodes: abc, marked: [[a, mark("down")]] });
    assert.equal(counts.reached, before);
    changeAccess();
    assert.equal(counts.reached, before + 3);
  });

  it("a slot is free again when its last request has ended, and at once if it never could have one", () => {
    const { apply, refused, targets, state } = openState();
    refused.add(2);
    apply({ nodes: abc });
    apply({ topology: 2, nodes: [a] });
    const [d, e, f] = [node("d", 4), node("e", 5), node("f", 6)];
    apply({ topology: 3, nodes: [a, d, e] });
    // Slot 1 was never used; slot 2 was.
    assert.deepEqual(targets(), ["0: 1", "1: 4", "3: 5"]);
    state.released(2);
    apply({ topology: 4, nodes: [a, d, e, f] });
    assert.deepEqual(targets(), ["0: 1", "1: 4", "3: 5", "2: 6"]);
  });

  it("every node finds a slot however many come and go unused, and more nodes than slots are logged", () => {
    const { apply, refused, warnings, state } = openState();
    for (let port = 10; port < 60; port++) {
      refused.add(port);
      apply({ topology: port, nodes: [a, node("x", port)] });
    }
    apply({ topology: 100, nodes: [a, b] });
    assert.deepEqual([state.nodes().length, warnings], [2, []]);
    apply({ topology: 101, nodes: [1, 2, 3, 4, 5, 6, 7, 8].map((port) => node(`n${port}`, port)) });
    assert.deepEqual(warnings, [{ event: "nodes.too-many", nodes: 2, slots: 6 }]);
  });

  it("a released slot counts from zero again", () => {
    const { apply, state, reader, table } = openState();
    apply({ nodes: [a, b] });
    reader.countAnswer(1, false);
    assert.equal(table.totals.ofNode(1).answers, 1);
    apply({ topology: 2, nodes: [a] });
    state.released(1);
    assert.equal(table.totals.ofNode(1).answers, 0);
  });
});

describe("the view", () => {
  it("an older topology and older marks are ignored, also beside newer ones", () => {
    const { apply, state, lists } = openState();
    apply({ topology: 5, marks: 5, beat: 5, nodes: [a, b] });
    const [newest, before] = [state.view, lists.length];
    for (const older of [{ topology: 4 }, { marks: 4 }, { topology: 6, marks: 4 }, { topology: 4, marks: 6 }]) {
      apply({ topology: 5, marks: 5, beat: 9, nodes: [c], ...older });
      assert.equal(state.view, newest);
    }
    assert.equal(lists.length, before);
  });

  it("a beat refreshes the age alone, and an older one not even that", () => {
    const { apply, state, lists, counts } = openState();
    apply({ beat: 1, nodes: [a] });
    const before = [lists.length, counts.pumped];
    for (const beat of [3, 2]) apply({ beat, nodes: [a] });
    assert.deepEqual([state.view?.head.atMs, lists.length, counts.pumped], [3_000, ...before]);
  });

  it("a view of the own monitor replaces the shared one whatever its version, and is replaced by that", () => {
    const { state, standings } = openState();
    const applyShared = () => state.apply(viewOf({ topology: 7, marks: 7, nodes: [a, b] }), "fresh", "shared");
    applyShared();
    state.apply(viewOf({ nodes: [b, c] }), "fresh", "own");
    assert.deepEqual(standings(), ["1: unverified", "2: healthy", "3: healthy"]);
    applyShared();
    assert.deepEqual(standings(), ["1: healthy", "2: healthy"]);
  });

  it("the connection share is that of the view that processes share, sealed or not, and of no view of its own", () => {
    const { state, followed } = openState();
    const view = (marks: number, perThread: number): View => {
      const shares = { fleetPerNode: 9, perThread, starting: 1, threads: 1, round: marks, admitted: [] };
      const plain = viewOf({ marks });
      return { ...plain, marks: { ...plain.marks, connections: shares } };
    };
    state.apply(view(1, 5), "fresh", "shared");
    state.apply(view(2, 6), "fresh", "own");
    state.apply(view(1, 5), "stale", "sealed");
    state.apply(view(2, 4), "fresh", "sealed");
    assert.deepEqual(followed, [5, 5, 4]);
  });

  it("any view replaces one whose epoch lies in the future now that the store's clock was set back", () => {
    const { state } = openState();
    const days = 86_400_000 * 1_000;
    const view = (epoch: number, sequence: number): View => {
      const { topology, marks, head } = viewOf({});
      const version = { epoch, leader: "x", sequence };
      return { topology: { ...topology, version }, marks: { ...marks, version }, head };
    };
    for (const [epoch, followed] of [
      [0.5 * days, 0.5 * days],
      [0.4 * days, 0.5 * days],
      [9 * days, 9 * days],
      [0.4 * days, 0.4 * days],
    ] as const) {
      state.apply(view(epoch, 1), "fresh", "shared");
      assert.equal(state.view?.topology.version.epoch, followed);
    }
  });

  it("a node that only a shared view names gets a probe and no request, until it has answered", async () => {
    const { state, reader, probes, reports, timers } = openState();
    state.apply(viewOf({ nodes: [a, b, c] }), "fresh", "shared");
    timers.advance(1);
    // The address of the first is configured.
    assert.deepEqual(reader.refresh().eligible, [0]);
    assert.deepEqual(
      probes.map(({ port }) => port),
      [2, 3],
    );
    probes[0]?.answer({ kind: "reached" });
    probes[1]?.answer({ kind: "unreachable", reason: "no answer" });
    await new Promise(setImmediate);
    assert.deepEqual(reader.refresh().eligible, [0, 1]);
    assert.deepEqual(reports, [`${nodeKey(c)}: no answer, probed`]);
  });

  it("a node that a sealed view names gets requests at once where the view is fresh, and else once it has answered", () => {
    const { state, reader, probes, timers } = openState();
    state.apply(viewOf({ nodes: [a, b] }), "fresh", "sealed");
    timers.advance(1);
    assert.deepEqual([reader.refresh().eligible, probes.length], [[0, 1], 0]);
    state.apply(viewOf({ topology: 2, marks: 2, nodes: [a, b, c] }), "stale", "sealed");
    timers.advance(1);
    assert.deepEqual([reader.refresh().eligible, probes.length], [[0, 1], 1]);
  });

  it("writes the marks to the table, and shows how each node stands, since when and why", () => {
    const { apply, reader, takeEvents, state } = openState();
    apply({ nodes: abc });
    takeEvents();
    apply({
      marks: 2,
      nodes: abc,
      marked: [
        [a, mark("down")],
        [b, mark("draining")],
      ],
    });
    assert.deepEqual(reader.refresh(), { eligible: [2], further: [[0], [1]], panic: false });
    assert.deepEqual(takeEvents(), ["1: healthy > down, refused", "2: healthy > draining, refused"]);
    assert.deepEqual(state.nodes()[0]?.standing, {
      ...{ state: "down", reason: "refused", sinceMs: 10_000 },
      by: "leader",
    });
    apply({ marks: 3, nodes: abc });
    assert.deepEqual(takeEvents(), ["1: down > healthy", "2: draining > healthy"]);
  });

  it("a slow start begins at the time of its mark, whatever clock the store has", () => {
    const { apply, reader, timers } = openState();
    apply({ nodes: [a], marked: [[a, mark("slow-start")]] });
    assert.equal(reader.weightOf(0), 0.1);
    timers.advance(15_000);
    assert.equal(reader.weightOf(0), 0.5);
  });

  it("a mark of the node that had the address before is ignored", () => {
    const { apply, standings } = openState();
    apply({ nodes: [node("new", 1)], marked: [[a, mark("down")]] });
    assert.deepEqual(standings(), ["1: healthy"]);
  });

  it("marks that no leader stands behind any more are hints, which one trial overturns", async () => {
    const { apply, state, eligible, standings, timers, answer } = openState();
    const parts = { marks: 2, nodes: abc, marked: [[a, mark("down")] as const, [b, mark("draining")] as const] };
    apply(parts);
    state.apply(viewOf(parts), "stale", "own");
    assert.deepEqual([standings(), eligible()], [["1: ejected", "2: draining", "3: healthy"], [2]]);
    assert.deepEqual(state.ejectedKeys(), [nodeKey(a)]);
    timers.advance(10_000);
    await answer(reached);
    assert.deepEqual(standings(), ["1: healthy", "2: draining", "3: healthy"]);
    apply({ ...parts, beat: 9 });
    assert.deepEqual(standings(), ["1: down", "2: draining", "3: healthy"]);
  });

  it("a down mark of a node that answers this process is refuted, until it answers no more", () => {
    const { apply, reader, pass, standings, state, eligible } = openState();
    apply({ nodes: abc });
    reader.noteByte(0, 10_000);
    apply({ marks: 2, nodes: abc, marked: [[a, mark("down")]] });
    assert.deepEqual([standings()[0], eligible(), state.refutedKeys()], ["1: healthy", [0, 1, 2], [nodeKey(a)]]);
    pass(2_100);
    assert.deepEqual([standings()[0], eligible(), state.refutedKeys()], ["1: down", [1, 2], []]);
  });
});

describe("a node that fails this process", () => {
  it("is ejected, reported once its probe has failed too, and gets a slow start after a trial", async () => {
    const { apply, fail, answer, reader, reports, takeEvents, timers, counts, state } = openState();
    apply({ nodes: [a, b] });
    takeEvents();
    const before = counts.pumped;
    fail(0);
    assert.deepEqual(reader.refresh(), { eligible: [1], further: [[0]], panic: false });
    assert.deepEqual([takeEvents(), counts.pumped], [["1: healthy > ejected, reset"], before + 1]);
    assert.deepEqual([state.ejectedKeys(), reports], [[nodeKey(a)], []]);
    await answer(unreachable);
    assert.deepEqual(reports, [`${nodeKey(a)}: reset, probed`]);
    timers.advance(2_000);
    await answer(reached);
    assert.deepEqual([reader.refresh().eligible, reader.weightOf(0)], [[0, 1], 0.1]);
    assert.deepEqual(takeEvents(), ["1: ejected > healthy"]);
  });

  it("is reported every 2 s at most, and 20 nodes in a second", async () => {
    const scene = openState();
    const { state, fail, answer, timers, reports, probes } = scene;
    scene.apply({ nodes: [a, b] });
    fail(0);
    await answer(unreachable);
    timers.advance(1_000);
    await answer(unreachable);
    assert.equal(reports.length, 1, "the trial fails within 2 s");
    for (let round = 0; reports.length < 2; round++) {
      assert.ok(round < 20);
      timers.advance(1_000);
      while (probes.length > 0) await answer(unreachable);
    }
    assert.equal(state.nodes()[0]?.standing.state, "ejected");
  });

  it("counts for nothing when another node has taken its slot, nor does its probe", async () => {
    const { apply, fail, standings, answer, reports, takeEvents } = openState();
    apply({ nodes: [a, b] });
    fail(0);
    takeEvents();
    apply({ topology: 2, nodes: [node("other", 1), b] });
    assert.deepEqual([standings(), takeEvents()], [["1: healthy", "2: healthy"], ["1: ejected > healthy"]]);
    await answer(unreachable);
    fail(0, 3, 1);
    assert.deepEqual([standings(), reports], [["1: healthy", "2: healthy"], []]);
    fail(0, 3, 2);
    assert.deepEqual(standings(), ["1: ejected", "2: healthy"]);
  });

  it("is probed for another process on request, by its key", async () => {
    const { apply, state, probes } = openState();
    apply({ nodes: [a, b] });
    assert.equal(state.probe("unknown@10.0.0.1:2"), undefined);
    const result = state.probe(nodeKey(b));
    assert.deepEqual([probes.length, probes[0]?.port], [1, 2]);
    probes[0]?.answer(reached);
    assert.deepEqual(await result, reached);
  });

  it("of a refused credential the access is asked for another, unless the node has one since that list, or is gone", async () => {
    const { apply, state, renewals, changeAccess, listNumber } = openState();
    apply({ nodes: [a] });
    const before = listNumber();
    const done: string[] = [];
    const refuse = (name: string, refusal: CredentialRefusal) =>
      state.credentialRefused(refusal, () => done.push(name));
    refuse("current", { slot: 0, generation: 1, list: before });
    assert.deepEqual([done, renewals[0]?.endpoint.headers.authorization], [[], "one"]);
    renewals[0]?.done();
    await settled();
    changeAccess("two");
    refuse("older list", { slot: 0, generation: 1, list: before });
    refuse("other node", { slot: 0, generation: 2, list: listNumber() });
    refuse("no such node", { slot: 3, generation: 1 });
    refuse("newest list", { slot: 0, generation: 1, list: listNumber() });
    assert.deepEqual(done, ["current", "older list", "other node", "no such node"]);
    assert.deepEqual(
      renewals.map(({ endpoint }) => endpoint.headers.authorization),
      ["one", "two"],
    );
  });

  it("nothing follows from any event after the close", async () => {
    const { apply, fail, answer, state, timers, reports, takeEvents, probes, lists } = openState();
    apply({ nodes: [a, b] });
    fail(0);
    state.close();
    takeEvents();
    const before = lists.length;
    await answer(unreachable);
    fail(1);
    apply({ topology: 2, nodes: [c] });
    timers.advance(60_000);
    assert.deepEqual([reports, takeEvents(), probes.length, lists.length], [[], [], 0, before]);
  });
});

describe("Reads that wait on a stalled node", () => {
  async function withStall(): Promise<Scene> {
    const scene = openState();
    scene.apply({ nodes: abc });
    scene.wait(0);
    scene.pass(300);
    await scene.answer(unreachable);
    return scene;
  }

  it("a stall is found by a probe that takes its time from the handshake, and ejects and reports the node once", async () => {
    const { apply, other, wait, pass, probes, answer, reports, standings } = openState();
    apply({ nodes: abc });
    other.noteHandshake(0, 400);
    wait(0);
    pass(200);
    assert.equal(probes.length, 0);
    pass(100);
    assert.deepEqual(
      probes.map(({ port, timeoutMs }) => [port, timeoutMs]),
      [[1, 1_200]],
    );
    await answer(unreachable);
    assert.deepEqual([reports, standings()[0]], [[`${nodeKey(a)}: stalled: no answer, probed`], "1: ejected"]);
  });

  it("a byte in any thread is a sign of life, and an awaited node that answers probes is probed ever less often", async () => {
    const { apply, wait, pass, probes, other, timers, answer, reports } = openState();
    apply({ nodes: abc });
    wait(0);
    for (let times = 0; times < 20; times++) {
      pass(200);
      other.noteByte(0, timers.nowMs());
    }
    assert.equal(probes.length, 0);
    let answered = 0;
    for (let beats = 0; beats < 200; beats++) {
      pass(beatMs);
      if (probes.length === 0) continue;
      answered++;
      await answer(reached);
    }
    // After 250, 500, 1000, 2000 and 4000 ms without a byte.
    assert.deepEqual([answered, reports], [5, []]);
  });

  it("are rerouted at once and at every beat, to nodes that are not suspected, with the last byte of each", async () => {
    const { orders, pass, other, reader, timers, wait, probes } = await withStall();
    const [first] = orders;
    assert.deepEqual(first?.stuck, [{ slot: 0, generation: 1, suspectedAtMs: 10_250 }]);
    assert.deepEqual(first?.targets.map(({ slot }) => slot).sort(), [1, 2]);
    assert.ok(first?.targets.every(({ lastByteAtMs }) => lastByteAtMs === Number.NEGATIVE_INFINITY));
    const lastByteAtMs = timers.nowMs();
    other.noteByte(1, lastByteAtMs);
    pass(200);
    assert.equal(orders.length, 5);
    assert.equal(orders.at(-1)?.targets.find(({ slot }) => slot === 1)?.lastByteAtMs, lastByteAtMs);
    wait(1);
    pass(300);
    assert.ok(probes.some(({ port }) => port === 2));
    assert.deepEqual(
      orders.at(-1)?.targets.map(({ slot }) => slot),
      [2],
    );
    // Its attempts are over.
    reader.showWaiting(0, undefined, undefined);
    const before = orders.length;
    pass(200);
    assert.equal(orders.length, before);
  });

  it("have an idle node asked for a sign of life, once at a time, and are rerouted when it gives one", async () => {
    const { orders, state, probes, answer, timers } = await withStall();
    const before = orders.length;
    for (let times = 0; times < 3; times++) state.probeWanted(2);
    assert.deepEqual(
      probes.map(({ port }) => port),
      [3],
    );
    await answer(reached);
    assert.equal(orders.length, before + 1);
    assert.equal(orders.at(-1)?.targets.find(({ slot }) => slot === 2)?.lastByteAtMs, timers.nowMs());
  });

  it("stay where they are when no other node is eligible, and once the node is back", async () => {
    const { orders, pass, fail, timers, probes } = await withStall();
    fail(1);
    fail(2);
    const before = orders.length;
    pass(200);
    assert.equal(orders.length, before);
    const back = await withStall();
    back.timers.advance(1_000);
    await back.answer(reached);
    const rerouted = back.orders.length;
    back.pass(200);
    assert.equal(back.orders.length, rerouted);
    assert.ok(timers.nowMs() > 0 && probes.length > 0);
  });

  it("are rerouted from a node that the view marks down, too", () => {
    const { apply, orders, pass, wait, timers } = openState();
    apply({ nodes: abc });
    wait(1);
    pass(100);
    apply({ marks: 2, nodes: abc, marked: [[b, mark("down")]] });
    const downAtMs = timers.nowMs();
    pass(beatMs);
    assert.deepEqual(orders[0]?.stuck, [{ slot: 1, generation: 1, suspectedAtMs: downAtMs }]);
    assert.deepEqual(orders[0]?.targets.map(({ slot }) => slot).sort(), [0, 2]);
  });
});

describe("a node that this process avoids", () => {
  /** The first thread asks all nodes, and the second one refuses it so many of ten. */
  function ask({ reader, pass, timers }: Scene, forMs: number, refusedOfTen: number): void {
    for (let passed = 0; passed < forMs; passed += beatMs) {
      reader.refresh();
      reader.advancePenalties(timers.nowMs());
      const isRefused = (passed / beatMs) % 10 < refusedOfTen;
      for (const slot of [0, 1, 2]) {
        if (slot === 1 && isRefused) reader.penalties.refused(slot, 503);
        else reader.penalties.answered(slot, 5, timers.nowMs());
      }
      pass(beatMs);
    }
  }

  it("is penalized, with the reason, once that has lasted, and healthy again when it is over", () => {
    const scene = openState();
    scene.apply({ nodes: abc });
    ask(scene, 1_000, 0);
    scene.takeEvents();
    ask(scene, 16_000, 5);
    const [begun = "", ...others] = scene.takeEvents();
    assert.match(begun, /^2: healthy > penalized, failing: \d+ % of its answers are 503$/);
    assert.deepEqual(others, []);
    const { standing } = scene.state.nodes()[1] ?? assert.fail();
    assert.equal(standing.by, "process");
    const [avoided, ...rest] = scene.state.avoided();
    assert.deepEqual(rest, []);
    assert.equal(avoided?.node, nodeKey(b));
    assert.match(`${avoided?.state}: ${avoided?.reason}`, /^penalized: failing: \d+ % of its answers are 503$/);
    assert.ok((avoided?.factor ?? 0) > 2 && (avoided?.forMs ?? 0) > 2_000);
    ask(scene, 40_000, 0);
    const [ended = "", ...more] = scene.takeEvents();
    assert.match(ended, /^2: penalized > healthy; .*503, for \d+ s$/);
    assert.deepEqual(more, []);
  });

  it("is named with the reason of the configuration that keeps it out, after those that it has ejected", () => {
    const { apply, fail, refused, state } = openState();
    refused.add(1);
    apply({ nodes: abc });
    fail(1);
    const [ejected, unusable, ...others] = state.avoided();
    assert.deepEqual([ejected?.state, ejected?.node, others], ["ejected", nodeKey(b), []]);
    assert.deepEqual(unusable, { node: nodeKey(a), state: "unusable", reason: "not allowed", forMs: 0 });
  });

  it("shows no penalty of before once it was out of use, though the threads send nothing", () => {
    const scene = openState();
    scene.apply({ nodes: abc });
    ask(scene, 16_000, 5);
    assert.deepEqual(scene.standings(), ["1: healthy", "2: penalized", "3: healthy"]);
    scene.apply({ marks: 2, nodes: abc, marked: [[b, mark("down")]] });
    scene.pass(1_000);
    scene.apply({ marks: 3, nodes: abc });
    scene.pass(5_000);
    assert.deepEqual(scene.standings(), ["1: healthy", "2: healthy", "3: healthy"]);
    assert.equal(scene.table.penalties.of(1, scene.timers.nowMs()), undefined);
  });

  it("is penalized no longer once this process has sent nothing for five minutes", () => {
    const scene = openState();
    scene.apply({ nodes: abc });
    ask(scene, 16_000, 5);
    scene.takeEvents();
    scene.pass(290_000);
    assert.deepEqual([scene.standings()[1], scene.takeEvents()], ["2: penalized", []]);
    scene.pass(11_000);
    assert.deepEqual(scene.standings(), ["1: healthy", "2: healthy", "3: healthy"]);
    assert.match(scene.takeEvents().join(), /^2: penalized > healthy; .*503, for 3\d\d s$/);
  });
});

describe("what operators have asked for", () => {
  const until = "until 1970-01-01 00:01:10 UTC: restart";

  it("a drained node gets no request while it is drained, and its full share at once afterwards", () => {
    const { apply, eligible, reader, state, takeEvents } = openState();
    apply({ nodes: abc });
    takeEvents();
    apply({ marks: 2, nodes: abc, drained: [[b, 70_000]] });
    assert.deepEqual(reader.refresh(), { eligible: [0, 2], further: [], panic: false });
    assert.equal(reader.untried([0, 2]), 0, "not even a retry goes there");
    assert.deepEqual(takeEvents(), [`2: healthy > draining, drained by ops@host ${until}`]);
    assert.deepEqual(state.nodes()[1]?.standing, {
      ...{ state: "draining", by: "operator", reason: `drained by ops@host ${until}` },
      sinceMs: 10_500 - storeAheadMs,
    });
    apply({ marks: 3, nodes: abc });
    assert.deepEqual([eligible(), reader.weightOf(1), takeEvents()], [[0, 1, 2], 1, ["2: draining > healthy"]]);
  });

  it("a drain holds for the node's id at another address, for another node at its address, and without a leader", () => {
    const scene = openState();
    const [moved, other] = [node("a", 9), node("x", 2)];
    const drained = [[a, 70_000] as const, [b, 70_000] as const];
    scene.apply({ nodes: [a, b, c], drained });
    assert.deepEqual(scene.eligible(), [2]);
    scene.state.apply(viewOf({ topology: 2, nodes: [moved, other, c], drained }), "orphan", "own");
    assert.deepEqual(scene.standings().sort(), ["1: draining", "2: draining", "3: healthy", "9: draining"]);
  });

  it("a drain ends by the store's clock, although no further view comes", () => {
    const { apply, eligible, timers, takeEvents } = openState();
    apply({ nodes: abc, drained: [[b, 70_000]] });
    timers.advance(70_000 - storeAheadMs - timers.nowMs() - 1);
    assert.deepEqual(eligible(), [0, 2]);
    takeEvents();
    timers.advance(1);
    assert.deepEqual([eligible(), takeEvents()], [[0, 1, 2], ["2: draining > healthy"]]);
  });

  it("a drained node that is down as well, or ejected, says both, and stays that when its drain ends", () => {
    const { apply, eligible, fail, state, takeEvents } = openState();
    apply({ nodes: abc });
    fail(2);
    apply({
      marks: 2,
      nodes: abc,
      marked: [[b, mark("down")]],
      drained: [
        [b, 70_000],
        [c, 70_000],
      ],
    });
    const reasons = state.nodes().map(({ standing: { reason } }) => reason);
    assert.deepEqual(reasons, [
      undefined,
      `drained by ops@host ${until}; down: refused`,
      `drained by ops@host ${until}; ejected: reset`,
    ]);
    assert.deepEqual([eligible(), state.ejectedKeys()], [[0], [nodeKey(c)]]);
    takeEvents();
    apply({ marks: 3, nodes: abc, marked: [[b, mark("down")]] });
    assert.deepEqual(
      [eligible(), takeEvents()],
      [[0], ["2: draining > down, refused", "3: draining > ejected, reset"]],
    );
  });

  it("during a pause down marks are ignored, and this process's own ejections are not", () => {
    const { apply, eligible, fail, timers, standings } = openState();
    const marked = [[b, mark("down")] as const];
    apply({ nodes: abc, marked });
    assert.deepEqual(eligible(), [0, 2]);
    apply({ marks: 2, nodes: abc, marked, pausedUntilMs: 70_000 });
    assert.deepEqual(eligible(), [0, 1, 2]);
    fail(2);
    assert.deepEqual(
      [eligible(), standings()],
      [
        [0, 1],
        ["1: healthy", "2: healthy", "3: ejected"],
      ],
    );
    timers.advance(70_000 - storeAheadMs - timers.nowMs());
    assert.equal(standings()[1], "2: down");
  });
});

describe("long lists", () => {
  const perStep = 128;
  const count = 1_000;
  const long = { slots: 4 * count, threads: 2 };
  const many = (from: number) => Array.from({ length: count }, (_, at) => node(`n${from + at}`, from + at));
  const open = () => openState([node("", 1)], undefined, long);

  it("are applied in steps of 128 nodes, and requests go by the nodes before until the new ones come in, step by step", () => {
    const { apply, step, counts, eligible, lists, takeEvents } = open();
    apply({ nodes: many(2_000) });
    while (step());
    assert.equal(eligible().length, count);
    const before = { reached: counts.reached, slots: new Set(eligible()), lists: lists.length };
    takeEvents();

    apply({ topology: 2, nodes: many(5_000) });
    let [steps, reached] = [1, counts.reached];
    while (lists.length === before.lists) {
      assert.ok(counts.reached - reached <= perStep);
      assert.deepEqual(new Set(eligible()), before.slots);
      assert.deepEqual(takeEvents(), []);
      reached = counts.reached;
      steps += Number(step());
    }
    assert.equal(counts.reached, before.reached + count + 1);
    let served = eligible().length;
    assert.ok(served > 0 && served <= perStep && steps > count / perStep);
    takeEvents();
    while (step()) {
      assert.ok(eligible().length - served <= perStep && takeEvents().length <= perStep);
      served = eligible().length;
    }
    assert.equal(served, count);
    assert.ok(eligible().every((slot) => !before.slots.has(slot)));
  });

  it("of those that come while one is being applied the newest alone follows it, and marks alone do not delay it", () => {
    const { apply, step, lists, eligible } = open();
    apply({ nodes: many(2_000) });
    const before = lists.length;
    apply({ topology: 2, nodes: many(4_000) });
    apply({ topology: 3, nodes: [a, b] });
    apply({ topology: 3, marks: 2, nodes: [a, b], marked: [[b, mark("down")]] });
    while (step());
    const lengths = lists.slice(before).map((targets) => targets.length);
    assert.deepEqual([lengths, eligible()], [[count + 1, 2], [0]]);
  });

  it("a pool that is closed while one is being applied goes on with none of it", () => {
    const { apply, step, lists, state, counts } = open();
    apply({ nodes: many(2_000) });
    step();
    const before = [lists.length, counts.reached];
    state.close();
    while (step());
    assert.deepEqual([lists.length, counts.reached], before);
  });

  it("marks of all of their nodes, and an end of all of them, are steps of 128 nodes, too", () => {
    const { apply, step, takeEvents, eligible, standings } = open();
    const nodes = many(2_000);
    const marked = nodes.map((one) => [one, mark("down")] as const);
    apply({ nodes });
    while (step());
    takeEvents();
    apply({ marks: 2, nodes, marked });
    do assert.ok(takeEvents().length <= perStep);
    while (step());
    assert.equal(standings().filter((text) => text.endsWith(": down")).length, count);
    apply({ topology: 2, marks: 3, nodes: [a] });
    do {
      assert.ok(takeEvents().length <= perStep + 1);
      assert.notEqual(eligible().length, 0);
    } while (step());
    assert.deepEqual([eligible(), standings()], [[0], ["1: healthy"]]);
  });
});
