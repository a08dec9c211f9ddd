import { seededRandom } from "@rollcall/testing";
import { retryBackoffMs } from "../request/backoff.js";
import { RetryBudget } from "../request/retry-budget.js";
import { LoadControl } from "./load-control.js";
import type { Refusal } from "./refusal.js";

/** A fleet under a load, in simulated time: what the rule of the queue makes of it. */
export interface Scenario {
  readonly seed?: number;
  readonly nodes?: number;
  /** Searches that a node works on at one time; the others wait there. */
  readonly workers?: number;
  /** How many may wait at a node; one more is answered with 429. */
  readonly nodeQueue?: number;
  /** Searches whose caller has gone are not begun. Default: true, as engines do. */
  readonly cancels?: boolean;
  /** How long one search takes a worker. */
  readonly serviceMs: (random: () => number, nowMs: number) => number;
  /** For capacity: the mean of that. */
  readonly meanServiceMs: number;
  /** Each has a rule of its own: processes, or threads of processes. */
  readonly senders?: number;
  readonly perNode?: number;
  readonly perThread?: number;
  readonly timeoutMs?: number;
  /** Calls that come, as a share of what the nodes can do. */
  readonly load?: (nowMs: number) => number;
  /** In place of a load: so many callers, each at one sender, that call again as soon as they have an answer. */
  readonly callers?: number;
  readonly lastMs: number;
  /** Figures are of calls that begin from then on. */
  readonly fromMs?: number;
  readonly adaptive?: boolean;
  /** The mutant: calls that wait are refused, too. */
  readonly refusesQueued?: boolean;
  /** The mutant: what waits gives a sender no more room at the nodes. */
  readonly hidesWaiting?: boolean;
}

export interface Figures {
  readonly begun: number;
  readonly good: number;
  /** Answers in time of calls that begin in the time measured, as a share of what the nodes can do in it. */
  readonly goodput: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly timedOut: number;
  readonly rejected: number;
  readonly refused: Readonly<Record<Refusal, number>>;
  readonly refusedShare: number;
  /** The longest time from the arrival of a call to its refusal. */
  readonly slowestRefusalMs: number;
}

interface Call {
  readonly beganMs: number;
  readonly deadlineMs: number;
  readonly sender: Sender;
  retries: number;
  state: "waiting" | "sent" | "ended";
}

interface Attempt {
  readonly call: Call;
  readonly node: Node;
  readonly beganMs: number;
  /** Its sender waits no more. */
  isGivenUp: boolean;
}

interface Node {
  readonly queue: Attempt[];
  working: number;
}

class Sender {
  readonly waiting: Call[] = [];
  readonly inFlightAt: number[];
  inFlight = 0;
  readonly budget = new RetryBudget(0);
  constructor(
    nodes: number,
    readonly control: LoadControl,
  ) {
    this.inFlightAt = new Array<number>(nodes).fill(0);
  }
}

export function simulate(scenario: Scenario): Figures {
  return new Simulation(scenario).run();
}

class Simulation {
  private readonly random: () => number;
  private readonly nodes: Node[];
  private readonly senders: Sender[];
  private readonly events = new EventHeap();
  private nowMs = 0;
  private readonly latencies: number[] = [];
  private readonly refused = { full: 0, late: 0, standing: 0 };
  private begun = 0;
  private timedOut = 0;
  private rejected = 0;
  private slowestRefusalMs = 0;
  private readonly perNode: number;
  private readonly timeoutMs: number;
  private readonly perThread: number;
  private readonly capacityPerMs: number;

  constructor(private readonly scenario: Scenario) {
    const { seed = 1, nodes = 3, workers = 4, senders = 1, meanServiceMs } = scenario;
    this.random = seededRandom(seed);
    this.perNode = scenario.perNode ?? 64;
    this.timeoutMs = scenario.timeoutMs ?? 2_000;
    this.perThread = scenario.perThread ?? 1_024;
    this.capacityPerMs = (nodes * workers) / meanServiceMs;
    this.nodes = Array.from({ length: nodes }, () => ({ queue: [], working: 0 }));
    const { perNode, timeoutMs, perThread } = this;
    this.senders = Array.from(
      { length: senders },
      () => new Sender(nodes, new LoadControl({ perNode, timeoutMs, perThread }, 0)),
    );
  }

  run(): Figures {
    const { lastMs, callers, fromMs = 0 } = this.scenario;
    if (callers === undefined) this.arriveNext();
    else
      for (let at = 0; at < callers; at++) {
        const sender = this.senders[at % this.senders.length];
        this.events.add(this.random() * 20, () => this.arrive(sender));
      }
    for (let next = this.events.take(); next !== undefined; next = this.events.take()) {
      if (next.atMs > lastMs) break;
      this.nowMs = next.atMs;
      next.act();
    }
    this.latencies.sort((a, b) => a - b);
    const refusedCalls = this.refused.full + this.refused.late + this.refused.standing;
    return {
      begun: this.begun,
      good: this.latencies.length,
      goodput: this.latencies.length / (this.capacityPerMs * (lastMs - this.timeoutMs - fromMs)),
      p50Ms: this.latencies[Math.floor(this.latencies.length / 2)] ?? 0,
      p99Ms: this.latencies[Math.floor(this.latencies.length * 0.99)] ?? 0,
      timedOut: this.timedOut,
      rejected: this.rejected,
      refused: this.refused,
      refusedShare: refusedCalls / Math.max(1, this.begun),
      slowestRefusalMs: this.slowestRefusalMs,
    };
  }

