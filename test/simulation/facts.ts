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
}

const keptMs = 120_000;
const keptMax = 20_000;

/** What really happened of late, for those who judge what is made of it. */
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

  digest(leader: string, replica: string, hasPool: boolean): void {
    this.heardFacts.set(`${leader} ${replica}`, { leader, replica, hasPool, atMs: this.world.nowMs() });
  }

  probesOf(address: string, sinceMs: number): ProbeFact[] {
    return this.probeFacts.filter((fact) => fact.address === address && fact.startedMs >= sinceMs);
  }

  wordsOf(leader: string, node: string, sinceMs: number): WordFact[] {
    return this.wordFacts.filter((fact) => fact.leader === leader && fact.node === node && fact.atMs >= sinceMs);
  }

  /** The pools that a leader has heard of in the last `withinMs`. */
  companyOf(leader: string, withinMs: number): string[] {
    const nowMs = this.world.nowMs();
    return [...this.heardFacts.values()]
      .filter((fact) => fact.leader === leader && fact.hasPool && fact.replica !== leader)
      .filter(({ atMs }) => nowMs - atMs < withinMs)
      .map(({ replica }) => replica);
  }

  private kept<Fact>(facts: Fact[], timeOf: (fact: Fact) => number): Fact[] {
    const [first] = facts;
    if (first === undefined || (facts.length < keptMax && timeOf(first) > this.world.nowMs() - 2 * keptMs))
      return facts;
    return facts.filter((fact) => timeOf(fact) > this.world.nowMs() - keptMs).slice(-keptMax / 2);
  }
}
