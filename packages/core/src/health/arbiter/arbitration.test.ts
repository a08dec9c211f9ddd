import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualTimers, seededRandom } from "@rollcall/testing";
import fc from "fast-check";
import type { Random } from "../../random.js";
import { arbiterDueMs, emptyArbiter, marksOf, nextArbiter, publishedKeys, publishedNodes } from "./arbiter.js";
import type { ArbiterEffect, ArbiterEvent } from "./arbiter-events.js";
import { choosePeers, isSelfSuspect } from "./peers.js";

/** How one process stands to the nodes. */
interface Fault {
  /** The nodes, by place, that it cannot reach. */
  readonly cutOff: readonly number[];
  /** Whether its connections there are refused, or swallowed. */
  readonly swallowed: boolean;
  /** It answers no question, although it tells of itself. */
  readonly mute: boolean;
  /** It says of every node that it fails, whatever it sees. */
  readonly lies: boolean;
}

const well: Fault = { cutOff: [], swallowed: false, mute: false, lies: false };

const fault: fc.Arbitrary<Fault> = fc.record({
  cutOff: fc.subarray([0, 1, 2]),
  swallowed: fc.boolean(),
  mute: fc.boolean(),
  lies: fc.boolean(),
});

/** A cluster, the process that leads, and the others, each with its own view of the network, on a clock that is turned. */
class World {
  readonly timers = new ManualTimers();
  readonly downs: string[] = [];
  /** Nodes that are really gone, by place. */
  dead: readonly number[] = [];
  coordinator: Fault = well;
  replicas: Fault[];
  private readonly keys: readonly string[];
  private readonly random: Random;
  private arbiter = emptyArbiter;
  private readonly ejected = new Map<string, readonly string[]>();
  private cancelTick = () => {};

  constructor(
    nodes: number,
    replicas: number,
    seed: number,
    /** Without traffic nobody reports, and nobody has bytes of a node that is marked down. */
    private readonly traffic = true,
  ) {
    this.keys = Array.from({ length: nodes }, (_, place) => `${place}@es${place}`);
    this.random = seededRandom(seed);
    this.replicas = Array.from({ length: replicas }, () => well);
    for (const place of this.replicas.keys()) this.live(place);
    const members = this.keys.map((key) => ({ key, address: key.replace(/^.*@/, ""), trusted: false }));
    this.send({ type: "members", nodes: members, firstView: true });
    // The first probes are answered before anything goes wrong.
    this.timers.advance(100);
  }

  get marks() {
    return marksOf(this.arbiter);
  }

  get isWell(): boolean {
    return publishedNodes(this.arbiter).length === this.keys.length && Object.keys(this.marks).length === 0;
  }

  private send(event: ArbiterEvent): void {
    const [arbiter, effects] = nextArbiter(this.arbiter, event, this.timers.nowMs(), this.random);
    this.arbiter = arbiter;
    for (const effect of effects) this.carryOut(effect);
    this.cancelTick();
    const dueMs = arbiterDueMs(this.arbiter);
    if (dueMs === undefined) return;
    this.cancelTick = this.timers.after(dueMs - this.timers.nowMs(), () => this.send({ type: "tick" }));
  }

  private carryOut(effect: ArbiterEffect): void {
    if (effect.type === "transition" && effect.to === "down") this.downs.push(`${this.timers.nowMs()} ${effect.key}`);
    if (effect.type === "probe") {
      const { key } = effect;
      this.probe(key, this.coordinator, (ok) => {
        this.send({ type: "probed", key, outcome: ok ? "verified" : "unreachable", reason: "" });
      });
    }
    if (effect.type === "requestPeerProbes") this.ask(effect);
  }

  private ask({ key, suspicion, except }: Extract<ArbiterEffect, { type: "requestPeerProbes" }>): void {
    const others = this.replicas.map((_, place) => ({
      replica: `r${place}`,
      ejected: this.ejected.get(`r${place}`) ?? [],
    }));
    const { replicas, isAlone } = choosePeers(others, { key, nodes: publishedKeys(this.arbiter), except }, this.random);
    this.send({ type: "peersAsked", key, suspicion, replicas, isAlone });
    for (const replica of replicas) {
      this.soon(() => {
        const witness = this.faultOf(replica);
        if (witness.mute) return;
        this.probe(key, witness, (reached) => {
          const ok = reached && !witness.lies;
          if (ok || this.isBelieved(replica, key)) this.send({ type: "peerProbed", key, suspicion, replica, ok });
        });
      });
    }
  }

