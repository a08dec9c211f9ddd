import { sameConnection } from "@rollcall/coordinator/cluster";
import { type Attempt, failureReason, type Random, type RollcallErrorCode, type Timers } from "@rollcall/core";
import { isInTime } from "@rollcall/core/health";
import {
  blamesNode,
  decide,
  emptyRerouteWindow,
  type History,
  isTransientRefusal,
  judgeFailure,
  nextReroutes,
  noHistory,
  type Outcome,
  parseRetryAfter,
  RetryBudget,
} from "@rollcall/core/request";
import { Exploration, pick, pickAmong } from "@rollcall/core/selection";
import type { TableReader } from "../table/reader.js";
import type { Link } from "./in-flight-list.js";
import {
  type Connection,
  type ConnectionObserver,
  type ConnectionSettings,
  type NodeHandler,
  NodePool,
} from "./node-pool.js";
import type { RerouteOrder } from "./reroute-order.js";
import type {
  CancelCode,
  Claim,
  DispatchObserver,
  PendingRequest,
  PreparedRequest,
  Result,
  Sender,
  SenderStats,
} from "./sender.js";
import { type Indexed, SwapRemoveList } from "./swap-remove-list.js";
import type { Target } from "./target.js";
import { WaitingCalls } from "./waiting-calls.js";

export interface DispatchOptions {
  readonly reader: TableReader;
  readonly settings: ConnectionSettings;
  readonly queueMax: number;
  readonly noNodeWaitMs: number;
  /** How long requests on a removed node may still take. */
  readonly drainMs: number;
  readonly observer: DispatchObserver;
  readonly timers: Timers;
  readonly random: Random;
  /** This thread's clock for how long something took: it stands still while the thread does not run. */
  readonly ranMs: (nowMs: number) => number;
  /** For dates in `Retry-After`. */
  readonly wallNowMs: () => number;
  /** The part of the process's retries that is this thread's. */
  readonly budgetShare?: number;
  /** Applies a list of targets that is there and not applied yet. False where there is none. */
  readonly catchUp?: () => boolean;
}

/** Of a request that has been tried very often, only so many attempts are told. */
const attemptsTold = 32;
/** What is told of an attempt that was given up because its node had fallen silent. */
const movedCode = "MOVED";

/**
 * Sends calls to nodes: pick, send, judge, count; then return, retry or fail. One for each thread, or one on the main
 * thread; it knows of neither. It keeps no time of its own over a call: the owner cancels.
 */
export class Dispatch implements Sender {
  readonly isUp = true;
  private readonly pools = new Map<number, Pool>();
  private readonly retiring = new Set<Pool>();
  private readonly waiting: WaitingCalls<PendingCall>;
  private readonly budget: RetryBudget;
  private readonly exploration = new Exploration();
  /** Of what is moved. */
  private portion = emptyRerouteWindow;
  private readonly catchUp: () => boolean;
  /** Calls not settled yet. */
  private readonly pending = new SwapRemoveList<PendingCall>();
  private resting = 0;
  private destroyed = false;
  private pumping = false;

  constructor(private readonly options: DispatchOptions) {
    this.catchUp = options.catchUp ?? (() => false);
    this.waiting = new WaitingCalls(options.queueMax);
    this.budget = new RetryBudget(options.timers.nowMs(), options.budgetShare);
  }

  /**
   * Takes over the newest list of nodes. Connections to a node that stays are kept, whatever else of it changed; those
   * to a node that is gone are closed as their requests end.
   */
  apply(targets: readonly Target[]): void {
    if (this.destroyed) return;
    const staying = new Set<number>();
    for (const target of targets) {
      staying.add(target.slot);
      const pool = this.pools.get(target.slot);
      if (pool !== undefined && sameConnection(pool.endpoint, target.endpoint)) {
        if (pool.generation !== target.generation) this.options.reader.forget(target.slot);
        pool.update(target);
        continue;
      }
      this.options.reader.forget(target.slot);
      this.pools.set(target.slot, new NodePool(target, this.options.settings, this.options.random, this.connections));
      if (pool !== undefined) void this.retire(pool);
    }
    for (const [slot, pool] of this.pools) {
      if (staying.has(slot)) continue;
      this.pools.delete(slot);
      // Nobody watches over what still waits there.
      this.options.reader.forget(slot);
      void this.retire(pool);
    }
    this.pump();
  }

