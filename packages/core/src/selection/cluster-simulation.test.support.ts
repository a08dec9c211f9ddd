import type { Random } from "../random.js";
import { rosterOf } from "./eligible.js";
import { Exploration } from "./exploration.js";
import { Penalties } from "./penalties.js";
import { pick } from "./pick-two.js";

/** How a node treats a request that comes at that time. */
export interface Behaviour {
  /** Its work takes this many times as long. */
  readonly slower?: number;
  /** The part of requests that it answers with 503 at once. */
  readonly refusing?: number;
  /** The part of requests that come back 300 ms later than they should. */
  readonly stalling?: number;
}

/**
 *   penalties  pick-two by requests in flight and penalties, with exploration
 *   in flight  pick-two by requests in flight alone
 *   oracle     as "in flight", among the nodes that are healthy throughout
 */
export type Rule = "penalties" | "in flight" | "oracle";

export interface Run {
  readonly rule: Rule;
  readonly behaviourOf: (node: number, atMs: number) => Behaviour;
  /** The node that the oracle leaves out. */
  readonly bad?: number;
  readonly nodes?: number;
  readonly processes?: number;
  /** The mean time of a request without queueing. */
  readonly workMs?: number;
  /** The share of the capacity that the requests use while all nodes are healthy. */
  readonly load?: number;
  /** All processes together; instead of `load`. */
  readonly requestsPerSecond?: number;
  readonly untilMs: number;
  /** The same numbers give the same run. */
  readonly random: Random;
}

interface Finished {
  readonly atMs: number;
  readonly tookMs: number;
  readonly failed: boolean;
}

/** What happened, in the order of time. */
export class RunHistory {
  readonly requests: Finished[] = [];
  readonly attempts: { readonly atMs: number; readonly node: number }[] = [];

  /** The 99th percentile of the requests that began between the two times. */
  p99Ms(fromMs: number, toMs: number): number {
    const took = this.between(fromMs, toMs).map(({ tookMs }) => tookMs);
    took.sort((a, b) => a - b);
    return took[Math.floor(took.length * 0.99)] ?? Number.NaN;
  }

  errors(fromMs: number, toMs: number): number {
    return this.between(fromMs, toMs).filter(({ failed }) => failed).length;
  }

  /** The node's share of the attempts. */
  share(node: number, fromMs: number, toMs: number): number {
    const all = this.attempts.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    return all.filter((attempt) => attempt.node === node).length / all.length;
  }

  private between(fromMs: number, toMs: number): Finished[] {
    return this.requests.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  }
}

/** The requests that a node works on at once; the others wait. */
const workers = 8;
const networkMs = 0.5;
const stallMs = 300;
const retriesMax = 3;

/**
 * Simulates processes that each measure by themselves, in front of nodes that are queues. The same run gives the same
 * history.
 */
export function simulate({
  rule,
  behaviourOf,
  bad,
  nodes: nodeCount = 3,
  processes = 8,
  workMs = 10,
  load = 0.5,
  requestsPerSecond = (load * nodeCount * workers * 1_000) / workMs,
  untilMs,
  random,
}: Run): RunHistory {
  const agenda = new Agenda();
  const history = new RunHistory();
  const nodes = Array.from(
    { length: nodeCount },
    (_, index) => new SimulatedNode(index, behaviourOf, workMs, agenda, random),
  );
  const slots = nodes.flatMap((_, slot) => (rule === "oracle" && slot === bad ? [] : [slot]));

  for (let index = 0; index < processes; index++) {
    const process = new SimulatedProcess(rule, slots, nodes, agenda, history, random);
    const arrive = () => {
      process.begin();
      agenda.after((-Math.log(1 - random()) * 1_000 * processes) / requestsPerSecond, arrive);
    };
    agenda.after((random() * 1_000 * processes) / requestsPerSecond, arrive);
  }
  agenda.runUntil(untilMs);
  return history;
}

class SimulatedNode {
  private working = 0;
  private readonly queue: (() => void)[] = [];

  constructor(
    private readonly index: number,
    private readonly behaviourOf: Run["behaviourOf"],
    private readonly workMs: number,
    private readonly agenda: Agenda,
    private readonly random: Random,
  ) {}

