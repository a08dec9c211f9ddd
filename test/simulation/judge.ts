import { addressOf, type Mark, nodeKey } from "@rollcall/core/view";
import type { Facts } from "./facts.js";
import { type Publication, publicationOf } from "./published-view.js";
import type { SearchCluster, SearchNode } from "./search-cluster.js";
import type { SimProcess } from "./sim-process.js";
import type { Story } from "./story.js";
import type { World } from "./world.js";

export interface JudgeParts {
  readonly world: World;
  readonly cluster: SearchCluster;
  readonly facts: Facts;
  readonly story: Story;
  readonly storeNowMs: () => number;
  readonly violated: (invariant: string, text: string) => void;
  readonly processOf: (name: string) => SimProcess | undefined;
}

/** One node that went down in the view that all share. */
export interface DownEvent {
  readonly key: string;
  readonly atMs: number;
}

/** A node that was healthy for this long before a judgement was healthy while it was formed. */
const formedWithinMs = 5_000;
/** Evidence for a judgement is no older than this, or than the second limit if the leader was stopped meanwhile. */
const evidenceMs = 10_000;
const evidenceOfStoppedMs = 45_000;
const peerEvidenceMs = 4_500;
/**
 * The longest time that a suspicion is open before it is decided: two probes, the second begun a little later.
 */
const answersMs = 3_500;
/** By how much two processes' readings of the store's clock may differ. */
const clockSlackMs = 3_000;
/** A leader that had its lease until less than so long ago goes on from its own findings: it has not fenced itself yet. */
const goesOnWithinMs = 5_000;
/** A decision is taken at an answer. By another clock it was at most so long before or after. */
const decidedWithinMs = 2_000;

/**
 * Compares every mark that becomes visible with what really happened.
 *
 * S5   A node that the leader reaches is never marked down, whatever one other process reports.
 * S6   A node that only the leader does not reach is never marked down.
 * S11  A node that was down comes back after its hold and after enough answers in a row, and not before.
 * S12  A down mark needs two failed probes of the leader, and one of a peer if there is a peer.
 */
export class Judge {
  readonly downs: DownEvent[] = [];
  lastPublishedMs = Number.NEGATIVE_INFINITY;
  private addresses = new Map<string, string>();
  private marks: Readonly<Record<string, Mark>> | undefined;
  private readonly downSinceMs = new Map<string, number>();
  private readonly termSinceMs = new Map<string, number>();
  private readonly hadLeaseMs = new Map<string, number>();
  /** Readers have marks that no leader has published, until one publishes above them. */
  private areForged = false;

  constructor(private readonly parts: JudgeParts) {}

  /** What was visible is lost: checking begins anew with what comes next. */
  reset(): void {
    this.marks = undefined;
  }

  /** Another client has sent marks without a secret. A process that takes the lead over begins from these. */
  forged(): void {
    this.areForged = true;
  }

  ran(script: string, process: string, args: readonly string[], reply: string | number | null): void {
    const nowMs = this.parts.world.nowMs();
    const begins = script === "acquire" && reply !== null;
    if (begins) {
      this.termSinceMs.set(process, nowMs);
      const hadLeaseMs = this.hadLeaseMs.get(process) ?? Number.NEGATIVE_INFINITY;
      if (this.areForged && nowMs - hadLeaseMs > goesOnWithinMs) this.reset();
    }
    if (begins || (script === "renew" && reply === "kept")) this.hadLeaseMs.set(process, nowMs);
    if (script !== "publish" || reply !== "published") return;
    const publication = publicationOf(process, args);
    if (publication !== undefined) this.published(publication);
  }

  /** Whether the node at an address has been marked down for so long, under the leader that there is now. */
  isDownFor(address: string, ms: number): boolean {
    const nowMs = this.parts.world.nowMs();
    return [...this.downSinceMs].some(([key, sinceMs]) => {
      return this.addresses.get(key) === address && nowMs - sinceMs >= ms;
    });
  }

  isNewTerm(process: string): boolean {
    return this.parts.world.nowMs() - (this.termSinceMs.get(process) ?? Number.NEGATIVE_INFINITY) < 1_000;
  }

  private published(publication: Publication): void {
    const { topology, marks } = publication;
    this.lastPublishedMs = this.parts.world.nowMs();
    const addressesBefore = this.addresses;
    if (topology !== undefined) {
      this.addresses = new Map(topology.nodes.map((node) => [nodeKey(node), addressOf(node)]));
    }
    if (marks === undefined) return;
    this.areForged = false;
    const before = this.marks;
    this.marks = marks.nodes;
    const wereDown = new Map([...this.downSinceMs].map(([key, sinceMs]) => [addressesBefore.get(key), sinceMs]));
    for (const key of this.downSinceMs.keys()) if (marks.nodes[key]?.kind !== "down") this.downSinceMs.delete(key);
    for (const [key, mark] of Object.entries(marks.nodes)) {
      if (mark.kind !== "down" || this.downSinceMs.has(key)) continue;
      // A configured node is down under another name once its id is known.
      const sinceMs = wereDown.get(this.addresses.get(key));
      this.downSinceMs.set(key, sinceMs ?? this.parts.world.nowMs());
      if (before !== undefined && sinceMs === undefined) this.wentDown(publication, key, mark);
    }
    for (const [key, mark] of Object.entries(before ?? {})) {
      if (mark.kind !== "down" || marks.nodes[key]?.kind === "down" || !this.addresses.has(key)) continue;
      if (marks.nodes[key]?.kind !== "draining") this.cameBack(publication, key, mark, marks.nodes[key]);
    }
  }