  start(call: PreparedRequest, settle: (result: Result) => void, claim?: Claim): PendingRequest {
    const pending = new PendingCall(call, settle, claim);
    this.pending.add(pending);
    this.budget.countRequest(this.options.timers.nowMs());
    this.admit(pending);
    return {
      cancel: (code, message) => this.cancel(pending, code, message),
    };
  }

  pump(): void {
    // A call that fails as it is begun comes back here: the loop that began it goes on, or a long queue fills the stack.
    if (this.destroyed || this.pumping) return;
    this.pumping = true;
    try {
      for (let call = this.waiting.first(); call !== undefined; call = this.waiting.first()) {
        const pool = this.choose(call);
        if (pool === undefined) return;
        this.waiting.shift();
        this.attempt(call, pool);
      }
    } finally {
      this.pumping = false;
    }
  }

  reroute({ decidedAtMs, stuck, targets }: RerouteOrder): void {
    this.catchUp();
    const { reader, timers, random, observer } = this.options;
    const nowMs = timers.nowMs();
    // Of a thread that was not running, what it waits for may have come meanwhile.
    if (this.destroyed || !isInTime(decidedAtMs, nowMs)) return;
    const waiting = stuck.flatMap(({ slot, generation, suspectedAtMs }) => {
      const pool = this.pools.get(slot);
      if (pool?.generation !== generation) return [];
      return Array.from(pool.underWay, (attempt) => ({
        slot,
        startedAtMs: attempt.startedAtMs,
        suspectedAtMs,
        movable: attempt.isWanted && attempt.call.call.movable,
        moved: attempt.call.moved,
        attempt,
      }));
    });
    const reachable = targets
      .filter(({ slot }) => this.pools.has(slot))
      .map((target) => ({ ...target, inFlight: reader.inFlightOf(target.slot) }));
    const { portion, moves, ask } = nextReroutes(this.portion, waiting, reachable, nowMs, random);
    this.portion = portion;
    for (const { attempt, targets } of moves) this.moveOne(attempt.attempt, targets, nowMs);
    for (const slot of ask) observer.probeWanted(slot);
  }

  stats(): SenderStats {
    return { queued: this.waiting.length };
  }

  async destroy(): Promise<void> {
    // A connection that becomes free by this must not begin a call that waits to be cancelled itself.
    this.destroyed = true;
    for (const call of this.pending.toArray())
      this.cancel(call, "CLOSED", "the pool was closed before the answer came");
    const pools = [...this.pools.values(), ...this.retiring];
    this.pools.clear();
    await Promise.allSettled(pools.map((pool) => pool.destroy()));
  }

  private readonly connections: ConnectionObserver = {
    counted: (slot, change) => this.options.reader.countSocket(slot, change),
    opened: (slot, tookMs) => this.options.reader.noteHandshake(slot, tookMs),
    ranMs: () => this.options.ranMs(this.options.timers.nowMs()),
    wallNowMs: () => this.options.wallNowMs(),
  };

  private readonly attempts: AttemptOwner = {
    heard: (attempt) => this.heard(attempt),
    finished: (attempt) => this.finished(attempt),
  };

  private heard({ pool, generation }: AttemptHandler): void {
    const { reader, timers } = this.options;
    if (pool.isCurrent && pool.generation === generation) reader.noteHeard(pool.slot, timers.nowMs());
  }

