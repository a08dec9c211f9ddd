import {
  type Attempt,
  failureReason,
  type Random,
  type RollcallErrorCode,
  type Timers,
  type WireError,
} from "@rollcall/core";
import {
  blamesNode,
  decide,
  type History,
  judgeFailure,
  noHistory,
  type Outcome,
  parseRetryAfter,
  type RequestClass,
  RetryBudget,
} from "@rollcall/core/request";
import { pick } from "@rollcall/core/selection";
import type { Dispatcher } from "undici";
import type { TableReader } from "../table/reader.js";
import { type Connection, type ConnectionSettings, type NodeHandler, NodePool } from "./node-pool.js";
import type { Target } from "./target.js";
import { WaitingCalls } from "./waiting-calls.js";

/** One request, prepared: nothing in it needs the caller's thread any more. */
export interface Call {
  readonly method: Dispatcher.HttpMethod;
  /** With its query, without any node's prefix. */
  readonly path: string;
  /** Name, value, name, value. */
  readonly headers: readonly string[];
  readonly body: string | Uint8Array | undefined;
  readonly class: RequestClass;
  /** 0: one attempt exactly. */
  readonly maxRetries: number;
  /** When its owner will cancel it; nothing is begun that could not end before. */
  readonly deadlineMs: number;
}

export type Result =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** As undici gives them: name, value, name, value, each as bytes. */
      readonly rawHeaders: readonly Buffer[];
      readonly body: Buffer;
      /** `host:port` of the node that answered. */
      readonly node: string;
      readonly attempts: readonly Attempt[];
    }
  | { readonly kind: "failed"; readonly error: WireError };

/** Why a call's owner gives it up. */
export type CancelCode = Extract<RollcallErrorCode, "TIMEOUT" | "ABORTED" | "CLOSED">;

/** A call under way. */
export interface Pending {
  /** Ends the call now, with that code and the truth about what was sent. Without effect on a settled one. */
  cancel(code: CancelCode, message: string): void;
}

/** What a dispatch tells whoever judges the nodes' health. */
export interface DispatchObserver {
  /** A connection-class failure of an attempt that began at `startedAtMs`. */
  failed(failure: { slot: number; generation: number; startedAtMs: number; reason: string }): void;
  /** A node answered 401. */
  credentialRefused(): void;
  /** Nothing of the slot's removed node is left: the slot may be given to another. */
  released(slot: number): void;
}

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
  /** For dates in `Retry-After`. */
  readonly wallNowMs: () => number;
}

/** Counts since the start, of one node in one thread. */
export interface NodeCounts {
  requests: number;
  answers: number;
  /** Attempts that ended without a whole answer. */
  failures: number;
  /** Answers with 429 or 5xx. */
  errorStatuses: number;
}

export interface DispatchStats {
  readonly inFlight: number;
  readonly queued: number;
  readonly retries: number;
  readonly nodes: readonly (NodeCounts & {
    readonly slot: number;
    readonly openSockets: number;
    readonly inFlight: number;
  })[];
}

/** Of a request that has been tried very often, only so many attempts are told. */
const attemptsTold = 32;

/**
 * Sends calls to nodes: pick, send, judge, count; then return, retry or fail. One for each thread, or one on the main
 * thread; it knows of neither. It keeps no time of its own over a call: the owner cancels.
 */
export class Dispatch {
  private readonly pools = new Map<number, NodePool>();
  private readonly retiring = new Set<NodePool>();
  private readonly counts = new Map<number, NodeCounts>();
  private readonly waiting: WaitingCalls<PendingCall>;
  private readonly budget: RetryBudget;
  private readonly pending = new Set<PendingCall>();
  private retries = 0;

  constructor(private readonly options: DispatchOptions) {
    this.waiting = new WaitingCalls(options.queueMax);
    this.budget = new RetryBudget(options.timers.nowMs());
  }

