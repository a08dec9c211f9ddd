import type { RollcallErrorCode, Sent } from "@rollcall/core";
import {
  decide,
  failureMessage,
  type History,
  isTransientRefusal,
  type Outcome,
  RetryBudget,
  sentOf,
  uncountedBytes,
} from "@rollcall/core/request";
import type { AnswerFlow } from "./answer-flow.js";
import type { AnswerStream } from "./answer-stream.js";
import { AttemptHandler, type AttemptOwner } from "./attempt.js";
import { AttemptRecord } from "./attempt-record.js";
import { BackingOff } from "./backing-off.js";
import { isBodySource, streamOf } from "./body-source.js";
import { NodeChoice, type NodeChoiceOptions } from "./node-choice.js";
import { type ConnectionSettings, mergeHeaders, type NodePool } from "./node-pool.js";
import { NodePools } from "./node-pools.js";
import { DispatchedRequest } from "./pending-request.js";
import { RequestQueue } from "./request-queue.js";
import { ReroutePlanner } from "./reroute.js";
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
  StreamingAnswer,
} from "./sender.js";
import { SwapRemoveList } from "./swap-remove-list.js";
import type { Target } from "./target.js";

export interface DispatchOptions extends NodeChoiceOptions {
  readonly settings: ConnectionSettings;
  /** How far this thread's large answers may come in. */
  readonly answers: AnswerFlow;
  readonly queueMax: number;
  readonly noNodeWaitMs: number;
  /** How long requests at a removed node may still take. */
  readonly drainMs: number;
  readonly observer: DispatchObserver;
  /** This thread's clock for how long something took: it stands still while the thread does not run. */
  readonly ranMs: (nowMs: number) => number;
  /** For dates in `Retry-After` and of certificates. */
  readonly wallNowMs: () => number;
  /** This thread's share of the process's retry budget, default 1. */
  readonly budgetShare?: number;
}

/** So much of an answer that is not wanted is read, for so long at most, to keep its connection. */
const drainedMaxBytes = 65_536;
const drainedMaxMs = 1_000;

/** The code that an error or answer shows for an attempt that was rerouted. */
const reroutedCode = "REROUTED";

/**
 * Sends requests to nodes: pick, send, judge; then return, retry or fail. One for each thread that sends. It sets no
 * timer over a request: the owner cancels.
 *
 * A request waits here in two places, both bounded: in the queue for a connection, and in `backing-off` for the time of
 * its next attempt. Its states are drawn in pending-request.ts.
 */
export class Dispatch implements Sender {
  readonly isUp = true;
  private readonly pools: NodePools<AttemptHandler>;
  private readonly choice: NodeChoice;
  private readonly record: AttemptRecord;
  private readonly reroutes: ReroutePlanner;
  private readonly queue: RequestQueue<DispatchedRequest<AttemptHandler>>;
  private readonly budget: RetryBudget;
  /** Requests not settled yet. */
  private readonly pending = new SwapRemoveList<DispatchedRequest<AttemptHandler>>();
  private readonly backingOff: BackingOff;
  private destroyed = false;
  private pumping = false;

  constructor(private readonly options: DispatchOptions) {
    const { reader, observer, timers, random, queueMax, settings } = options;
    this.pools = new NodePools({ ...options, released: (slot) => observer.released(slot) });
    this.choice = new NodeChoice(options, this.pools);
    this.record = new AttemptRecord(options);
    this.reroutes = new ReroutePlanner(reader, this.pools, random);
    this.queue = new RequestQueue(queueMax);
    this.backingOff = new BackingOff(timers, Math.max(queueMax, settings.perNode));
    this.budget = new RetryBudget(timers.nowMs(), options.budgetShare);
  }

  apply(targets: readonly Target[]): void {
    if (this.destroyed) return;
    this.pools.apply(targets);
    this.pump();
  }