  private admit(call: PendingCall): void {
    if (this.destroyed) return this.fail(call, "CLOSED", "the pool is closed");
    // Those who wait go first.
    const pool = this.waiting.length > 0 ? undefined : this.choose(call);
    if (pool !== undefined) return this.attempt(call, pool);
    if (this.waiting.push(call)) return;
    this.fail(call, "QUEUE_FULL", `${this.waiting.length} calls are waiting for a connection already`);
  }

  /** The next attempt of a call that has been admitted: the queue's bound is not for it, and it has waited before. */
  private sendAgain(call: PendingCall): void {
    const pool = this.choose(call);
    if (pool !== undefined) return this.attempt(call, pool);
    call.state = { kind: "waiting" };
    this.waiting.pushFirst(call);
  }

  private choose(call: PendingCall): Pool | undefined {
    const { reader, timers, random } = this.options;
    // The table may name nodes of a list that came while it was read.
    do reader.refresh();
    while (this.catchUp());
    const nowMs = timers.nowMs();
    reader.penalties.advance(reader.roster.eligible, nowMs);
    const exploration = call.mayExplore ? this.exploration : undefined;
    call.mayExplore = false;
    const picked = pick(reader, call.tried, nowMs, random, exploration);
    return picked.type === "node" ? this.pools.get(picked.slot) : undefined;
  }

  private attempt(call: PendingCall, pool: Pool): void {
    const { reader, timers } = this.options;
    const nowMs = timers.nowMs();
    reader.enter(pool.slot);
    reader.penalties.begun(pool.slot, nowMs);

    const attempt = new AttemptHandler(call, pool, nowMs, this.options.ranMs(nowMs), this.attempts);
    pool.underWay.add(attempt);
    this.showWaiting(pool);
    call.state = { kind: "sending", attempt };
    const { method, path, headers, body } = call.call;
    pool.send(
      {
        method,
        path: pool.endpoint.pathPrefix + path,
        headers: pool.headers.length === 0 ? (headers as string[]) : pool.headers.concat(headers as string[]),
        body: body ?? null,
        // Left to itself, undici closes the connection after every HEAD, and every GET with a body.
        reset: false,
      },
      attempt,
    );
  }

  private showWaiting({ isCurrent, slot, underWay }: Pool): void {
    if (isCurrent) this.options.reader.showWaiting(slot, underWay.oldest?.startedAtMs, underWay.newest?.startedAtMs);
  }

  /** Gives an attempt up and sends its call to one of these slots, if one has room. */
  private moveOne(attempt: AttemptHandler, targets: readonly number[], nowMs: number): void {
    const { call, pool } = attempt;
    const picked = pickAmong(this.options.reader, targets, nowMs, this.options.random);
    const next = picked.type === "node" ? this.pools.get(picked.slot) : undefined;
    if (next === undefined) return;
    call.tell(pool.endpoint.address, movedCode, nowMs - attempt.startedAtMs);
    call.handed ||= attempt.handedToSocket;
    call.moved = true;
    if (!call.tried.includes(pool.slot)) call.tried.push(pool.slot);
    this.learnOfWaiting(attempt, nowMs);
    // First: whatever still comes of the old attempt settles nothing then.
    this.attempt(call, next);
    attempt.abandon();
  }

  /** What came of an attempt, for the judgement of its node beside the others. */
  private learn(attempt: AttemptHandler, status: number, nowMs: number): void {
    const { reader } = this.options;
    const { slot } = attempt.pool;
    if (isTransientRefusal(status)) reader.penalties.refused(slot);
    else reader.penalties.answered(slot, this.tookMs(attempt, nowMs), nowMs);
  }

  /** It was waited for in vain. */
  private learnOfWaiting(attempt: AttemptHandler, nowMs: number): void {
    const { pool, generation } = attempt;
    if (!pool.isCurrent || pool.generation !== generation) return;
    this.options.reader.penalties.leftWaiting(pool.slot, this.tookMs(attempt, nowMs), nowMs);
  }