  /** A process's life: it tells of itself, and where it has traffic, of what fails it. */
  private live(place: number): void {
    const replica = `r${place}`;
    const digest = () => {
      const down = this.keys.filter((key) => this.marks[key]?.kind === "down");
      const ejected = this.keys.filter((key) => !down.includes(key) && !this.reaches(this.faultOf(replica), key));
      this.ejected.set(replica, ejected);
      this.timers.after(5_000, digest);
      if (!this.traffic) return;
      for (const key of down) {
        if (this.reaches(this.faultOf(replica), key)) this.send({ type: "refuted", key, replica });
      }
    };
    const report = () => {
      const fault = this.faultOf(replica);
      for (const key of this.keys) {
        const fails = fault.lies || !this.reaches(fault, key);
        if (!fails || this.marks[key]?.kind === "down" || !this.isBelieved(replica, key)) continue;
        this.send({ type: "reported", key, reason: "", replica, probe: "failed" });
      }
      this.timers.after(200 + this.random() * 3_000, report);
    };
    this.timers.after(this.random() * 5_000, digest);
    if (this.traffic) this.timers.after(this.random() * 3_000, report);
  }

  private isBelieved(replica: string, key: string): boolean {
    const ejected = this.ejected.get(replica) ?? [];
    return !isSelfSuspect({ replica, ejected }, key, publishedKeys(this.arbiter));
  }

  private faultOf(replica: string): Fault {
    return this.replicas[Number(replica.slice(1))] ?? well;
  }

  private reaches({ cutOff }: Fault, key: string): boolean {
    const place = this.keys.indexOf(key);
    return !this.dead.includes(place) && !cutOff.includes(place);
  }

  private probe(key: string, fault: Fault, answer: (ok: boolean) => void): void {
    const ok = this.reaches(fault, key);
    if (ok || !fault.swallowed) this.soon(() => answer(ok));
    else this.timers.after(1_000, () => answer(false));
  }

  private soon(act: () => void): void {
    this.timers.after(1 + this.random() * 20, act);
  }
}

const clusterSize = fc.integer({ min: 1, max: 3 });
const others = fc.integer({ min: 1, max: 3 });

describe("arbitration among processes", () => {
  it("takes no node from anybody because one process cannot reach it, says so falsely, or says nothing", () => {
    fc.assert(
      fc.property(clusterSize, others, fault, fc.nat(), (nodes, replicas, faulty, seed) => {
        const world = new World(nodes, replicas, seed);
        world.replicas[0] = faulty;
        world.timers.advance(180_000);
        assert.deepEqual(world.downs, []);
      }),
      { numRuns: 60 },
    );
  });

  it("takes no node from those who reach it because the leader does not, whatever all but one of them say", () => {
    fc.assert(
      fc.property(clusterSize, fc.array(fault, { maxLength: 2 }), fault, fc.nat(), (nodes, faulty, own, seed) => {
        const world = new World(nodes, faulty.length + 1, seed);
        world.replicas = [...faulty, well];
        world.coordinator = { ...own, lies: false };
        world.timers.advance(180_000);
        assert.deepEqual(world.downs, []);
      }),
      { numRuns: 60 },
    );
  });

  it("takes out a node that nobody reaches, with or without traffic, however many are there to ask", () => {
    const reached = { lateMs: 0 };
    fc.assert(
      fc.property(
        clusterSize,
        fc.nat(3),
        fc.boolean(),
        fc.boolean(),
        fc.nat(),
        (nodes, replicas, traffic, swallowed, seed) => {
          const world = new World(nodes, replicas, seed, traffic);
          const blind = { ...well, swallowed };
          world.coordinator = blind;
          world.replicas = world.replicas.map(() => blind);
          world.dead = [0];
          world.timers.advance(traffic && replicas > 0 ? 5_000 : 15_000);
          assert.equal(world.marks["0@es0"]?.kind, "down");
          assert.equal(world.downs.length, 1);
          reached.lateMs = Math.max(reached.lateMs, Number(world.downs[0]?.split(" ")[0]));
        },
      ),
      { numRuns: 60 },
    );
    assert.ok(reached.lateMs > 5_000, "some were found by the regular probe alone");
  });

  it("has every node back in full use within 330 s of the last fault", () => {
    const phase = fc.record({
      dead: fc.subarray([0, 1, 2]),
      coordinator: fault,
      replicas: fc.array(fault, { minLength: 3, maxLength: 3 }),
      ms: fc.integer({ min: 100, max: 40_000 }),
    });
    let downs = 0;
    fc.assert(
      fc.property(
        clusterSize,
        fc.nat(3),
        fc.array(phase, { minLength: 1, maxLength: 12 }),
        fc.nat(),
        (nodes, replicas, phases, seed) => {
          const world = new World(nodes, replicas, seed);
          for (const { dead, coordinator, replicas: faults, ms } of phases) {
            world.dead = dead;
            world.coordinator = coordinator;
            world.replicas = world.replicas.map((_, place) => faults[place] ?? well);
            world.timers.advance(ms);
          }
          world.dead = [];
          world.coordinator = well;
          world.replicas = world.replicas.map(() => well);
          world.timers.advance(330_000);
          assert.ok(world.isWell, JSON.stringify(world.marks));
          const before = world.downs.length;
          world.timers.advance(60_000);
          assert.equal(world.downs.length, before);
          downs += before;
        },
      ),
      { numRuns: 60 },
    );
    assert.ok(downs > 60, "the faults did take nodes out");
  });
});