  start(
    prepared: PreparedRequest,
    settle: (result: Result) => void,
    claim?: Claim,
    streaming?: (answer: StreamingAnswer) => void,
  ): PendingRequest {
    const request = new DispatchedRequest<AttemptHandler>(prepared, claim, this, settle, streaming);
    this.pending.add(request);
    this.budget.countRequest(this.options.timers.nowMs());
    this.admit(request);
    return request;
  }

  pump(): void {
    // An attempt that fails as it begins calls this again. The outer loop goes on then: recursion would fill the stack.
    if (this.destroyed || this.pumping) return;
    this.pumping = true;
    try {
      for (let request = this.queue.first(); request !== undefined; request = this.queue.first()) {
        const pool = this.choice.next(request);
        if (pool === undefined) return;
        this.queue.shift();
        this.attempt(request, pool);
      }
    } finally {
      this.pumping = false;
    }
  }

  reroute(order: RerouteOrder): void {
    if (this.destroyed) return;
    this.choice.catchUp();
    const nowMs = this.options.timers.nowMs();
    const { reroutes, probe } = this.reroutes.plan(order, nowMs);
    for (const { attempt, targets } of reroutes) this.rerouteOne(attempt, targets, nowMs);
    for (const slot of probe) this.options.observer.probeWanted(slot);
    if (this.queue.length > 0) this.pump();
  }

  /** Has no effect on a request that is settled. An answer that streams is broken. */
  cancel(request: DispatchedRequest<AttemptHandler>, code: CancelCode, message: string): void {
    const { state } = request;
    if (state.kind === "settled") return;
    if (state.kind === "streaming") return this.breakStream(request, state.attempt, code, message);
    if (state.kind === "backing-off") state.cancel();
    if (state.kind === "sending") {
      const nowMs = this.options.timers.nowMs();
      noteGivenUp(state.attempt, code, nowMs);
      this.record.cancelled(state.attempt, code, nowMs);
    }
    this.fail(request, code, message, sentOf(request.history));
    if (state.kind === "queued") this.queue.countLeft();
    if (state.kind === "sending") state.attempt.abandon();
  }

  stats(): SenderStats {
    return { queued: this.queue.length };
  }

  async destroy(): Promise<void> {
    // First: a connection that becomes free below must not begin a request that is about to be cancelled.
    this.destroyed = true;
    for (const request of this.pending.toArray()) {
      this.cancel(request, "CLOSED", "the pool was closed before the answer came");
    }
    await this.pools.destroy();
  }

  private admit(request: DispatchedRequest<AttemptHandler>): void {
    if (this.destroyed) return this.fail(request, "CLOSED", "the pool is closed", sentOf(request.history));
    // Queued requests go first.
    if (this.queue.length === 0) {
      const pool = this.choice.next(request);
      if (pool !== undefined) return this.attempt(request, pool);
    }
    if (this.queue.push(request)) return;
    const message = `${this.queue.length} requests are waiting for a connection already`;
    this.fail(request, "QUEUE_FULL", message, sentOf(request.history));
  }

  /** The next attempt of a request that was admitted before: it goes to the head of the queue, whatever the bound. */
  private sendAgain(request: DispatchedRequest<AttemptHandler>): void {
    const pool = this.choice.next(request);
    if (pool === undefined) {
      request.state = { kind: "queued" };
      this.queue.pushFirst(request);
    } else this.attempt(request, pool);
  }

  private attempt(request: DispatchedRequest<AttemptHandler>, pool: NodePool<AttemptHandler>): void {
    const nowMs = this.options.timers.nowMs();
    const attempt = new AttemptHandler(request, pool, nowMs, this.options.ranMs(nowMs), this.attempts);
    this.record.begun(attempt);
    request.state = { kind: "sending", attempt };
    const { method, path, headers, body } = request.prepared;
    pool.send(
      {
        method,
        path: pool.endpoint.pathPrefix + path,
        headers: mergeHeaders(pool.headers, headers),
        body: isBodySource(body) ? streamOf(body, attempt) : (body ?? null),
        // Left to itself, undici closes the connection after every HEAD, and every GET with a body.
        reset: false,
      },
      attempt,
    );
  }