  private arriveNext(): void {
    const load = this.scenario.load?.(this.nowMs) ?? 1;
    const waitMs = -Math.log(1 - this.random()) / (this.capacityPerMs * Math.max(load, 0.001));
    this.events.add(this.nowMs + Math.min(waitMs, 100), () => {
      // A load that changes is looked at again soon: the exponential has no memory.
      if (waitMs <= 100) this.arrive();
      this.arriveNext();
    });
  }

  private arrive(sender = this.senders[Math.floor(this.random() * this.senders.length)]): void {
    if (sender === undefined) return;
    const { nowMs } = this;
    const call: Call = { beganMs: nowMs, deadlineMs: nowMs + this.timeoutMs, sender, retries: 0, state: "waiting" };
    if (this.counts(call)) this.begun++;
    sender.budget.countRequest(nowMs);
    sender.control.arrived();
    if (sender.waiting.length === 0 && this.send(call)) return this.expire(call);
    const refusal = this.refusalOf(call, sender.waiting.length);
    if (refusal !== undefined) return this.refuse(call, refusal);
    sender.waiting.push(call);
    sender.control.waits(true, nowMs);
    this.expire(call);
  }

  private refusalOf({ sender, deadlineMs }: Call, ahead: number): Refusal | undefined {
    if (this.scenario.adaptive === false) return ahead >= this.perThread ? "full" : undefined;
    return sender.control.refusalOf(ahead, deadlineMs - this.nowMs, sender.inFlight, this.nowMs);
  }

  private refuse(call: Call, refusal: Refusal): void {
    call.state = "ended";
    if (this.counts(call)) {
      this.refused[refusal]++;
      this.slowestRefusalMs = Math.max(this.slowestRefusalMs, this.nowMs - call.beganMs);
    }
    this.again(call);
  }

  /** A caller of a closed loop calls again. */
  private again({ sender }: Call): void {
    if (this.scenario.callers !== undefined) this.events.add(this.nowMs + 1, () => this.arrive(sender));
  }

  private expire(call: Call): void {
    this.events.add(call.deadlineMs, () => {
      if (call.state === "ended") return;
      const { sender } = call;
      if (call.state === "waiting") {
        const at = sender.waiting.indexOf(call);
        if (at >= 0) sender.waiting.splice(at, 1);
        sender.control.waits(sender.waiting.length > 0, this.nowMs);
      }
      call.state = "ended";
      if (this.counts(call)) this.timedOut++;
      const attempt = this.attempts.get(call);
      if (attempt !== undefined) this.giveUp(attempt);
      this.again(call);
      this.pump(sender);
    });
  }

  private readonly attempts = new Map<Call, Attempt>();

  /** The node goes on all the same. */
  private giveUp(attempt: Attempt): void {
    const { sender } = attempt.call;
    attempt.isGivenUp = true;
    this.leave(attempt);
    sender.control.timedOut(this.nowMs - attempt.beganMs, sender.inFlight, this.nowMs);
  }

  private leave({ call, node }: Attempt): void {
    const { sender } = call;
    const at = this.nodes.indexOf(node);
    this.attempts.delete(call);
    sender.inFlight--;
    sender.inFlightAt[at] = (sender.inFlightAt[at] ?? 0) - 1;
  }

  /** Of two nodes, to the one at which this sender has less in flight. */
  private send(call: Call): boolean {
    const { sender } = call;
    const { adaptive = true } = this.scenario;
    const waiting = this.scenario.hidesWaiting === true ? 0 : sender.waiting.length;
    if (adaptive && !sender.control.hasRoom(sender.inFlight, waiting, this.nodes.length)) return false;
    const first = Math.floor(this.random() * this.nodes.length);
    const second = (first + 1 + Math.floor(this.random() * (this.nodes.length - 1))) % this.nodes.length;
    const at = (sender.inFlightAt[second] ?? 0) < (sender.inFlightAt[first] ?? 0) ? second : first;
    const node = this.nodes[at];
    if (node === undefined || (sender.inFlightAt[at] ?? 0) >= this.perNode) return false;
    call.state = "sent";
    sender.inFlight++;
    sender.inFlightAt[at] = (sender.inFlightAt[at] ?? 0) + 1;
    sender.control.begun(sender.inFlight);
    const attempt: Attempt = { call, node, beganMs: this.nowMs, isGivenUp: false };
    this.attempts.set(call, attempt);
    this.events.add(this.nowMs + 0.3, () => this.reach(attempt));
    return true;
  }

