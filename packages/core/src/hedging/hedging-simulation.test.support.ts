import { seededRandom } from "@rollcall/testing";
import { rosterOf } from "../selection/eligible.js";
import { Penalties } from "../selection/penalties.js";
import { pick } from "../selection/pick-two.js";
import { HedgeBudget } from "./hedge-budget.js";
import type { HedgedRead } from "./hedged-read.js";
import { type HedgeCount, Hedging, hedgeTickMs } from "./hedging.js";

/**
 *   none              no Read is hedged
 *   rule              as the product has it
 *   both closed       mutant: a first attempt that was outrun is closed at once
 *   censored samples  mutant: and how long it had run is taken for its node's latency
 *   count alone       mutant: lost hedges cost nothing, only their number is bounded
 *   judged late       mutant: and a check that comes late is made all the same
 *   never overdrawn   mutant: Reads at a silent node have no more than the others
 */
export type HedgingRule =
  | "none"
  | "rule"
  | "both closed"
  | "censored samples"
  | "count alone"
  | "judged late"
  | "never overdrawn";

export interface HedgingRun {
  readonly rule: HedgingRule;
  /** How long the node takes for that request, counted from 1, if it comes then; Infinity: it never answers. */
  readonly workMs: (node: number, atMs: number, random: () => number, request: number) => number;
  /** Node 0 is stopped from this time on, and goes on at that one. */
  readonly frozenFromMs?: number;
  readonly frozenToMs?: number;
  /** The process gets no processor: so often, for so long, each more or less by chance. */
  readonly starved?: { readonly everyMs: number; readonly ms: number };
  readonly perSecond?: number;
  readonly untilMs?: number;
}

export interface HedgingOutcome {
  /** Sorted, of the requests that began after two seconds. */
  readonly tookMs: readonly number[];
  readonly unanswered: number;
  readonly counts: Readonly<Record<HedgeCount, number>>;
  readonly requests: number;
  /** The part of all attempts that node 0 got. */
  readonly shareOfFirstNode: number;
}

interface Attempt {
  readonly request: number;
  readonly slot: number;
  readonly startedAtMs: number;
  firstByteSeen: boolean;
  isClosed: boolean;
  read?: HedgedRead<Attempt>;
  settle: () => void;
}

const nodes = 3;
const timeoutMs = 5_000;
/** The stall detector ejects a node whose oldest attempt has waited for so long without a byte of it. */
const stallMs = 750;
const outrunMaxMs = 1_000;

/** One process with three nodes that answer independently of each other, in virtual time. The same run is the same each time. */
export function simulateHedging(run: HedgingRun): HedgingOutcome {
  return new Simulation(run).play();
}

class Simulation {
  private nowMs = 1_000;
  private readonly agenda: { readonly atMs: number; readonly happen: () => void }[] = [];
  private readonly random = seededRandom(7);
  private readonly penalties = new Penalties(nodes);
  private readonly inFlight = Array.from({ length: nodes }, () => new Set<Attempt>());
  private readonly lastByteMs = new Float64Array(nodes).fill(Number.NEGATIVE_INFINITY);
  private readonly suspectedMs = new Float64Array(nodes).fill(Number.NEGATIVE_INFINITY);
  private readonly ejected = new Set<number>();
  private readonly attempts = new Float64Array(nodes);
  private readonly counts = {
    ...{ sent: 0, won: 0, lost: 0, givenUp: 0, refusedBalance: 0, refusedNoNode: 0, lostMs: 0, answeredMs: 0 },
  };
  private readonly tookMs: number[] = [];
  private begun = 0;
  private answered = 0;
  /** The process runs again from then on. */
  private runsFromMs = 0;
  private readonly hedging: Hedging<Attempt>;
  private readonly reader = this.readerOf();

