import type { World } from "./world.js";

/** One probe on a new connection, as it really went. */
export interface ProbeFact {
  readonly process: string;
  readonly address: string;
  readonly startedMs: number;
  endedMs?: number;
  outcome?: "reached" | "failed" | "void";
  /** A leader asked for it. */
  readonly isPeerProbe: boolean;
}

/** What another process has reported to a leader about a node. */
export interface EvidenceFact {
  readonly leader: string;
  readonly node: string;
  readonly replica: string;
  /** "failed" also for a report that is backed by a probe. */
  readonly result: "reached" | "failed";
  readonly atMs: number;
  /** Id of the peer probe request; absent for reports. */
  readonly id?: string;
}

interface ReplicaFact {
  readonly leader: string;
  readonly replica: string;
  readonly hasPool: boolean;
  readonly atMs: number;
  /** Since when its heartbeats have come without a gap. */
  readonly sinceMs: number;
}

/** A replica without a heartbeat for this long is not expected to be asked. */
const liveMs = 14_000;
/** A process that has just come back may have been missing when the leader chose its peers. */
const askedBeforeMs = 2_000;
const keptMs = 120_000;
const keptMax = 20_000;

/** What happened recently: decisions are compared with it. */
export class Facts {
  private probeFacts: ProbeFact[] = [];
  private evidenceFacts: EvidenceFact[] = [];
  /** The last peer probe request of each leader about each node. */
  private readonly asks = new Map<string, string>();
  private readonly replicaFacts = new Map<string, ReplicaFact>();

  constructor(private readonly world: World) {}

  probe(fact: ProbeFact): void {
    this.probeFacts.push(fact);
    this.probeFacts = this.kept(this.probeFacts, ({ startedMs }) => startedMs);
  }

  evidence(fact: EvidenceFact): void {
    this.evidenceFacts.push(fact);
    this.evidenceFacts = this.kept(this.evidenceFacts, ({ atMs }) => atMs);
  }

  ask(leader: string, node: string, id: string): void {
    this.asks.set(`${leader} ${node}`, id);
  }

  lastAsk(leader: string, node: string): string | undefined {
    return this.asks.get(`${leader} ${node}`);
  }

  heartbeat(leader: string, replica: string, hasPool: boolean): void {
    const key = `${leader} ${replica}`;
    const atMs = this.world.nowMs();
    const before = this.replicaFacts.get(key);
    const sinceMs = before !== undefined && atMs - before.atMs < liveMs ? before.sinceMs : atMs;
    this.replicaFacts.set(key, { leader, replica, hasPool, atMs, sinceMs });
  }

  probesOf(address: string, sinceMs: number): ProbeFact[] {
    return this.probeFacts.filter((fact) => fact.address === address && fact.startedMs >= sinceMs);
  }

  evidenceOf(leader: string, node: string, sinceMs: number): EvidenceFact[] {
    return this.evidenceFacts.filter((fact) => fact.leader === leader && fact.node === node && fact.atMs >= sinceMs);
  }

  /** The pools that a leader must have in its registry when it judges a node. */
  peersOf(leader: string): string[] {
    const nowMs = this.world.nowMs();
    return [...this.replicaFacts.values()]
      .filter((fact) => fact.leader === leader && fact.hasPool && fact.replica !== leader)
      .filter(({ atMs, sinceMs }) => nowMs - atMs < liveMs && nowMs - sinceMs > askedBeforeMs)
      .map(({ replica }) => replica);
  }

  private kept<Fact>(facts: Fact[], timeOf: (fact: Fact) => number): Fact[] {
    const [first] = facts;
    if (first === undefined || (facts.length < keptMax && timeOf(first) > this.world.nowMs() - 2 * keptMs))
      return facts;
    return facts.filter((fact) => timeOf(fact) > this.world.nowMs() - keptMs).slice(-keptMax / 2);
  }
}