  private tookMs({ startedRanMs }: AttemptHandler, nowMs: number): number {
    return Math.max(0, this.options.ranMs(nowMs) - startedRanMs);
  }

  private finished(attempt: AttemptHandler): void {
    const { reader, observer, timers } = this.options;
    const { call, pool, generation, startedAtMs } = attempt;
    const { slot } = pool;
    const nowMs = timers.nowMs();
    // The slot may have another node by now.
    const isCurrent = pool.isCurrent && pool.generation === generation;
    pool.underWay.remove(attempt);
    reader.leave(slot);
    this.showWaiting(pool);
    pool.release(attempt, attempt.error === undefined);
    const outcome = this.judge(attempt);
    // What closed this one idle has closed the others, too.
    if (outcome.kind === "stale-socket") pool.dropIdle();
    if (outcome.kind === "answered") {
      reader.countAnswer(slot, outcome.status === 429 || outcome.status >= 500);
      if (isCurrent) this.learn(attempt, outcome.status, nowMs);
      if (outcome.status === 401) observer.credentialRefused();
    } else if (outcome.kind !== "cancelled") reader.countFailure(slot);

    if (blamesNode(outcome)) {
      if (outcome.kind === "not-connected" && isCurrent) reader.noteRefusal(slot);
      const reason = "errorCode" in outcome ? failureReason(outcome.errorCode) : outcome.kind;
      observer.failed({ slot, generation, startedAtMs, reason });
    }
    if (attempt.isWanted) this.conclude(call, attempt, outcome, nowMs);
    if (this.waiting.length > 0) this.pump();
  }

  private judge(attempt: AttemptHandler): Outcome {
    if (attempt.error === undefined) {
      const retryAfter =
        attempt.status === 429 || attempt.status === 503 ? headerOf(attempt.rawHeaders, "retry-after") : undefined;
      const retryAfterMs = retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, this.options.wallNowMs());
      return { kind: "answered", status: attempt.status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
    return judgeFailure(attempt.error, attempt);
  }

  private conclude(call: PendingCall, attempt: AttemptHandler, outcome: Outcome, nowMs: number): void {
    const { reader, random, noNodeWaitMs } = this.options;
    const { slot, endpoint } = attempt.pool;
    const code = outcome.kind === "answered" ? String(outcome.status) : outcome.errorCode;
    call.tell(endpoint.address, code, nowMs - attempt.startedAtMs);
    call.handed ||= attempt.handedToSocket;
    if (!call.tried.includes(slot)) call.tried.push(slot);

    if (outcome.kind === "answered" && !isTransientRefusal(outcome.status)) return this.answer(call, attempt);

    reader.refresh();
    const untriedNodes = reader.untried(call.tried);
    const decision = decide(
      { class: call.call.class, maxRetries: call.call.maxRetries, deadlineMs: call.call.deadlineMs, noNodeWaitMs },
      call.history,
      { outcome, startedAtMs: attempt.startedAtMs, untriedNodes },
      nowMs,
      this.budget,
      random,
    );
    switch (decision.next) {
      case "return":
        return this.answer(call, attempt);
      case "fail":
        return this.fail(call, decision.code, failureMessage(decision.code, call.told), attempt.error);
      case "retry": {
        call.history = decision.history;
        // A new round: every node may be asked again.
        if (untriedNodes === 0) call.tried = [];
        if (decision.afterMs > 0) return this.rest(call, attempt, decision.afterMs);
        reader.countRetry();
        return this.sendAgain(call);
      }
    }
  }

  /** Lets a call wait for its next attempt. Those who do are bounded as the queue is; beyond it, this was the last. */
  private rest(call: PendingCall, attempt: AttemptHandler, afterMs: number): void {
    const { timers, queueMax, settings } = this.options;
    if (this.resting >= Math.max(queueMax, settings.perNode)) {
      if (attempt.error === undefined) return this.answer(call, attempt);
      return this.fail(call, "QUEUE_FULL", `${this.resting} calls are waiting for another try already`, attempt.error);
    }
    this.options.reader.countRetry();
    this.resting++;
    const cancel = timers.after(afterMs, () => {
      this.resting--;
      this.sendAgain(call);
    });
    call.state = {
      kind: "resting",
      cancel: () => {
        this.resting--;
        cancel();
      },
    };
  }

  private answer(call: PendingCall, { status, rawHeaders, chunks, pool }: AttemptHandler): void {
    const [only] = chunks;
    this.settle(call, {
      kind: "answered",
      status,
      rawHeaders,
      body: chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks),
      node: pool.endpoint.address,
      attempts: call.told,
    });
  }

