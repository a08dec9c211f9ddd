import type { ViewStore } from "@rollcall/coordinator";
import type { Picked } from "@rollcall/core/selection";
import { addressOf, compareVersions, freshnessOf, nodeKey, type View } from "@rollcall/core/view";
import type { KnownNode } from "#worker/cluster-state/collaborators";
import { Facts, type ProbeFact } from "./facts.js";
import { Judge } from "./judge.js";
import type { SearchCluster } from "./search-cluster.js";
import type { Asked, AskWatch } from "./sim-control-client.js";
import type { SimProcess } from "./sim-process.js";
import type { RedisWatch } from "./sim-redis.js";
import type { Story } from "./story.js";
import { ViewOrder } from "./view-order.js";
import type { World } from "./world.js";

/** What must hold, each by the name it has in the documents. */
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

const failuresToEject = 3;
/** The limit is 2 s, on a clock that may go a little faster. */
const reportsApartMs = 1_900;
const probeLongestMs = 15_000;
const justNowMs = 1_000;

/** What is known of a replica that is watched. */
export interface WatchedReplica {
  readonly view: View | undefined;
  readonly isFresh: boolean;
  nodes(): readonly KnownNode[];
}

/** Watches everything that happens, and says what must not. */
export class Invariants {
  readonly violations: Violation[] = [];
  readonly judge: Judge;
  readonly order: ViewOrder;
  private readonly facts: Facts;
  private readonly underWay = new Map<Asked, ProbeFact>();
  private readonly witnessing = new Set<string>();
  /** Failed requests to the node that has an address now, by replica. */
  private readonly failures = new Map<string, number>();
  private processes: (name: string) => SimProcess | undefined = () => undefined;
  private isLeading: (name: string) => boolean = () => false;
  private looksAtDown: (replica: string, address: string) => boolean = () => false;
  private isFresh: (name: string) => boolean = () => false;
  private viewOf: (name: string) => View | undefined = () => undefined;

