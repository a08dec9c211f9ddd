import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualTimers, seededRandom } from "@rollcall/testing";
import {
  beatMs,
  isInTime,
  isKeptOff,
  isSuspected,
  type LocalNode,
  type LocalNodeEvent,
  type LocalProbe,
  newLoopLag,
  newNode,
  nextLoopLag,
  nextNode,
  nodeDueMs,
  type ProbeResult,
  ranMs,
  slowStartOf,
  slowStartWeight,
  stuckSinceMs,
  waitingSinceMs,
} from "./health/index.js";
import { emptyRerouteWindow, nextReroutes } from "./request/index.js";
import { Exploration, type NodeReader, Penalties, pick, pickAmong, rosterOf } from "./selection/index.js";

/**
 * The parts of a failover that no request notices, put together as a process does: pick, stall detector, circuit
 * breaker, reroutes and event-loop lag, in front of nodes that freeze. In virtual time; no socket, and one thread.
 */

/** Begun anew for each story. */
let timers = new ManualTimers();
let random = seededRandom(0);

/** A node that answers after 2 to 20 ms, unless it is frozen; what was asked meanwhile is answered when it thaws. */
class FreezableNode {
  private frozen = false;
  private held: (() => void)[] = [];

  ask(answer: () => void, leastMs = 2): void {
    const come = () => {
      if (this.frozen) this.held.push(come);
      else answer();
    };
    timers.after(leastMs + random() * 18, come);
  }

  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
    for (const come of this.held.splice(0)) timers.after(random() * 5, come);
  }
}

interface Attempt {
  readonly request: Request;
  readonly slot: number;
  readonly startedAtMs: number;
  readonly startedRanMs: number;
  readonly reroutable: boolean;
  readonly rerouted: boolean;
  over: boolean;
}

interface Request {
  readonly beganMs: number;
  readonly read: boolean;
  rerouted: boolean;
}

interface Entry {
  node: LocalNode;
  lastByteMs: number;
}

/** One process that keeps `lanes` requests in flight, one after the other in each. */
class Process {
  readonly took: { readonly read: boolean; readonly ms: number; readonly atMs: number }[] = [];
  readonly reports: { readonly slot: number; readonly atMs: number }[] = [];
  readonly sentTo: { readonly slot: number; readonly atMs: number }[] = [];
  moves = 0;
  probes = 0;
  private readonly entries: Entry[];
  private readonly attempts = new Set<Attempt>();
  private readonly penalties: Penalties;
  private readonly exploration = new Exploration();
  private window = emptyRerouteWindow;
  private watch = newLoopLag(timers.nowMs());
  /** What reaches the process while it does not run, in order. */
  private stalledUntilMs = 0;
  private readonly unread: (() => void)[] = [];

  constructor(
    private readonly nodes: readonly FreezableNode[],
    lanes: number,
    private readonly readShare: number,
  ) {
    this.penalties = new Penalties(nodes.length);
    this.entries = nodes.map(() => ({ node: newNode(timers.nowMs()), lastByteMs: Number.NEGATIVE_INFINITY }));
    for (let lane = 0; lane < lanes; lane++) this.begin();
    this.tickLater();
  }

  /** The process does not run for so long. Its timers fire late; then what has come in is read. */
  stall(forMs: number): void {
    this.stalledUntilMs = timers.nowMs() + forMs;
  }

  get waiting(): number {
    return this.attempts.size;
  }

  private get reader(): NodeReader {
    const nowMs = timers.nowMs();
    return {
      roster: rosterOf(
        this.entries.map(({ node }, slot) => ({ slot, tier: "node", mark: "none", ejected: isKeptOff(node) })),
      ),
      weightOf: (slot) => {
        const entry = this.entries[slot];
        const slowStart = entry === undefined ? undefined : slowStartOf(entry.node, 0);
        if (slowStart === undefined) return 1;
        const answersInLine = this.penalties.answersInLine(slot);
        return slowStartWeight(slowStart.fromMs, nowMs, slowStart.durationMs, answersInLine);
      },
      inFlightOf: (slot) => this.at(slot).length,
      hasRoom: () => true,
      refusedAtMs: () => Number.NEGATIVE_INFINITY,
      penaltyOf: (slot) => this.penalties.penaltyOf(slot),
      begunAtMs: (slot) => this.penalties.begunAtMs(slot),
    };
  }

  private at(slot: number): Attempt[] {
    return [...this.attempts].filter((attempt) => attempt.slot === slot);
  }

  private whenRunning(happen: () => void): void {
    if (timers.nowMs() < this.stalledUntilMs) this.unread.push(happen);
    else happen();
  }