  private fail(call: PendingCall, code: RollcallErrorCode, message: string, cause?: Error): void {
    const sent = call.handed ? "maybe" : "no";
    const error = {
      code,
      message,
      sent,
      attempts: call.told,
      ...(cause === undefined ? {} : { cause: cause.message }),
    } as const;
    this.settle(call, { kind: "failed", error });
  }

  private cancel(call: PendingCall, code: CancelCode, message: string): void {
    const { state } = call;
    if (state.kind === "settled") return;
    if (state.kind === "resting") state.cancel();
    if (state.kind === "sending") {
      const { attempt } = state;
      const nowMs = this.options.timers.nowMs();
      call.handed ||= attempt.handedToSocket;
      call.tell(attempt.pool.endpoint.address, code, nowMs - attempt.startedAtMs);
      if (code === "TIMEOUT") this.learnOfWaiting(attempt, nowMs);
    }
    this.fail(call, code, message);
    if (state.kind === "waiting") this.waiting.countLeft();
    if (state.kind === "sending") state.attempt.abandon();
  }

  private settle(call: PendingCall, result: Result): void {
    call.state = { kind: "settled" };
    this.pending.remove(call);
    call.settle(result);
  }

  /** Lets the requests on connections that are no longer wanted end, for a while. */
  private async retire(pool: Pool): Promise<void> {
    pool.isCurrent = false;
    this.retiring.add(pool);
    const { timers, drainMs } = this.options;
    let cancel = () => {};
    const deadline = new Promise<void>((resolve) => {
      cancel = timers.after(drainMs, resolve);
    });
    await Promise.race([pool.close(), deadline]);
    cancel();
    await pool.destroy();
    this.retiring.delete(pool);
    if (!this.holds(pool.slot)) this.options.observer.released(pool.slot);
  }

  private holds(slot: number): boolean {
    if (this.pools.has(slot)) return true;
    for (const pool of this.retiring) if (pool.slot === slot) return true;
    return false;
  }
}

/**
 * A call on its way:
 *
 *                                       ┌──moved──┐
 *                                       ▼         │
 *   waiting ──a connection is free──▶ sending ──to be retried──▶ resting
 *      ▲                                 │                          │
 *      └────────── (all taken) ◀─────────┼──────────────────────────┘
 *                                        ▼
 *   any of them ──cancelled──────────▶ settled
 */
type CallState =
  | { readonly kind: "waiting" }
  | { readonly kind: "sending"; readonly attempt: AttemptHandler }
  | { readonly kind: "resting"; readonly cancel: () => void }
  | { readonly kind: "settled" };

class PendingCall implements Indexed {
  place = -1;
  state: CallState = { kind: "waiting" };
  history: History = noHistory;
  tried: number[] = [];
  readonly told: Attempt[] = [];
  /** Bytes of some attempt may have been written. */
  handed = false;
  /** An attempt was given up because its node had fallen silent: once, and no more. */
  moved = false;
  /** Its next pick is its first, and may go to a node only to see how that is. */
  mayExplore: boolean;

  constructor(
    readonly call: PreparedRequest,
    readonly settle: (result: Result) => void,
    readonly claim: Claim | undefined,
  ) {
    this.mayExplore = call.movable;
  }