  constructor(
    private readonly world: World,
    cluster: SearchCluster,
    private readonly story: Story,
    storeNowMs: () => number,
  ) {
    this.facts = new Facts(world);
    const violated = (invariant: string, text: string) => this.violated(invariant, text);
    this.order = new ViewOrder(violated);
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

  /** Who there is. */
  know(given: {
    readonly processOf: (name: string) => SimProcess | undefined;
    readonly isLeading: (name: string) => boolean;
    readonly looksAtDown: (replica: string, address: string) => boolean;
    readonly isFresh: (replica: string) => boolean;
    readonly viewOf: (replica: string) => View | undefined;
  }): void {
    this.processes = given.processOf;
    this.isLeading = given.isLeading;
    this.looksAtDown = given.looksAtDown;
    this.isFresh = given.isFresh;
    this.viewOf = given.viewOf;
  }

  violated(invariant: string, text: string): void {
    this.violations.push({ invariant, atMs: this.world.nowMs(), text });
    this.story.tell("INVARIANT", `${invariant}: ${text}`);
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

  /** Notes what a leader is told, and when it publishes. */
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
          if (probe === "failed") facts.word({ leader: name, node, replica, says: "failed", atMs: world.nowMs() });
          listener(report);
        }),
      onPeerProbeResult: (listener) =>
        store.onPeerProbeResult((answer) => {
          const { id, node, replica, ok } = answer;
          facts.word({ leader: name, node, replica, says: ok ? "reached" : "failed", atMs: world.nowMs(), id });
          listener(answer);
        }),
      onHeartbeat: (listener) =>
        store.onHeartbeat((digest) => {
          facts.digest(name, digest.replica, digest.role !== "coordinator");
          listener(digest);
        }),
    };
  }

  // Probes.

  readonly askWatch: AskWatch = {
    asked: (asked) => {
      if (!asked.fresh) return;
      const { process, address } = asked;
      const isWitness = this.witnessing.delete(`${process} ${address}`);
      const fact: ProbeFact = { process, address, startedMs: this.world.nowMs(), isWitness };
      this.facts.probe(fact);
      this.underWay.set(asked, fact);
      this.checkLoneProber(fact);
    },
    answered: (asked, outcome) => {
      const fact = this.underWay.get(asked);
      if (fact === undefined) return;
      this.underWay.delete(asked);
      fact.endedMs = this.world.nowMs();
      fact.outcome = outcome;
    },
  };

  witnessLooks(replica: string, address: string): void {
    this.witnessing.add(`${replica} ${address}`);
  }

  /** S8: a node that is down has one prober in the whole fleet, and that one waits between two probes. */
  private checkLoneProber({ process, address, isWitness, startedMs }: ProbeFact): void {
    const view = this.viewOf(process);
    if (view !== undefined) {
      // One that leads probes for all, and its pool looks for itself too: who of them it was is not told apart.
      if (this.isLeading(process)) return;
      if (isWitness || !this.isFresh(process)) return;
      const node = view.topology.nodes.find((one) => addressOf(one) === address);
      const mark = node === undefined ? undefined : view.marks.nodes[`${node.id}@${address}`];
      if (mark?.kind === "down" && !this.looksAtDown(process, address))
        this.violated("S8", `${process} probes ${address}, which its fresh view marks down`);
      return;
    }
    // A new term begins by looking at whoever is down.
    if (!this.judge.isDownFor(address, 2_500) || this.judge.isNewTerm(process)) return;
    // One more may be meant for another node that has taken the address meanwhile.
    const before = this.facts
      .probesOf(address, startedMs - probesApartMs)
      .filter((fact) => fact.process === process && fact.startedMs < startedMs);
    if (before.length > 1) {
      this.violated("S8", `${process} probes ${address} ${before.length + 1} times within ${probesApartMs} ms`);
    }
  }

  // Readers.

  /** S3: neither document that a reader goes by is ever replaced by an older one. */
  applied(replica: string, before: View | undefined, after: View | undefined): void {
    if (before === undefined || before === after) return;
    if (after === undefined) return this.violated("S3", `${replica} has lost its view`);
    const isOlder =
      compareVersions(after.topology.version, before.topology.version) < 0 ||
      compareVersions(after.marks.version, before.marks.version) < 0;
    if (isOlder) this.violated("S3", `${replica} goes back to an older view`);
  }

  /** S7: while any node is known one is picked, and none that is leaving while there is another. */
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

  // Evidence of a replica. S10: what an earlier node at an address has done is not counted against the next.

  requestFailed(replica: string, address: string, isCurrent: boolean): void {
    const key = `${replica} ${address}`;
    if (isCurrent) this.failures.set(key, (this.failures.get(key) ?? 0) + 1);
  }

  replaced(replica: string, address: string): void {
    this.failures.delete(`${replica} ${address}`);
  }

  ejected(replica: string, address: string, reason: string): void {
    if (reason.startsWith("stalled")) return;
    const failures = this.failures.get(`${replica} ${address}`) ?? 0;
    if (failures >= failuresToEject) return;
    this.violated("S10", `${replica} ejects ${address} for ${reason}, after ${failures} failures of its own`);
  }

  /** Checks what a replica sends, and what it makes of the views that come. */
  watchReplicaStore(store: ViewStore, { name }: SimProcess, replica: WatchedReplica): ViewStore {
    const reportedMs = new Map<string, number>();
    return {
      ...store,
      get isConnected() {
        return store.isConnected;
      },
      report: (report) => {
        const { node, reason, probe } = report;
        this.story.tell(name, `reports ${node}: ${reason}${probe === undefined ? "" : ", and so says its own probe"}`);
        this.checkReport(name, node, probe === "failed", reportedMs.get(node));
        reportedMs.set(node, this.world.nowMs());
        store.report(report);
      },
      heartbeat: (heartbeat) => {
        this.checkRefutes(name, heartbeat.refutes ?? [], replica);
        store.heartbeat(heartbeat);
      },
      subscribe: (listener) =>
        store.subscribe((view) => {
          listener(view);
          if (freshnessOf(store.nowMs() - view.head.atMs) === "fresh") this.checkFollowed(name, view, replica.view);
        }),
    };
  }

  /** S15: a report of a failed probe follows one of that process and that node, and none is sent twice. */
  private checkReport(name: string, node: string, probed: boolean, lastMs: number | undefined): void {
    const nowMs = this.world.nowMs();
    if (lastMs !== undefined && nowMs - lastMs < reportsApartMs) {
      return this.violated("S15", `${name} reports ${node} twice within ${Math.round(nowMs - lastMs)} ms`);
    }
    if (!probed) return;
    const address = node.replace(/^.*@/, "");
    const isBacked = this.facts
      .probesOf(address, nowMs - probeLongestMs)
      .some((fact) => fact.process === name && fact.outcome === "failed" && (fact.endedMs ?? 0) > nowMs - justNowMs);
    if (!isBacked) this.violated("S15", `${name} reports a failed probe of ${node}, and made none`);
  }

  /** S16: a reader goes by the newest view that its store has shown, at once. */
  private checkFollowed(name: string, view: View, followed: View | undefined): void {
    const isBehind =
      followed === undefined ||
      compareVersions(followed.topology.version, view.topology.version) < 0 ||
      compareVersions(followed.marks.version, view.marks.version) < 0;
    if (isBehind) this.violated("S16", `${name} does not go by the view that has just come`);
  }

  /** S17: a process that uses a node in spite of its down mark says so in its heartbeat. */
  private checkRefutes(name: string, refutes: readonly string[], replica: WatchedReplica): void {
    const { view, isFresh } = replica;
    if (view === undefined || !isFresh) return;
    for (const { record, standing } of replica.nodes()) {
      const key = nodeKey(record);
      const isUsed = standing.state === "healthy" || standing.state === "unverified";
      if (view.marks.nodes[key]?.kind === "down" && isUsed && !refutes.includes(key))
        this.violated("S17", `${name} uses ${key} in spite of its mark, and does not refute it`);
    }
  }
}
