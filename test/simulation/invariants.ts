import type { ViewStore } from "@rollcall/coordinator";
import type { Picked } from "@rollcall/core/selection";
import { addressOf, compareVersions, isCredibleEpoch, type View } from "@rollcall/core/view";
import type { KnownNode } from "#worker/cluster-state/collaborators";
import { Facts, type ProbeFact } from "./facts.js";
import { Judge } from "./judge.js";
import { ReplicaWatch } from "./replica-watch.js";
import type { SearchCluster } from "./search-cluster.js";
import type { Asked, AskWatch } from "./sim-control-client.js";
import type { SimProcess } from "./sim-process.js";
import type { RedisWatch } from "./sim-redis.js";
import type { Story } from "./story.js";
import { ViewOrder } from "./view-order.js";
import type { World } from "./world.js";

/** The invariants, by their names in the documents. */
export interface Violation {
  readonly invariant: string;
  readonly atMs: number;
  readonly text: string;
}

/** A leader stops by itself so long after it sent its last good renewal. */
const selfFenceMs = 6_000;
const fenceSlackMs = 60;
/** The shortest wait between two probes of a node that is down, and a little less. */
const probesApartMs = 450;

/** Watches everything that happens, and records what must not. */
export class Invariants {
  readonly violations: Violation[] = [];
  readonly judge: Judge;
  readonly order: ViewOrder;
  readonly replicas: ReplicaWatch;
  private readonly facts: Facts;
  private readonly probing = new Map<Asked, ProbeFact>();
  /** The processes that made each control request so far. */
  readonly requests: { readonly sniffs: string[]; readonly probes: string[] } = { sniffs: [], probes: [] };
  private readonly peerProbing = new Set<string>();
  private processes: (name: string) => SimProcess | undefined = () => undefined;
  private isLeading: (name: string) => boolean = () => false;
  private probesDown: (replica: string, address: string) => boolean = () => false;
  private isFresh: (name: string) => boolean = () => false;
  private viewOf: (name: string) => View | undefined = () => undefined;

  constructor(
    private readonly world: World,
    cluster: SearchCluster,
    private readonly story: Story,
    private readonly storeNowMs: () => number,
  ) {
    this.facts = new Facts(world);
    const violated = (invariant: string, text: string) => this.violated(invariant, text);
    this.order = new ViewOrder(violated, storeNowMs);
    this.replicas = new ReplicaWatch(world, this.facts, story, violated);
    this.judge = new Judge({
      world,
      cluster,
      facts: this.facts,
      story,
      storeNowMs,
      violated,
      processOf: (name) => this.processes(name),
    });
  }

  /** The processes, and the views that they use. */
  know(given: {
    readonly processOf: (name: string) => SimProcess | undefined;
    readonly isLeading: (name: string) => boolean;
    readonly probesDown: (replica: string, address: string) => boolean;
    readonly isFresh: (replica: string) => boolean;
    readonly viewOf: (replica: string) => View | undefined;
  }): void {
    this.processes = given.processOf;
    this.isLeading = given.isLeading;
    this.probesDown = given.probesDown;
    this.isFresh = given.isFresh;
    this.viewOf = given.viewOf;
  }

  violated(invariant: string, text: string): void {
    this.violations.push({ invariant, atMs: this.world.nowMs(), text });
    this.story.add("INVARIANT", `${invariant}: ${text}`);
  }

  // Redis.

  readonly redisWatch: RedisWatch = {
    ran: (script, process, args, reply) => {
      this.order.ran(script, process, args, reply);
      this.judge.ran(script, process, args, reply);
    },
    reset: () => {
      this.order.reset();
      this.judge.reset();
    },
  };

  // Leaders.