  private readonly attempts: AttemptOwner = {
    received: (attempt) => this.record.received(attempt, this.options.timers.nowMs()),
    grew: (attempt, addedBytes) => this.options.answers.grew(attempt, addedBytes),
    headersCame: (attempt) => {
      const nowMs = this.options.timers.nowMs();
      const outcome = this.record.headersCame(attempt, nowMs);
      // From here on nothing else decides about its request.
      attempt.isWanted = false;
      this.conclude(attempt, outcome, nowMs);
      if (attempt.stream === undefined) this.drain(attempt);
    },
    held: (attempt, isHeld) => this.record.held(attempt, isHeld, this.options.timers.nowMs()),
    finished: (attempt) => {
      const nowMs = this.options.timers.nowMs();
      const outcome = this.record.ended(attempt, nowMs);
      if (attempt.isWanted) this.conclude(attempt, outcome, nowMs);
      else if (attempt.stream !== undefined) this.streamEnded(attempt, attempt.stream, outcome);
      // After that: what the answer leaves for may hold its bytes on.
      if (attempt.byteLength > uncountedBytes) this.options.answers.ended(attempt);
      if (this.queue.length > 0) this.pump();
    },
  };

  /** Gives an attempt up and sends its request to one of these slots, if one has room. */
  private rerouteOne(attempt: AttemptHandler, targets: readonly number[], nowMs: number): void {
    const { request, pool } = attempt;
    const next = this.choice.among(targets, nowMs);
    if (next === undefined) return;
    noteGivenUp(attempt, reroutedCode, nowMs);
    request.rerouted = true;
    request.noteTried(pool.slot);
    this.record.gaveUpWaiting(attempt, nowMs);
    // Before the next begins: from here on this attempt decides nothing.
    attempt.isWanted = false;
    this.attempt(request, next);
    attempt.abandon();
  }

  private conclude(attempt: AttemptHandler, outcome: Outcome, nowMs: number): void {
    const { request, pool } = attempt;
    const code = outcome.kind === "answered" ? String(outcome.status) : outcome.errorCode;
    request.note(pool.endpoint.address, code, nowMs - attempt.startedAtMs);
    request.noteTried(pool.slot);
    if (outcome.kind === "answered" && isFinal(outcome.status, request)) return this.answer(attempt);

    const { reader, noNodeWaitMs, random } = this.options;
    reader.refresh();
    const untriedNodes = reader.untried(request.tried);
    const { body, maxRetries, deadlineMs } = request.prepared;
    // What has been read of a source cannot be sent again.
    const requestClass = isBodySource(body) && body.hasBegun ? "never" : request.prepared.class;
    const decision = decide(
      { class: requestClass, maxRetries, deadlineMs, noNodeWaitMs },
      request.history,
      { outcome, startedAtMs: attempt.startedAtMs, untriedNodes },
      nowMs,
      this.budget,
      random,
    );
    if (decision.next === "return") return this.answer(attempt);
    if (decision.next === "fail") {
      const message = failureMessage(decision.code, request.attempts);
      return this.fail(request, decision.code, message, decision.sent, attempt.error);
    }
    if (decision.next === "move") {
      const turnMs = this.reroutes.moveAfterMs(request.tried, untriedNodes, nowMs);
      // A turn that would come too late is brought forward.
      return this.retry(attempt, Math.min(turnMs, (deadlineMs - nowMs) / 2), decision.history);
    }
    // A new round: every node may be tried again.
    if (untriedNodes === 0) request.tried = [];
    this.retry(attempt, decision.afterMs, decision.history);
  }