  private begin(): void {
    const request = { beganMs: timers.nowMs(), read: random() < this.readShare, rerouted: false };
    const { reader } = this;
    this.penalties.advance(reader.roster.eligible, timers.nowMs());
    const picked = pick(reader, [], timers.nowMs(), random, request.read ? this.exploration : undefined);
    if (picked.type === "node") this.send(request, picked.slot);
  }

  private send(request: Request, slot: number): void {
    const nowMs = timers.nowMs();
    const attempt: Attempt = {
      request,
      slot,
      startedAtMs: nowMs,
      startedRanMs: ranMs(this.watch, nowMs),
      reroutable: request.read,
      rerouted: request.rerouted,
      over: false,
    };
    this.attempts.add(attempt);
    this.penalties.begun(slot, nowMs);
    this.sentTo.push({ slot, atMs: nowMs });
    this.nodes[slot]?.ask(() => this.whenRunning(() => this.answered(attempt)));
  }

  private answered(attempt: Attempt): void {
    // The socket of an attempt that was rerouted is gone.
    if (attempt.over) return;
    attempt.over = true;
    this.attempts.delete(attempt);
    const nowMs = timers.nowMs();
    const entry = this.entries[attempt.slot];
    if (entry !== undefined) entry.lastByteMs = nowMs;
    this.penalties.answered(attempt.slot, Math.max(0, ranMs(this.watch, nowMs) - attempt.startedRanMs), nowMs);
    this.took.push({ read: attempt.request.read, ms: nowMs - attempt.request.beganMs, atMs: nowMs });
    this.begin();
  }

  private tickLater(): void {
    timers.after(beatMs, () => this.tickWhenRunning());
  }

  private tickWhenRunning(): void {
    const leftMs = this.stalledUntilMs - timers.nowMs();
    if (leftMs > 0) {
      timers.after(leftMs, () => this.tickWhenRunning());
      return;
    }
    // Timers come first, then sockets are read.
    this.watch = nextLoopLag(this.watch, timers.nowMs());
    for (const [slot, entry] of this.entries.entries()) {
      this.apply(slot, entry, { type: "traffic" });
      if ((nodeDueMs(entry.node) ?? Number.POSITIVE_INFINITY) <= timers.nowMs())
        this.apply(slot, entry, { type: "tick" });
    }
    this.move();
    for (const happen of this.unread.splice(0)) happen();
    this.tickLater();
  }

  private apply(slot: number, entry: Entry, event: LocalNodeEvent): void {
    const nowMs = timers.nowMs();
    const starts = this.at(slot).map(({ startedAtMs }) => startedAtMs);
    const since = (atMs: number) => (starts.length === 0 ? undefined : waitingSinceMs(this.watch, atMs, nowMs));
    const traffic = {
      oldestMs: since(Math.min(...starts)),
      newestMs: since(Math.max(...starts)),
      lastByteMs: entry.lastByteMs,
      handshakeMs: undefined,
    };
    const wasKeptOff = isKeptOff(entry.node);
    const [node, effects] = nextNode(entry.node, event, traffic, nowMs, random);
    entry.node = node;
    if (wasKeptOff && !isKeptOff(node)) this.penalties.forget(slot);
    for (const effect of effects) {
      if (effect.type === "report") this.reports.push({ slot, atMs: nowMs });
      if (effect.type === "probe") this.probe(slot, entry, effect.probe);
    }
  }

  private probe(slot: number, entry: Entry, probe: LocalProbe): void {
    this.probes++;
    const timeoutMs = probe.purpose === "stall" ? probe.timeoutMs : 1_000;
    let settled = false;
    const settle = (result: ProbeResult) => {
      if (settled) return;
      settled = true;
      this.apply(slot, entry, { type: "probed", probe, result });
    };
    this.nodes[slot]?.ask(() => this.whenRunning(() => settle({ kind: "reached" })), 1);
    const dueMs = timers.nowMs() + timeoutMs;
    timers.after(timeoutMs, () =>
      this.whenRunning(() => {
        settle({ kind: isInTime(dueMs, timers.nowMs()) ? "unreachable" : "void", reason: "no answer to a probe" });
      }),
    );
  }