  private wentDown({ process }: Publication, key: string, mark: Mark): void {
    const { world, cluster, violated, story } = this.parts;
    const nowMs = world.nowMs();
    const decidedMs = this.decidedMs(mark);
    const node = cluster.byKey(key);
    const leader = this.parts.processOf(process);
    story.add(process, `publishes ${key} as down: ${mark.reason}`);
    const isReached = this.reached(leader, node, decidedMs);
    this.downs.push({ key, atMs: nowMs });
    if (isReached) violated("S5", `${process} marks ${key} down, which it reaches`);
    this.checkPeers(process, key, node, decidedMs);
    if (!mark.reason.startsWith("belongs to another cluster")) this.checkEvidence(process, key, decidedMs);
  }

  private checkPeers(process: string, key: string, node: SearchNode | undefined, decidedMs: number): void {
    const { facts, violated, processOf } = this.parts;
    const peers = facts.peersOf(process).map(processOf);
    const others = peers.filter((one) => one !== undefined && one.state !== "dead");
    if (others.length > 0 && others.every((one) => this.reached(one, node, decidedMs))) {
      violated("S6", `${process} marks ${key} down, which each of ${others.length} other processes reaches`);
    }
    // An answer to an earlier request does not count, nor one that its sender has revised.
    const lastAsk = facts.lastAsk(process, key) ?? "none";
    const evidence = facts.evidenceOf(process, key, decidedMs - answersMs).filter(({ atMs }) => atMs <= decidedMs);
    const contrary = evidence.find(({ result, id, replica, atMs }) => {
      const takenBack = evidence.some((one) => one.replica === replica && one.result === "failed" && one.atMs > atMs);
      return result === "reached" && id === lastAsk && !takenBack;
    });
    if (contrary !== undefined) {
      violated("S6", `${process} marks ${key} down, though ${contrary.replica} has just said that it reaches it`);
    }
  }

  private checkEvidence(process: string, key: string, decidedMs: number): void {
    const { facts, violated, processOf } = this.parts;
    const address = this.addresses.get(key) ?? "";
    const stoppedMs = processOf(process)?.lastStoppedMs ?? Number.NEGATIVE_INFINITY;
    const withinMs = stoppedMs > decidedMs - evidenceMs ? evidenceOfStoppedMs : evidenceMs;
    const failed = facts
      .probesOf(address, decidedMs - withinMs)
      .filter((probe) => probe.process === process && !probe.isPeerProbe && probe.outcome === "failed");
    if (failed.length < 2) violated("S12", `${process} marks ${key} down after ${failed.length} failed probes`);
    const isAlone = facts.peersOf(process).length === 0;
    const recentMs = decidedMs - Math.max(peerEvidenceMs, withinMs - evidenceMs);
    // Where many nodes do not answer the leader, its own probes wait for a place. The answers to what it asked about
    // this suspicion come first then, and still count.
    const lastAsk = facts.lastAsk(process, key) ?? "none";
    const hasFailedPeer = facts
      .evidenceOf(process, key, decidedMs - withinMs)
      .some(({ result, id, atMs }) => result === "failed" && (id === lastAsk || atMs >= recentMs));
    if (!isAlone && !hasFailedPeer) {
      violated("S12", `${process} marks ${key} down on its own word, though others are alive`);
    }
  }

  private cameBack({ process }: Publication, key: string, { down }: Mark, now: Mark | undefined): void {
    const { facts, violated, story, storeNowMs } = this.parts;
    // It may have become visible late; evidence from after the decision does not count.
    const decidedMs = now === undefined ? this.parts.world.nowMs() : this.decidedMs(now);
    story.add(process, `publishes ${key} as no longer down`);
    const earlyMs = (down?.holdUntilMs ?? 0) - storeNowMs();
    if (earlyMs > clockSlackMs) {
      violated("S11", `${process} brings ${key} back ${Math.round(earlyMs)} ms before its hold is over`);
    }
    const needed = 2 + Math.min(3, (down?.flaps ?? 1) - 1);
    const address = this.addresses.get(key) ?? "";
    const probes = facts.probesOf(address, Number.NEGATIVE_INFINITY).filter((probe) => probe.process === process);
    let inARow = 0;
    let most = 0;
    for (const { outcome, endedMs = Number.POSITIVE_INFINITY } of probes) {
      if (outcome !== undefined) inARow = outcome === "reached" ? inARow + 1 : 0;
      if (endedMs >= decidedMs - decidedWithinMs) most = Math.max(most, inARow);
    }
    if (most < needed) violated("S11", `${process} brings ${key} back after ${most} answers, and not ${needed}`);
  }

  /** When a mark that is visible since now was decided upon, as far as the store's clock shows. */
  private decidedMs({ sinceMs }: Mark): number {
    const nowMs = this.parts.world.nowMs();
    const agoMs = this.parts.storeNowMs() - sinceMs;
    return agoMs >= 0 && agoMs < 60_000 ? nowMs - agoMs : nowMs;
  }

  /** Whether the process has reached the node all the time while the judgement was formed. */
  private reached(process: SimProcess | undefined, node: SearchNode | undefined, decidedMs: number): boolean {
    if (process === undefined || node === undefined || process.state !== "running") return false;
    const sinceMs = this.parts.cluster.reachableSinceMs(process, node);
    return sinceMs !== undefined && sinceMs <= decidedMs - formedWithinMs;
  }
}