  private retry(attempt: AttemptHandler, afterMs: number, history: History): void {
    const { request, error } = attempt;
    const { reader } = this.options;
    request.history = history;
    if (afterMs === 0) {
      reader.countRetry();
      return this.sendAgain(request);
    }
    // Without room to wait, this attempt was the last.
    if (this.backingOff.isFull) {
      if (error === undefined) return this.answer(attempt);
      const message = `${this.backingOff.size} requests are waiting for another attempt already`;
      return this.fail(request, "QUEUE_FULL", message, sentOf(history), error);
    }
    reader.countRetry();
    const cancel = this.backingOff.wait(afterMs, () => {
      this.sendAgain(request);
      if (this.queue.length > 0) this.pump();
    });
    request.state = { kind: "backing-off", cancel };
  }

  private answer(attempt: AttemptHandler): void {
    const { request, status, rawHeaders, body, pool } = attempt;
    const { attempts } = request;
    if (request.prepared.answerWindowBytes > 0) return this.stream(attempt);
    const { address: node, origin, pathPrefix } = pool.endpoint;
    const nodeUrl = origin + pathPrefix;
    this.settle(request, { kind: "answered", status, rawHeaders, body, node, nodeUrl, attempts });
  }

  /** The request stays pending until the body has ended. */
  private stream(attempt: AttemptHandler): void {
    const { request, status, rawHeaders, pool } = attempt;
    request.state = { kind: "streaming", attempt };
    const source = attempt.openStream();
    const { attempts, prepared } = request;
    const windowBytes = prepared.answerWindowBytes;
    const { address: node, origin, pathPrefix } = pool.endpoint;
    request.stream({ status, rawHeaders, node, nodeUrl: origin + pathPrefix, attempts, windowBytes, source });
  }

  private streamEnded({ request, error }: AttemptHandler, stream: AnswerStream, outcome: Outcome): void {
    if (request.state.kind !== "streaming") return;
    this.endPending(request);
    if (outcome.kind === "answered") return stream.end();
    const isBad = outcome.kind === "bad-response";
    const code = isBad ? "BAD_RESPONSE" : "DISCONNECTED";
    const { receivedBytes } = stream;
    const what = isBad ? "the answer is cut short, too large or not HTTP" : "the connection was lost";
    const message = `${what}, after ${receivedBytes} bytes of its body`;
    const broken = { code, message, sent: "maybe", attempts: request.attempts, receivedBytes } as const;
    stream.broken(error === undefined ? broken : { ...broken, cause: error.message });
  }

  private breakStream(
    request: DispatchedRequest<AttemptHandler>,
    attempt: AttemptHandler,
    code: CancelCode,
    message: string,
  ): void {
    this.endPending(request);
    const { attempts } = request;
    const receivedBytes = attempt.stream?.receivedBytes ?? 0;
    attempt.stream?.broken({ code, message, sent: "maybe", attempts, receivedBytes });
    attempt.abandon();
  }

  /** An answer that went to no caller: what is left of it comes and goes, within bounds. */
  private drain(attempt: AttemptHandler): void {
    attempt.drain(drainedMaxBytes);
    this.options.timers.after(drainedMaxMs, () => attempt.abandon());
  }

  private fail(
    request: DispatchedRequest<AttemptHandler>,
    code: RollcallErrorCode,
    message: string,
    sent: Sent,
    cause?: Error,
  ): void {
    const { attempts } = request;
    const error = { code, message, sent, attempts };
    this.settle(request, { kind: "failed", error: cause === undefined ? error : { ...error, cause: cause.message } });
  }

  private settle(request: DispatchedRequest<AttemptHandler>, result: Result): void {
    this.endPending(request);
    request.settle(result);
  }

  private endPending(request: DispatchedRequest<AttemptHandler>): void {
    request.state = { kind: "settled" };
    this.pending.remove(request);
  }
}

/** The status is the answer, whatever it says. */
function isFinal(status: number, { prepared }: DispatchedRequest<AttemptHandler>): boolean {
  return !isTransientRefusal(status) || prepared.settings?.finalStatuses?.includes(status) === true;
}

function noteGivenUp(
  { request, pool, startedAtMs, handedToSocket }: AttemptHandler,
  code: string,
  nowMs: number,
): void {
  request.noteGivenUp(pool.endpoint.address, code, nowMs - startedAtMs, handedToSocket);
}