  /**
   * Takes over the newest list of nodes. Connections to a node that stays are kept, whatever else of it changed; those
   * to a node that is gone are closed as their requests end.
   */
  apply(targets: readonly Target[]): void {
    const staying = new Set<number>();
    for (const target of targets) {
      staying.add(target.slot);
      const pool = this.pools.get(target.slot);
      if (pool?.endpoint.origin === target.endpoint.origin && pool.endpoint.tls === target.endpoint.tls) {
        if (pool.generation !== target.generation) this.options.reader.forget(target.slot);
        pool.update(target);
        continue;
      }
      if (pool !== undefined) void this.retire(pool);
      this.options.reader.forget(target.slot);
      this.counts.set(target.slot, { requests: 0, answers: 0, failures: 0, errorStatuses: 0 });
      this.pools.set(target.slot, new NodePool(target, this.options.settings));
    }
    for (const [slot, pool] of this.pools) {
      if (staying.has(slot)) continue;
      this.pools.delete(slot);
      void this.retire(pool).then(() => this.options.observer.released(slot));
    }
    this.pump();
  }

  /** Begins a call. `settle` is called once, and may be called before this returns. */
  start(call: Call, settle: (result: Result) => void): Pending {
    const pending = new PendingCall(call, settle);
    this.pending.add(pending);
    this.budget.countRequest(this.options.timers.nowMs());
    this.send(pending);
    return {
      cancel: (code, message) => this.cancel(pending, code, message),
    };
  }

  /** Whether the state of the nodes has changed for the better: calls that wait for a connection may go on. */
  pump(): void {
    for (let call = this.waiting.first(); call !== undefined; call = this.waiting.first()) {
      const pool = this.choose(call);
      if (pool === undefined) return;
      this.waiting.shift();
      this.attempt(call, pool);
    }
  }

  stats(): DispatchStats {
    const { reader } = this.options;
    let inFlight = 0;
    const nodes = [...this.pools.values()].map(({ slot, openSockets }) => {
      const here = reader.inFlightOf(slot);
      inFlight += here;
      const counts = this.counts.get(slot) ?? { requests: 0, answers: 0, failures: 0, errorStatuses: 0 };
      return { slot, openSockets, inFlight: here, ...counts };
    });
    return { inFlight, queued: this.waiting.length, retries: this.retries, nodes };
  }

  /** Ends every call and every connection, now. Always resolves. */
  async destroy(): Promise<void> {
    for (const call of [...this.pending]) this.cancel(call, "CLOSED", "the pool was closed before the answer came");
    const pools = [...this.pools.values(), ...this.retiring];
    this.pools.clear();
    await Promise.allSettled(pools.map((pool) => pool.destroy()));
  }

  private send(call: PendingCall): void {
    // Those who wait go first.
    const pool = this.waiting.length > 0 ? undefined : this.choose(call);
    if (pool !== undefined) return this.attempt(call, pool);

    call.state = { kind: "waiting" };
    if (this.waiting.push(call)) return;
    this.fail(call, "QUEUE_FULL", `${this.waiting.length} calls are waiting for a connection already`);
  }

  private choose(call: PendingCall): NodePool | undefined {
    const { reader, timers, random } = this.options;
    const picked = pick(reader, call.tried, timers.nowMs(), random);
    return picked.type === "node" ? this.pools.get(picked.slot) : undefined;
  }

  private attempt(call: PendingCall, pool: NodePool): void {
    const { slot, endpoint } = pool;
    const counts = this.counts.get(slot);
    if (counts !== undefined) counts.requests++;
    this.options.reader.enter(slot);

    const attempt = new AttemptHandler(pool, this.options.timers.nowMs(), (finished) => this.finish(call, finished));
    call.state = { kind: "sending", attempt };
    const { method, path, headers, body } = call.call;
    pool.send(
      {
        method,
        path: endpoint.pathPrefix + path,
        headers: pool.headers.length === 0 ? (headers as string[]) : pool.headers.concat(headers as string[]),
        body: body ?? null,
      },
      attempt,
    );
  }