  constructor(private readonly run: HedgingRun) {
    const budget = new budgets[run.rule](this.nowMs, 0.02);
    this.hedging = new Hedging<Attempt>({
      ...{ budget, random: this.random, reader: this.reader },
      owner: {
        send: (read, slot) => {
          const { settle, request } = read.first;
          const hedge = this.attempt(slot, settle, request);
          read.hedge = hedge;
          hedge.read = read;
          this.ask(hedge);
        },
        closeHedge: ({ hedge }) => hedge !== undefined && this.close(hedge),
        keepFirst: ({ first }) => this.keep(first),
        count: (what, by) => {
          this.counts[what] += by;
        },
      },
    });
  }

  play(): HedgingOutcome {
    const { perSecond = 200, untilMs = 12_000, rule } = this.run;
    const arrive = () => {
      this.begin();
      this.after((-Math.log(1 - this.random()) * 1_000) / perSecond, arrive);
    };
    this.after(1, arrive);
    let dueMs = this.nowMs + hedgeTickMs;
    const check = () => {
      this.detectStalls();
      const mayCheck = rule === "judged late" || this.hedging.mayCheck(dueMs, this.nowMs);
      if (rule !== "none" && mayCheck) this.hedging.check(this.nowMs);
      dueMs = this.nowMs + hedgeTickMs;
      this.after(hedgeTickMs, check);
    };
    this.after(hedgeTickMs, check);
    if (this.run.starved !== undefined) this.starve(this.run.starved);
    for (
      let next = this.agenda.pop();
      next !== undefined && next.atMs <= untilMs + timeoutMs;
      next = this.agenda.pop()
    ) {
      // What is due while the process does not run happens when it runs again, in its order.
      this.nowMs = Math.max(next.atMs, this.runsFromMs);
      if (next.happen === arrive && next.atMs > untilMs) continue;
      next.happen();
    }
    const all = this.attempts.reduce((sum, count) => sum + count, 0);
    return {
      ...{ tookMs: this.tookMs.toSorted((a, b) => a - b), unanswered: this.begun - this.answered, counts: this.counts },
      ...{ requests: this.begun, shareOfFirstNode: (this.attempts[0] ?? 0) / all },
    };
  }

  private starve({ everyMs, ms }: NonNullable<HedgingRun["starved"]>): void {
    const byChance = (mean: number) => mean * (0.5 + this.random());
    this.after(byChance(everyMs), () => {
      this.runsFromMs = this.nowMs + byChance(ms);
      this.starve({ everyMs, ms });
    });
  }

  private begin(): void {
    const beganMs = this.nowMs;
    this.begun++;
    let isDone = false;
    const settle = () => {
      if (isDone) return;
      isDone = true;
      this.answered++;
      if (beganMs > 3_000) this.tookMs.push(this.nowMs - beganMs);
    };
    this.penalties.advance(this.reader.roster.eligible, this.nowMs);
    const picked = pick(this.reader, [], this.nowMs, this.random);
    if (picked.type !== "node") return;
    const first = this.attempt(picked.slot, settle, this.begun);
    if (this.run.rule !== "none") first.read = this.hedging.begin("search", first, [], beganMs + timeoutMs);
    this.ask(first);
    this.after(timeoutMs, () => {
      if (isDone) return;
      if (first.read !== undefined) this.hedging.left(first.read, this.nowMs);
      this.close(first);
    });
  }

  private attempt(slot: number, settle: () => void, request: number): Attempt {
    const attempt = { request, slot, startedAtMs: this.nowMs, firstByteSeen: false, isClosed: false, settle };
    this.inFlight[slot]?.add(attempt);
    this.attempts[slot] = (this.attempts[slot] ?? 0) + 1;
    this.penalties.begun(slot, this.nowMs);
    return attempt;
  }