  get isWaiting(): boolean {
    return this.state.kind === "waiting";
  }

  tell(node: string, code: string, tookMs: number): void {
    this.told.push({ node, code, ms: Math.round(tookMs) });
    if (this.told.length > attemptsTold) this.told.shift();
  }
}

type Pool = NodePool<AttemptHandler>;

/** Whoever has begun an attempt. */
interface AttemptOwner {
  /** A byte of its answer has come. */
  heard(attempt: AttemptHandler): void;
  finished(attempt: AttemptHandler): void;
}

/**
 * One attempt, as undici's handler. It speaks the older of undici's two handler forms on purpose: there the headers stay
 * bytes until somebody asks for them, which most callers never do.
 */
class AttemptHandler implements NodeHandler, Link<AttemptHandler> {
  older: AttemptHandler | undefined;
  newer: AttemptHandler | undefined;
  connection: Connection | undefined;
  handedToSocket = false;
  firstByteSeen = false;
  reusedSocket = false;
  status = 0;
  rawHeaders: readonly Buffer[] = [];
  readonly chunks: Buffer[] = [];
  error: Error | undefined;
  private abort: ((error?: Error) => void) | undefined;
  private abandoned = false;

  /** Of the slot's node that it was sent to. */
  readonly generation: number;

  constructor(
    readonly call: PendingCall,
    readonly pool: Pool,
    readonly startedAtMs: number,
    /** The same on the clock that stands still while this thread does not run. */
    readonly startedRanMs: number,
    private readonly owner: AttemptOwner,
  ) {
    this.generation = pool.generation;
  }

  /** Whether what comes of it decides its call. */
  get isWanted(): boolean {
    const { state } = this.call;
    return state.kind === "sending" && state.attempt === this;
  }

  /** Nobody waits for it any more: ends it now, or before its first byte is written. */
  abandon(): void {
    this.abandoned = true;
    this.abort?.(new AbandonedAttempt());
  }

  onConnect(abort: (error?: Error) => void): void {
    if (this.abandoned || this.call.claim?.hand() === false) return abort(new AbandonedAttempt());
    this.abort = abort;
    this.handedToSocket = true;
    this.reusedSocket = this.connection?.begin() ?? false;
  }

  onResponseStarted(): void {
    this.firstByteSeen = true;
    this.owner.heard(this);
  }

  onHeaders(status: number, rawHeaders: Buffer[]): boolean {
    this.firstByteSeen = true;
    this.status = status;
    this.rawHeaders = rawHeaders;
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.chunks.push(chunk);
    this.owner.heard(this);
    return true;
  }

  onComplete(): void {
    this.owner.finished(this);
  }

  onError(error: Error): void {
    this.error = error;
    this.owner.finished(this);
  }
}

class AbandonedAttempt extends Error {
  override readonly name = "AbortError";
  readonly code = "ABORT_ERR";
  constructor() {
    super("nobody waits for this attempt any more");
  }
}

function headerOf(rawHeaders: readonly Buffer[], name: string): string | undefined {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toString("latin1").toLowerCase() === name) return rawHeaders[at + 1]?.toString("latin1");
  }
  return undefined;
}

function failureMessage(code: RollcallErrorCode, told: readonly Attempt[]): string {
  const last = told.at(-1);
  const where = last === undefined ? "" : ` (${last.node}: ${last.code})`;
  switch (code) {
    case "NO_NODE":
      return `no node accepted a connection${where}`;
    case "CONNECT":
      return `the connection was never made${where}`;
    case "TLS":
      return `the connection was refused by TLS${where}`;
    case "DISCONNECTED":
      return `the connection was lost before the whole answer had come${where}`;
    case "BAD_RESPONSE":
      return `the answer is not HTTP that we can read${where}`;
    default:
      return `the request could not be sent${where}`;
  }
}