  private finish(call: PendingCall, attempt: AttemptHandler): void {
    const { reader, observer } = this.options;
    const { pool, startedAtMs } = attempt;
    const { slot } = pool;
    reader.leave(slot);
    const outcome = this.judge(attempt);
    const counts = this.counts.get(slot);
    if (outcome.kind === "answered") {
      reader.countAnswer(slot);
      if (counts !== undefined) {
        counts.answers++;
        if (outcome.status === 429 || outcome.status >= 500) counts.errorStatuses++;
      }
      if (outcome.status === 401) observer.credentialRefused();
    } else if (outcome.kind !== "cancelled" && counts !== undefined) counts.failures++;

    if (blamesNode(outcome)) {
      if (outcome.kind === "not-connected") reader.noteRefusal(slot);
      const reason = "errorCode" in outcome ? failureReason(outcome.errorCode) : outcome.kind;
      observer.failed({ slot, generation: pool.generation, startedAtMs, reason });
    }
    if (call.state.kind === "sending" && call.state.attempt === attempt) this.conclude(call, attempt, outcome);
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

  private conclude(call: PendingCall, attempt: AttemptHandler, outcome: Outcome): void {
    const { reader, timers, random, noNodeWaitMs } = this.options;
    const nowMs = timers.nowMs();
    const { slot, endpoint } = attempt.pool;
    call.told.push({
      node: endpoint.address,
      code: outcome.kind === "answered" ? String(outcome.status) : outcome.errorCode,
      ms: Math.round(nowMs - attempt.startedAtMs),
    });
    if (call.told.length > attemptsTold) call.told.shift();
    call.handed ||= attempt.handedToSocket;
    if (!call.tried.includes(slot)) call.tried.push(slot);

    if (outcome.kind === "answered" && !isRetriable(outcome.status)) return this.answer(call, attempt);

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
        this.retries++;
        call.history = decision.history;
        // A new round: every node may be asked again.
        if (untriedNodes === 0) call.tried = [];
        if (decision.afterMs <= 0) return this.send(call);
        const cancel = timers.after(decision.afterMs, () => this.send(call));
        call.state = { kind: "resting", cancel };
        return;
      }
    }
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
    if (state.kind === "waiting") this.waiting.countLeft();
    if (state.kind === "resting") state.cancel();
    if (state.kind === "sending") {
      const { attempt } = state;
      call.handed ||= attempt.handedToSocket;
      const ms = Math.round(this.options.timers.nowMs() - attempt.startedAtMs);
      call.told.push({ node: attempt.pool.endpoint.address, code, ms });
    }
    this.fail(call, code, message);
    if (state.kind === "sending") state.attempt.abandon();
  }

  private settle(call: PendingCall, result: Result): void {
    call.state = { kind: "settled" };
    this.pending.delete(call);
    call.settle(result);
  }

  /** Lets a removed node's requests end, for a while. */
  private async retire(pool: NodePool): Promise<void> {
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
  }
}

/**
 * A call on its way:
 *
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

class PendingCall {
  state: CallState = { kind: "waiting" };
  history: History = noHistory;
  tried: number[] = [];
  readonly told: Attempt[] = [];
  /** Bytes of some attempt may have been written. */
  handed = false;

  constructor(
    readonly call: Call,
    readonly settle: (result: Result) => void,
  ) {}

  get isWaiting(): boolean {
    return this.state.kind === "waiting";
  }
}

/**
 * One attempt, as undici's handler. It speaks the older of undici's two handler forms on purpose: there the headers stay
 * bytes until somebody asks for them, which most callers never do.
 */
class AttemptHandler implements NodeHandler {
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

  constructor(
    readonly pool: NodePool,
    readonly startedAtMs: number,
    private readonly finished: (attempt: AttemptHandler) => void,
  ) {}

  /** Nobody waits for it any more: ends it now, or before its first byte is written. */
  abandon(): void {
    this.abandoned = true;
    this.abort?.(new AbandonedAttempt());
  }

  onConnect(abort: (error?: Error) => void): void {
    if (this.abandoned) return abort(new AbandonedAttempt());
    this.abort = abort;
    this.handedToSocket = true;
    this.reusedSocket = this.connection?.begin() ?? false;
  }

  onResponseStarted(): void {
    this.firstByteSeen = true;
  }

  onHeaders(status: number, rawHeaders: Buffer[]): boolean {
    this.firstByteSeen = true;
    this.status = status;
    this.rawHeaders = rawHeaders;
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.chunks.push(chunk);
    return true;
  }

  onComplete(): void {
    this.finished(this);
  }

  onError(error: Error): void {
    this.error = error;
    this.finished(this);
  }
}

class AbandonedAttempt extends Error {
  override readonly name = "AbortError";
  readonly code = "ABORT_ERR";
  constructor() {
    super("nobody waits for this attempt any more");
  }
}

function isRetriable(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
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