  /** Notes what a leader receives, and when it publishes. */
  watchLeaderStore(store: ViewStore, process: SimProcess): ViewStore {
    const { name } = process;
    const { facts, world } = this;
    let goodAtMs = Number.NEGATIVE_INFINITY;
    const noting = async <Result>(asking: Promise<Result>, isGood: (result: Result) => boolean): Promise<Result> => {
      const sentMs = process.nowMs();
      const result = await asking;
      if (isGood(result)) goodAtMs = sentMs;
      return result;
    };
    return {
      ...store,
      get isConnected() {
        return store.isConnected;
      },
      acquire: (leader, floorEpoch) => noting(store.acquire(leader, floorEpoch), (lease) => lease !== undefined),
      renew: (lease, beat) => noting(store.renew(lease, beat), (renewal) => renewal !== "lost"),
      publish: (lease, publication) => {
        const overMs = process.nowMs() - goodAtMs - selfFenceMs;
        if (overMs > fenceSlackMs) {
          this.violated("fence", `${name} publishes ${Math.round(overMs)} ms after its time was up`);
        }
        return store.publish(lease, publication);
      },
      requestPeerProbes: (ask) => {
        facts.ask(name, ask.node, ask.id);
        store.requestPeerProbes(ask);
      },
      onReport: (listener) =>
        store.onReport((report) => {
          const { node, replica, probe } = report;
          if (probe === "failed")
            facts.evidence({ leader: name, node, replica, result: "failed", atMs: world.nowMs() });
          listener(report);
        }),
      onPeerProbeResult: (listener) =>
        store.onPeerProbeResult((answer) => {
          const { id, node, replica, ok } = answer;
          facts.evidence({ leader: name, node, replica, result: ok ? "reached" : "failed", atMs: world.nowMs(), id });
          listener(answer);
        }),
      onHeartbeat: (listener) =>
        store.onHeartbeat((heartbeat) => {
          facts.heartbeat(name, heartbeat.replica, heartbeat.role !== "coordinator");
          listener(heartbeat);
        }),
    };
  }

  // Probes.

  readonly askWatch: AskWatch = {
    asked: (asked) => {
      const { process, address } = asked;
      if (asked.isList) this.requests.sniffs.push(process);
      else this.requests.probes.push(process);
      if (!asked.fresh) return;
      const isPeerProbe = this.peerProbing.delete(`${process} ${address}`);
      const fact: ProbeFact = { process, address, startedMs: this.world.nowMs(), isPeerProbe };
      this.facts.probe(fact);
      this.probing.set(asked, fact);
      this.checkLoneProber(fact);
    },
    answered: (asked, outcome) => {
      const fact = this.probing.get(asked);
      if (fact === undefined) return;
      this.probing.delete(asked);
      fact.endedMs = this.world.nowMs();
      fact.outcome = outcome;
    },
  };

  peerProbes(replica: string, address: string): void {
    this.peerProbing.add(`${replica} ${address}`);
  }

  /** S8: one process of the fleet probes a node that is down, and it waits between two probes. */
  private checkLoneProber({ process, address, isPeerProbe, startedMs }: ProbeFact): void {
    const view = this.viewOf(process);
    if (view !== undefined) {
      // A process that leads probes for all, and its pool for itself: the two look the same here.
      if (this.isLeading(process)) return;
      if (isPeerProbe || !this.isFresh(process)) return;
      const node = view.topology.nodes.find((one) => addressOf(one) === address);
      const mark = node === undefined ? undefined : view.marks.nodes[`${node.id}@${address}`];
      if (mark?.kind === "down" && !this.probesDown(process, address))
        this.violated("S8", `${process} probes ${address}, which its fresh view marks down`);
      return;
    }
    // A new term begins with a probe of every node that is down.
    if (!this.judge.isDownFor(address, 2_500) || this.judge.isNewTerm(process)) return;
    // One more probe may be for another node that has taken the address meanwhile.
    const before = this.facts
      .probesOf(address, startedMs - probesApartMs)
      .filter((fact) => fact.process === process && fact.startedMs < startedMs);
    if (before.length > 1) {
      this.violated("S8", `${process} probes ${address} ${before.length + 1} times within ${probesApartMs} ms`);
    }
  }

  // Readers.

  /** S3: no document that a reader uses is ever replaced by an older one. */
  applied(replica: string, before: View | undefined, after: View | undefined): void {
    if (before === undefined || before === after) return;
    if (after === undefined) return this.violated("S3", `${replica} has lost its view`);
    // Before the clock of Redis was set back.
    if (!isCredibleEpoch(Math.max(before.topology.version.epoch, before.marks.version.epoch), this.storeNowMs()))
      return;
    const isOlder =
      compareVersions(after.topology.version, before.topology.version) < 0 ||
      compareVersions(after.marks.version, before.marks.version) < 0;
    if (isOlder) this.violated("S3", `${replica} goes back to an older view`);
  }

  /** S7: a pick finds a node if there is one, and takes a draining node only if there is no other. */
  picked(replica: string, nodes: readonly KnownNode[], picked: Picked): void {
    if (picked.type === "full") return;
    if (picked.type === "none") {
      if (nodes.some(({ standing }) => standing.state !== "unusable"))
        this.violated("S7", `${replica} picks no node, though it has some`);
      return;
    }
    const found = nodes.find(({ slot }) => slot === picked.slot);
    if (found === undefined) return this.violated("S7", `${replica} picks a node that is gone`);
    if (found.standing.state !== "draining") return;
    const others = nodes.some(({ tier, standing }) => tier === "node" && standing.state !== "draining");
    if (others) this.violated("S7", `${replica} picks a node that is draining`);
  }
}