  private move(): void {
    const { reader } = this;
    const stuck = this.entries.flatMap(({ node }, slot) => {
      const suspectedAtMs = stuckSinceMs(node);
      if (suspectedAtMs === undefined) return [];
      return this.at(slot).map((attempt) => ({ ...attempt, suspectedAtMs, attempt }));
    });
    const targets = reader.roster.panic
      ? []
      : reader.roster.eligible.flatMap((slot) => {
          const entry = this.entries[slot];
          if (entry === undefined || isSuspected(entry.node)) return [];
          const lastByteAtMs = Math.max(entry.lastByteMs, entry.node.signAtMs);
          return [{ slot, inFlight: this.at(slot).length, lastByteAtMs }];
        });
    const nowMs = timers.nowMs();
    const { window, reroutes, probe } = nextReroutes(this.window, stuck, targets, nowMs, random);
    this.window = window;
    for (const { attempt: one, targets } of reroutes) {
      const { attempt } = one;
      const picked = pickAmong(reader, targets, nowMs, random);
      if (picked.type !== "node") continue;
      attempt.over = true;
      this.attempts.delete(attempt);
      this.penalties.leftWaiting(attempt.slot, nowMs - attempt.startedAtMs, nowMs);
      attempt.request.rerouted = true;
      this.moves++;
      this.send(attempt.request, picked.slot);
    }
    for (const slot of probe) {
      const entry = this.entries[slot];
      if (entry !== undefined) this.apply(slot, entry, { type: "signWanted" });
    }
  }
}

function start({ processes = 4, lanes = 16, nodes = 3, readShare = 1 } = {}) {
  timers = new ManualTimers(1_000);
  random = seededRandom(11);
  const cluster = Array.from({ length: nodes }, () => new FreezableNode());
  const fleet = Array.from({ length: processes }, () => new Process(cluster, lanes, readShare));
  timers.advance(5_000);
  return { cluster, fleet, first: cluster[0] ?? assert.fail() };
}

const slowest = (fleet: readonly Process[]) => Math.max(...fleet.flatMap(({ took }) => took.map(({ ms }) => ms)));
const sum = (fleet: readonly Process[], of: (process: Process) => number) =>
  fleet.reduce((total, process) => total + of(process), 0);

describe("a node that freezes", () => {
  it("delays no read by more than a second, and every process reports it", () => {
    const { fleet, first } = start();
    const frozenMs = timers.nowMs();
    first.freeze();
    timers.advance(10_000);
    assert.ok(slowest(fleet) < 1_000, `slowest ${slowest(fleet)} ms`);
    for (const { reports, waiting } of fleet) {
      assert.ok((reports[0]?.atMs ?? Number.POSITIVE_INFINITY) - frozenMs <= 900);
      assert.deepEqual([...new Set(reports.map(({ slot }) => slot))], [0]);
      assert.equal(waiting, 16);
    }
  });

  it("has its full share again within 10 s of its thaw", () => {
    const { fleet, first } = start();
    first.freeze();
    timers.advance(10_000);
    first.thaw();
    timers.advance(8_000);
    const fromMs = timers.nowMs();
    timers.advance(2_000);
    const sent = fleet.flatMap(({ sentTo }) => sentTo.filter(({ atMs }) => atMs >= fromMs));
    const share = sent.filter(({ slot }) => slot === 0).length / sent.length;
    assert.ok(share > 0.9 / 3, `share ${share}`);
  });

  it("keeps what may not be sent twice, and answers it when it thaws", () => {
    const { fleet, first } = start({ readShare: 0.5 });
    first.freeze();
    timers.advance(3_000);
    const readsOver = fleet.flatMap(({ took }) => took.filter(({ read }) => read).map(({ ms }) => ms));
    assert.ok(Math.max(...readsOver) < 1_000);
    first.thaw();
    timers.advance(1_000);
    const writes = fleet.flatMap(({ took }) => took.filter(({ read }) => !read).map(({ ms }) => ms));
    assert.ok(Math.max(...writes) > 2_000);
  });

  it("loses no read where it is the only node, or where all freeze together: they stay and are answered", () => {
    for (const story of [{ nodes: 1 }, {}, { processes: 1, lanes: 1 }]) {
      const { cluster, fleet } = start(story);
      for (const node of cluster) node.freeze();
      timers.advance(3_000);
      for (const node of cluster) node.thaw();
      const thawedMs = timers.nowMs();
      timers.advance(100);
      assert.equal(
        sum(fleet, ({ moves }) => moves),
        0,
      );
      assert.ok(fleet.every(({ took }) => took.some(({ atMs }) => atMs > thawedMs)));
      assert.ok(slowest(fleet) < 3_200);
    }
  });

  it("is left in little traffic too: an idle node is asked for a sign of life before a read moves to it", () => {
    const { fleet, first } = start({ processes: 1, lanes: 1 });
    first.freeze();
    timers.advance(10_000);
    assert.ok(slowest(fleet) < 1_000, `slowest ${slowest(fleet)} ms`);
    assert.equal(fleet[0]?.moves, 1);
  });

  it("is not what a process takes for one that did not run itself", () => {
    const { fleet } = start();
    for (const forMs of [600, 2_000, 10_000]) {
      for (const process of fleet) process.stall(forMs);
      timers.advance(forMs + 1_000);
    }
    for (const { reports, moves, probes } of fleet) assert.deepEqual([reports, moves, probes], [[], 0, 0]);
  });
});