  private ask(attempt: Attempt): void {
    const { slot, request } = attempt;
    const workMs = this.run.workMs(slot, this.nowMs, this.random, request);
    if (!Number.isFinite(workMs)) return;
    const { frozenFromMs = Number.POSITIVE_INFINITY, frozenToMs = Number.POSITIVE_INFINITY } = this.run;
    const endsMs = this.nowMs + workMs;
    const isFrozen = slot === 0 && endsMs >= frozenFromMs && endsMs < frozenToMs;
    if (isFrozen && !Number.isFinite(frozenToMs)) return;
    this.after(isFrozen ? frozenToMs - this.nowMs : workMs, () => {
      if (attempt.isClosed) return;
      this.lastByteMs[slot] = this.nowMs;
      attempt.firstByteSeen = true;
      this.close(attempt);
      const tookMs = this.nowMs - attempt.startedAtMs;
      this.penalties.answered(slot, tookMs, this.nowMs);
      const { read } = attempt;
      const isOutrun = read !== undefined && read.race.kind === "over";
      if (!isOutrun && read !== undefined) {
        this.hedging.answered(read, attempt === read.first ? "first" : "hedge", tookMs, this.nowMs);
      }
      attempt.settle();
    });
  }

  private keep(first: Attempt): void {
    const { rule } = this.run;
    if (rule === "both closed" || rule === "censored samples") {
      if (rule === "censored samples")
        this.penalties.leftWaiting(first.slot, this.nowMs - first.startedAtMs, this.nowMs);
      return this.close(first);
    }
    this.after(outrunMaxMs, () => {
      if (first.isClosed) return;
      this.penalties.outrun(first.slot, this.nowMs - first.startedAtMs, this.nowMs);
      this.close(first);
    });
  }

  private close(attempt: Attempt): void {
    attempt.isClosed = true;
    this.inFlight[attempt.slot]?.delete(attempt);
  }

  private detectStalls(): void {
    for (const [slot, attempts] of this.inFlight.entries()) {
      const [oldest] = attempts;
      if (oldest === undefined || this.ejected.has(slot)) continue;
      // A process that does not run has seen no silence.
      const silentSinceMs = Math.max(oldest.startedAtMs, this.lastByteMs[slot] ?? 0, this.runsFromMs);
      if (this.nowMs - silentSinceMs > stallMs) this.ejected.add(slot);
    }
  }

  private readerOf() {
    const { ejected, inFlight, penalties, lastByteMs, suspectedMs } = this;
    return {
      get roster() {
        const listed = Array.from({ length: nodes }, (_, slot) => slot).filter((slot) => !ejected.has(slot));
        return rosterOf(listed.map((slot) => ({ slot, tier: "node", mark: "none", ejected: false })));
      },
      weightOf: () => 1,
      inFlightOf: (slot: number) => inFlight[slot]?.size ?? 0,
      hasRoom: () => true,
      refusedAtMs: () => Number.NEGATIVE_INFINITY,
      penaltyOf: (slot: number) => penalties.penaltyOf(slot),
      begunAtMs: (slot: number) => penalties.begunAtMs(slot),
      lastByteAtMs: (slot: number) => lastByteMs[slot] ?? 0,
      suspectedAtMs: (slot: number) => suspectedMs[slot] ?? 0,
      suspect: (slot: number, nowMs: number) => {
        suspectedMs[slot] = nowMs;
      },
    };
  }

  private after(delayMs: number, happen: () => void): void {
    const atMs = this.nowMs + delayMs;
    let place = this.agenda.length;
    while (place > 0 && (this.agenda[place - 1]?.atMs ?? 0) <= atMs) place--;
    this.agenda.splice(place, 0, { atMs, happen });
  }
}

class CountAlone extends HedgeBudget {
  override lost(): void {}
  override covers(): boolean {
    return true;
  }
}

class NeverOverdrawn extends HedgeBudget {
  override covers(reservedMs: number, nowMs: number): boolean {
    return super.covers(reservedMs, nowMs);
  }
}

const budgets: Readonly<Record<HedgingRule, typeof HedgeBudget>> = {
  ...{ none: HedgeBudget, rule: HedgeBudget, "both closed": HedgeBudget, "censored samples": HedgeBudget },
  ...{ "count alone": CountAlone, "judged late": CountAlone, "never overdrawn": NeverOverdrawn },
};
