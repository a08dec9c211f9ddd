import { rosterOf } from "../selection/eligible.js";
import { HedgeBudget } from "./hedge-budget.js";
import type { HedgedRead } from "./hedged-read.js";
import { type HedgeCount, Hedging, hedgeTickMs } from "./hedging.js";

interface Attempt {
  readonly slot: number;
  readonly startedAtMs: number;
  firstByteSeen: boolean;
}

/** The rule of hedging with three nodes, n0 to n2, on a clock of its own; what it does comes as lines. */
export class HedgingRig {
  nowMs = 0;
  readonly lines: string[] = [];
  readonly counts: Partial<Record<HedgeCount, number>> = {};
  readonly penalties = new Map<number, number>();
  readonly budget = new HedgeBudget(0, 0.02);
  readonly hedging: Hedging<Attempt>;
  readonly reads = new Map<string, HedgedRead<Attempt>>();
  private readonly bytes = new Map<number, number>();
  private readonly suspicions = new Map<number, number>();
  private readonly failedFirst = new Set<HedgedRead<Attempt>>();
  private nextCheckMs = hedgeTickMs;
  /** Hedges whose first attempt had failed, and that ended without an answer. */
  alone = 0;
  /** The most hedges that were ever sent beside one attempt and had not ended. */
  sentBesideOne = 0;

  constructor() {
    const nodes = [0, 1, 2].map((slot) => ({ slot, tier: "node", mark: "none", ejected: false }) as const);
    const never = Number.NEGATIVE_INFINITY;
    this.hedging = new Hedging<Attempt>({
      budget: this.budget,
      random: () => 0,
      reader: {
        roster: rosterOf(nodes),
        weightOf: () => 1,
        inFlightOf: () => 0,
        hasRoom: () => true,
        refusedAtMs: () => never,
        penaltyOf: (slot) => this.penalties.get(slot) ?? 1,
        begunAtMs: () => 0,
        lastByteAtMs: (slot) => this.bytes.get(slot) ?? never,
        suspectedAtMs: (slot) => this.suspicions.get(slot) ?? never,
        suspect: (slot, nowMs) => this.suspicions.set(slot, nowMs),
      },
      owner: {
        send: (read, slot) => {
          this.sentBesideOne = Math.max(this.sentBesideOne, read.hedge === undefined ? 1 : 2);
          read.hedge = { slot, startedAtMs: this.nowMs, firstByteSeen: false };
          this.say(read, `hedge at n${slot}`);
        },
        closeHedge: (read) => this.say(read, "close the hedge"),
        keepFirst: (read) => this.say(read, "keep the first"),
        count: (what, by) => {
          this.counts[what] = (this.counts[what] ?? 0) + by;
        },
      },
    });
  }

  slotOf(node: string): number {
    return Number(node.slice(1));
  }

  usual(ms: number): void {
    for (let answer = 0; answer < 30; answer++) {
      const first = { slot: 0, startedAtMs: this.nowMs, firstByteSeen: true };
      const read = this.hedging.begin("search", first, [], Number.POSITIVE_INFINITY);
      this.hedging.answered(read, "first", ms, this.nowMs);
    }
  }

  begin(name: string, node: string, { tried = [] as string[], withinMs = 30_000, template = "search" } = {}): void {
    const first = { slot: this.slotOf(node), startedAtMs: this.nowMs, firstByteSeen: false };
    const slots = tried.map((one) => this.slotOf(one));
    this.reads.set(name, this.hedging.begin(template, first, slots, this.nowMs + withinMs));
  }

  attemptOf(name: string, which: "first" | "hedge"): Attempt {
    const attempt = this.readOf(name)[which];
    if (attempt === undefined) throw new Error(`${name} has no such attempt`);
    return attempt;
  }

  answer(name: string, by: "first" | "hedge"): void {
    const { slot, startedAtMs } = this.attemptOf(name, by);
    this.bytes.set(slot, this.nowMs);
    this.hedging.answered(this.readOf(name), by, this.nowMs - startedAtMs, this.nowMs);
  }

  /** Whether the request goes on. */
  fail(name: string, attempt: "first" | "hedge"): boolean {
    const read = this.readOf(name);
    const goesOn = this.hedging.failed(read, attempt, this.nowMs);
    if (attempt === "first" && goesOn) this.failedFirst.add(read);
    if (attempt === "hedge" && !goesOn) this.alone++;
    this.lines.push(`${this.nowMs} ${name} ${goesOn ? "goes on" : "has none left"}`);
    return goesOn;
  }

  hasFailed(name: string): boolean {
    return this.failedFirst.has(this.readOf(name));
  }

  leave(name: string): void {
    if (this.hasFailed(name)) this.alone++;
    this.hedging.left(this.readOf(name), this.nowMs);
  }

  byte(node: string): void {
    this.bytes.set(this.slotOf(node), this.nowMs);
  }

  wait(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.nextCheckMs <= untilMs) {
      this.nowMs = this.nextCheckMs;
      if (this.hedging.mayCheck(this.nextCheckMs, this.nowMs)) this.hedging.check(this.nowMs);
      this.nextCheckMs = this.nowMs + hedgeTickMs;
    }
    this.nowMs = untilMs;
  }

  block(ms: number): void {
    this.nowMs += ms;
    if (this.hedging.mayCheck(this.nextCheckMs, this.nowMs)) this.hedging.check(this.nowMs);
    this.nextCheckMs = this.nowMs + hedgeTickMs;
  }

  readOf(name: string): HedgedRead<Attempt> {
    const read = this.reads.get(name);
    if (read === undefined) throw new Error(`${name} has not begun`);
    return read;
  }

  private say(read: HedgedRead<Attempt>, what: string): void {
    const [name] = [...this.reads].find(([, one]) => one === read) ?? ["?"];
    this.lines.push(`${this.nowMs} ${name} ${what}`);
  }
}