  ask(answer: (status: number) => void): void {
    const { slower = 1, refusing = 0, stalling = 0 } = this.behaviourOf(this.index, this.agenda.nowMs);
    if (this.random() < refusing) return this.agenda.after(2 * networkMs, () => answer(503));
    const extraMs = this.random() < stalling ? stallMs : 0;
    this.queue.push(() => {
      this.agenda.after(slower * this.someWorkMs(), () => {
        this.working--;
        this.agenda.after(2 * networkMs + extraMs, () => answer(200));
        this.work();
      });
    });
    this.work();
  }

  private work(): void {
    while (this.working < workers) {
      const next = this.queue.shift();
      if (next === undefined) return;
      this.working++;
      next();
    }
  }

  /** Log-normal: most requests are quick, some take several times the mean. */
  private someWorkMs(): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random());
    const spread = 0.6;
    return this.workMs * Math.exp(spread * normal - spread ** 2 / 2);
  }
}

class SimulatedProcess {
  private readonly penalties: Penalties;
  private readonly exploration: Exploration | undefined;
  private readonly inFlight: number[];
  private readonly reader;

  constructor(
    private readonly rule: Rule,
    slots: readonly number[],
    private readonly nodes: readonly SimulatedNode[],
    private readonly agenda: Agenda,
    private readonly history: RunHistory,
    private readonly random: Random,
  ) {
    this.penalties = new Penalties(nodes.length);
    this.exploration = rule === "penalties" ? new Exploration() : undefined;
    this.inFlight = nodes.map(() => 0);
    this.reader = {
      roster: rosterOf(slots.map((slot) => ({ slot, tier: "node", mark: "none", ejected: false }))),
      weightOf: () => 1,
      inFlightOf: (slot: number) => this.inFlight[slot] ?? 0,
      hasRoom: () => true,
      refusedAtMs: () => Number.NEGATIVE_INFINITY,
      penaltyOf: (slot: number) => this.penalties.penaltyOf(slot),
      begunAtMs: (slot: number) => this.penalties.begunAtMs(slot),
    };
  }

  begin(): void {
    this.attempt(this.agenda.nowMs, []);
  }

  private attempt(beganMs: number, tried: readonly number[]): void {
    const { penalties, reader, agenda, inFlight } = this;
    const startedMs = agenda.nowMs;
    // Without a call of `advance`, every penalty stays 1.
    if (this.rule === "penalties") penalties.advance(reader.roster.eligible, startedMs);
    const picked = pick(reader, tried, startedMs, this.random, this.exploration);
    if (picked.type !== "node") return;
    const { slot } = picked;
    this.history.attempts.push({ atMs: startedMs, node: slot });
    penalties.begun(slot, startedMs);
    inFlight[slot] = (inFlight[slot] ?? 0) + 1;
    this.nodes[slot]?.ask((status) => {
      inFlight[slot] = (inFlight[slot] ?? 0) - 1;
      if (status === 503) penalties.refused(slot, status);
      else penalties.answered(slot, agenda.nowMs - startedMs, agenda.nowMs);
      if (status === 503 && tried.length < retriesMax) {
        // As retry-policy.ts has it: at once to an untried node, then after a while.
        const waitMs = tried.length === 0 ? 0 : this.random() * 100 * 2 ** tried.length;
        agenda.after(waitMs, () => this.attempt(beganMs, [...tried, slot]));
        return;
      }
      this.history.requests.push({ atMs: beganMs, tookMs: agenda.nowMs - beganMs, failed: status === 503 });
    });
  }
}

/** What is to happen, by time; two things of one time happen in the order in which they were added. */
class Agenda {
  nowMs = 1_000;
  /** The next entry stands last. */
  private readonly entries: { readonly atMs: number; readonly happen: () => void }[] = [];

  after(delayMs: number, happen: () => void): void {
    const atMs = this.nowMs + delayMs;
    let place = this.entries.length;
    while (place > 0 && (this.entries[place - 1]?.atMs ?? 0) <= atMs) place--;
    this.entries.splice(place, 0, { atMs, happen });
  }

  runUntil(untilMs: number): void {
    for (let next = this.entries.pop(); next !== undefined && next.atMs <= untilMs; next = this.entries.pop()) {
      this.nowMs = next.atMs;
      next.happen();
    }
  }
}
