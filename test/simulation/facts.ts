import type { World } from "./world.js";

/** One probe on a new connection, as it really went. */
export interface ProbeFact {
  readonly process: string;
  readonly address: string;
  readonly startedMs: number;
  endedMs?: number;
  outcome?: "reached" | "failed" | "void";
  /** It was made because a leader had asked for it. */
  readonly isWitness: boolean;
}

/** Something a leader was told of a node by another process. */
export interface WordFact {
  readonly leader: string;
  readonly node: string;
  readonly replica: string;
  /** "failed" also for a report that is backed by a probe. */
  readonly says: "reached" | "failed";
  readonly atMs: number;
  /** The answer to a question; absent for reports. */
  readonly id?: string;
}

interface HeardFact {
  readonly leader: string;
  readonly replica: string;
  readonly hasPool: boolean;
  readonly atMs: number;
  /** Since when there has been no long silence. */
  readonly sinceMs: number;
}

/** One that has been silent for so long is no longer counted on. */
const liveMs = 14_000;
/** A process that has just come back may have been missing when the leader chose its peers. */
const askedBeforeMs = 2_000;
const keptMs = 120_000;
const keptMax = 20_000;

/** What really happened of late: the evidence that decisions are held against. */
export class Facts {
  private probeFacts: ProbeFact[] = [];
  private wordFacts: WordFact[] = [];
  /** The last question of each leader about each node. */
  private readonly asks = new Map<string, string>();
  private readonly heardFacts = new Map<string, HeardFact>();

  constructor(private readonly world: World) {}

  probe(fact: ProbeFact): void {
    this.probeFacts.push(fact);
    this.probeFacts = this.kept(this.probeFacts, ({ startedMs }) => startedMs);
  }

  word(fact: WordFact): void {
    this.wordFacts.push(fact);
    this.wordFacts = this.kept(this.wordFacts, ({ atMs }) => atMs);
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
    const before = this.heardFacts.get(key);
    const sinceMs = before !== undefined && atMs - before.atMs < liveMs ? before.sinceMs : atMs;
    this.heardFacts.set(key, { leader, replica, hasPool, atMs, sinceMs });
  }

  probesOf(address: string, sinceMs: number): ProbeFact[] {
    return this.probeFacts.filter((fact) => fact.address === address && fact.startedMs >= sinceMs);
  }

  wordsOf(leader: string, node: string, sinceMs: number): WordFact[] {
    return this.wordFacts.filter((fact) => fact.leader === leader && fact.node === node && fact.atMs >= sinceMs);
  }

  /** The pools that a leader must know of when it judges a node. */
  companyOf(leader: string): string[] {
    const nowMs = this.world.nowMs();
    return [...this.heardFacts.values()]
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