  private reach(attempt: Attempt): void {
    const { node } = attempt;
    const { workers = 4, nodeQueue = 1_000 } = this.scenario;
    if (node.working < workers) return this.work(attempt);
    if (node.queue.length < nodeQueue) return void node.queue.push(attempt);
    this.events.add(this.nowMs + 0.3, () => this.refusedByNode(attempt));
  }

  private work(attempt: Attempt): void {
    attempt.node.working++;
    const tookMs = this.scenario.serviceMs(this.random, this.nowMs);
    this.events.add(this.nowMs + tookMs, () => {
      attempt.node.working--;
      this.workNext(attempt.node);
      this.answer(attempt);
    });
  }

  private workNext({ queue }: Node): void {
    let next = queue.shift();
    if (this.scenario.cancels !== false) while (next?.isGivenUp === true) next = queue.shift();
    if (next !== undefined) this.work(next);
  }

  private answer(attempt: Attempt): void {
    if (attempt.isGivenUp) return;
    const { call, beganMs } = attempt;
    const { sender } = call;
    this.leave(attempt);
    call.state = "ended";
    if (this.counts(call)) this.latencies.push(this.nowMs - call.beganMs);
    sender.control.answered(this.nowMs - beganMs, sender.inFlight, this.nowMs);
    this.again(call);
    this.pump(sender);
  }

  private refusedByNode(attempt: Attempt): void {
    if (attempt.isGivenUp) return;
    const { call } = attempt;
    const { sender } = call;
    this.leave(attempt);
    sender.control.refusedByNode(this.nowMs);
    call.retries++;
    const waitMs = call.retries === 1 ? 0 : retryBackoffMs(call.retries, this.random);
    if (call.retries > 3 || this.nowMs + waitMs >= call.deadlineMs || !sender.budget.trySpend(this.nowMs)) {
      call.state = "ended";
      if (this.counts(call)) this.rejected++;
      this.again(call);
    } else {
      this.events.add(this.nowMs + waitMs, () => {
        if (call.state === "ended" || this.send(call)) return;
        call.state = "waiting";
        sender.waiting.unshift(call);
        sender.control.waits(true, this.nowMs);
      });
    }
    this.pump(sender);
  }

  private pump(sender: Sender): void {
    const { waiting, control } = sender;
    if (this.scenario.refusesQueued === true) this.refuseQueued(sender);
    while (waiting[0] !== undefined && this.send(waiting[0])) waiting.shift();
    control.waits(waiting.length > 0, this.nowMs);
  }

  private refuseQueued({ waiting }: Sender): void {
    const last = waiting.at(-1);
    const refusal = last === undefined ? undefined : this.refusalOf(last, waiting.length - 1);
    if (last === undefined || refusal === undefined) return;
    waiting.pop();
    this.refuse(last, refusal);
  }

  private counts({ beganMs }: Call): boolean {
    // The last calls could not end in time.
    const { fromMs = 0, lastMs } = this.scenario;
    return beganMs >= fromMs && beganMs <= lastMs - this.timeoutMs;
  }
}

interface Event {
  readonly atMs: number;
  readonly act: () => void;
}

class EventHeap {
  private readonly events: Event[] = [];

  add(atMs: number, act: () => void): void {
    const { events } = this;
    const event = { atMs, act };
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = events[above];
      if (parent === undefined || parent.atMs <= atMs) break;
      events[at] = parent;
      at = above;
    }
    events[at] = event;
  }

  take(): Event | undefined {
    const { events } = this;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined || events.length === 0) return first;
    let at = 0;
    for (let below = 1; below < events.length; below = 2 * at + 1) {
      const right = events[below + 1];
      const left = events[below];
      const isRight = right !== undefined && left !== undefined && right.atMs < left.atMs;
      const child = isRight ? right : left;
      if (child === undefined || child.atMs >= last.atMs) break;
      events[at] = child;
      at = isRight ? below + 1 : below;
    }
    events[at] = last;
    return first;
  }
}

/** Services, by how the times of single searches are spread. */
export const services = {
  exponential: (meanMs: number) => (random: () => number) => -meanMs * Math.log(1 - random()),
  steady: (meanMs: number) => (random: () => number) => meanMs * (0.8 + 0.4 * random()),
  /** Pareto with so heavy a tail that one in 1,000 takes about 25 times the mean; at most 100 times. */
  heavy: (meanMs: number) => (random: () => number) =>
    Math.min(100 * meanMs, ((meanMs * 0.6) / 1.6) * (1 - random()) ** (-1 / 1.6)),
  /** So many of the searches take the one time, the others the other. */
  mixed: (share: number, longMs: number, shortMs: number) => (random: () => number) =>
    random() < share ? longMs : shortMs,
} as const;
