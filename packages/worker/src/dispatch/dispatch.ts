import type { Signer } from "@rollcall/coordinator/cluster";
import { failureMessage, type History, type Outcome, sentOf, uncountedBytes } from "@rollcall/core/request";
import type { AnswerFlow } from "./answer-flow.js";
import { AttemptHandler, type AttemptOwner } from "./attempt.js";
import { AttemptRecord } from "./attempt-record.js";
import { BackingOff } from "./backing-off.js";
import { isBodySource, type SentBody, streamOf } from "./body-source.js";
import { CredentialWaits } from "./credential-waits.js";
import { withMissing } from "./header-list.js";
import { namedSentence } from "./named-failure.js";
import { NamedRequests, type NamedRequestsOwner } from "./named-requests.js";
import { NodeChoice, type NodeChoiceOptions, noneSelected } from "./node-choice.js";
import type { ConnectionSettings, NodePool } from "./node-pool.js";
import { NodePools } from "./node-pools.js";
import { BodyPacking } from "./packed-body.js";
import { DispatchedRequest } from "./pending-request.js";
import { sendWithoutRepeated } from "./repeated-headers.js";
import { RequestQueue } from "./request-queue.js";
import { ReroutePlanner } from "./reroute.js";
import type { RerouteOrder } from "./reroute-order.js";
import { isFinal, RetryChoice, type RetryChoiceOptions } from "./retry-choice.js";
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
import { Signing, type SigningOwner } from "./signing.js";
import type { Target } from "./target.js";
import { UnreadableContent } from "./unreadable-content.js";
import { UnsettledRequests } from "./unsettled-requests.js";

export interface DispatchOptions extends NodeChoiceOptions, RetryChoiceOptions {
  readonly settings: ConnectionSettings;
  /** How far this thread's large answers may come in. */
  readonly answers: AnswerFlow;
  /** Signs each attempt; undefined: none is signed. */
  readonly signer?: Signer | undefined;
  readonly queueMax: number;
  /** How long requests at a removed node may still take. */
  readonly drainMs: number;
  readonly observer: DispatchObserver;
  /** This thread's clock for how long something took: it stands still while the thread does not run. */
  readonly ranMs: (nowMs: number) => number;
  /** For dates in `Retry-After` and of certificates. */
  readonly wallNowMs: () => number;
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
 * A request waits here in three places, each bounded: in the queue for a connection, in `backing-off` for the time of
 * its next attempt, and in `renewing` for another credential. Its states are drawn in pending-request.ts.
 */
export class Dispatch implements Sender {
  readonly isUp = true;
  private readonly pools: NodePools<AttemptHandler>;
  private readonly choice: NodeChoice;
  private readonly record: AttemptRecord;
  private readonly reroutes: ReroutePlanner;
  private readonly queue: RequestQueue<DispatchedRequest<AttemptHandler>>;
  private readonly named: NamedRequests;
  private readonly retries: RetryChoice;
  private readonly unsettled = new UnsettledRequests();
  private readonly backingOff: BackingOff;
  private readonly packing: BodyPacking;
  private readonly signing?: Signing;
  private readonly credentials: CredentialWaits;
  private destroyed = false;
  private pumping = false;

  constructor(private readonly options: DispatchOptions) {
    const { reader, observer, timers, random, queueMax, settings } = options;
    this.pools = new NodePools({ ...options, released: (slot) => observer.released(slot) });
    this.choice = new NodeChoice(options, this.pools);
    this.record = new AttemptRecord(options);
    this.reroutes = new ReroutePlanner(reader, this.pools, random);
    this.queue = new RequestQueue(queueMax);
    this.named = new NamedRequests(this.choice, this.ofNamed);
    const waitingMax = Math.max(queueMax, settings.perNode);
    if (options.signer !== undefined) this.signing = new Signing(options.signer, reader, timers, this.ofSigning);
    this.backingOff = new BackingOff(timers, waitingMax);
    this.packing = new BodyPacking(settings.packsAboveBytes, waitingMax);
    this.credentials = new CredentialWaits({
      ...{ observer, max: waitingMax },
      hasAnother: (attempt) => this.hasAnotherCredential(attempt),
      sendAgain: (attempt) => this.sendRenewed(attempt),
      answer: (attempt) => this.unsettled.answer(attempt),
    });
    this.retries = new RetryChoice(options, this.reroutes, timers.nowMs());
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
    this.unsettled.add(request);
    this.retries.countRequest(this.options.timers.nowMs());
    if (this.packing.wants(prepared)) this.pack(request);
    else this.admit(request);
    return request;
  }

  pump(): void {
    // An attempt that fails as it begins calls this again. The outer loop goes on then: recursion would fill the stack.
    if (this.destroyed || this.pumping) return;
    this.pumping = true;
    try {
      this.named.pump();
      for (let request = this.queue.first(); request !== undefined; request = this.queue.first()) {
        const pool = this.choice.next(request);
        if (pool === undefined && !this.options.reader.isBarred) return;
        this.queue.shift();
        this.endWait(request);
        if (pool === undefined) this.failBarred(request);
        else this.attempt(request, pool);
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
    if (this.waiting > 0) this.pump();
  }

  /** Has no effect on a request that is settled. An answer that streams is broken. */
  cancel(request: DispatchedRequest<AttemptHandler>, code: CancelCode, message: string): void {
    const { state } = request;
    if (state.kind === "settled") return;
    if (state.kind === "streaming") return this.unsettled.breakStream(request, state.attempt, code, message);
    if (state.kind === "backing-off" || state.kind === "renewing") state.cancel();
    if (state.kind === "sending") {
      const nowMs = this.options.timers.nowMs();
      noteGivenUp(state.attempt, code, nowMs);
      this.record.cancelled(state.attempt, code, nowMs);
    }
    this.unsettled.fail(request, code, message, sentOf(request.history));
    if (state.kind === "queued") {
      this.endWait(request);
      const { node } = request.prepared.settings ?? {};
      if (node === undefined) this.queue.countLeft();
      else this.named.countLeft(node);
    }
    if (state.kind === "sending") state.attempt.abandon();
    if (state.kind === "signing") {
      state.leave();
      if (this.waiting > 0) this.pump();
    }
  }

  stats(): SenderStats {
    return { queued: this.waiting };
  }

  /** To be called every `beatMs`: shows main what is left of the retry budget. */
  beat(): void {
    const { reader, timers } = this.options;
    reader.show("retriesLeft", this.retries.budgetLeft(timers.nowMs()));
  }

  async destroy(): Promise<void> {
    // First: a connection that becomes free below must not begin a request that is about to be cancelled.
    this.destroyed = true;
    for (const request of this.unsettled.all()) {
      this.cancel(request, "CLOSED", "the pool was closed before the answer came");
    }
    await this.pools.destroy();
  }

  /** Once for all attempts of the request. */
  private pack(request: DispatchedRequest<AttemptHandler>): void {
    request.state = { kind: "packing" };
    this.packing.pack(request.prepared, (packed) => {
      if (request.state.kind !== "packing") return;
      request.packed = packed;
      request.state = { kind: "queued" };
      this.admit(request);
    });
  }

  private admit(request: DispatchedRequest<AttemptHandler>): void {
    if (this.destroyed) return this.unsettled.fail(request, "CLOSED", "the pool is closed", sentOf(request.history));
    const { node } = request.prepared.settings ?? {};
    if (node !== undefined) return this.named.admit(request, node);
    // Queued requests go first.
    if (this.queue.length === 0) {
      const pool = this.choice.next(request);
      if (pool !== undefined) return this.attempt(request, pool);
      if (this.options.reader.isBarred) return this.failBarred(request);
    }
    if (this.beginWait(request)) this.queue.push(request);
  }

  /** How many requests wait for a connection. */
  private get waiting(): number {
    return this.queue.length + this.named.length;
  }

  /** False: as many requests wait as may, so this one has failed. */
  private beginWait(request: DispatchedRequest<AttemptHandler>): boolean {
    const { waiting } = this;
    request.queuedAtMs = this.options.timers.nowMs();
    if (waiting < this.options.queueMax) return true;
    const message = `${waiting} requests are waiting for a connection already`;
    this.unsettled.fail(request, "QUEUE_FULL", message, sentOf(request.history));
    return false;
  }

  private waitAgain(request: DispatchedRequest<AttemptHandler>): void {
    request.state = { kind: "queued" };
    request.queuedAtMs = this.options.timers.nowMs();
  }

  /** The next attempt of a request that was admitted before: it goes to the head of the queue, whatever the bound. */
  private sendAgain(request: DispatchedRequest<AttemptHandler>): void {
    const { node } = request.prepared.settings ?? {};
    if (node !== undefined) return this.named.sendAgain(request, node);
    const pool = this.choice.next(request);
    if (pool !== undefined) return this.attempt(request, pool);
    if (this.options.reader.isBarred) return this.failBarred(request);
    this.waitAgain(request);
    this.queue.pushFirst(request);
  }

  private failBarred(request: DispatchedRequest<AttemptHandler>): void {
    this.unsettled.fail(request, "NO_NODE", noneSelected, sentOf(request.history));
  }

  private endWait({ queuedAtMs, prepared }: DispatchedRequest<AttemptHandler>): void {
    const { reader, timers } = this.options;
    reader.countWait(timers.nowMs() - queuedAtMs);
    if (prepared.class !== "read") reader.countWriteWait();
  }

  private attempt(request: DispatchedRequest<AttemptHandler>, pool: NodePool<AttemptHandler>): void {
    const { headers, body } = request.packed ?? request.prepared;
    const whole = withMissing(headers, pool.headers);
    if (this.signing === undefined) this.send(request, pool, whole, body);
    else this.signing.begin(request, pool, whole, body);
  }

  private send(
    request: DispatchedRequest<AttemptHandler>,
    pool: NodePool<AttemptHandler>,
    headers: readonly string[],
    body: SentBody,
  ): void {
    const nowMs = this.options.timers.nowMs();
    const attempt = new AttemptHandler(request, pool, nowMs, this.options.ranMs(nowMs), this.attempts);
    this.record.begun(attempt);
    request.state = { kind: "sending", attempt };
    const { method, path } = request.prepared;
    const options = {
      method,
      path: pool.endpoint.pathPrefix + path,
      headers: headers as string[],
      body: isBodySource(body) ? streamOf(body, attempt) : (body ?? null),
      // Left to itself, undici closes the connection after every HEAD, and every GET with a body.
      reset: false,
    };
    if (request.context === undefined) pool.send(options, attempt);
    else request.context(() => sendWithoutRepeated(options.headers, () => pool.send(options, attempt)));
  }

  private readonly ofNamed: NamedRequestsOwner = {
    attempt: (request, pool) => this.attempt(request, pool),
    beginWait: (request) => this.beginWait(request),
    waitAgain: (request) => this.waitAgain(request),
    endWait: (request) => this.endWait(request),
    refuse: (request, problem) => this.unsettled.fail(request, "NO_NODE", problem, sentOf(request.history)),
  };

  private readonly ofSigning: SigningOwner = {
    send: (request, pool, { headers, body }) => this.send(request, pool, headers, body),
    sendAgain: (request) => this.sendAgain(request),
    failed: (request, problem) => this.unsettled.fail(request, "SIGN", problem, sentOf(request.history)),
    freed: () => {
      if (this.waiting > 0) this.pump();
    },
  };

  private readonly attempts: AttemptOwner = {
    received: (attempt) => this.record.received(attempt, this.options.timers.nowMs()),
    grew: (attempt, addedBytes) => this.options.answers.grew(attempt, addedBytes),
    headersCame: (attempt) => {
      const nowMs = this.options.timers.nowMs();
      const outcome = this.record.headersCame(attempt, nowMs);
      // It is collected, for it may not be the answer.
      if (this.credentials.mayTake(attempt)) return;
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
      else if (attempt.stream !== undefined) this.unsettled.streamEnded(attempt, attempt.stream, outcome);
      // After that: what the answer leaves for may hold its bytes on.
      if (attempt.byteLength > uncountedBytes) this.options.answers.ended(attempt);
      if (this.waiting > 0) this.pump();
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
    this.options.reader.countReroute();
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
    if (outcome.kind === "answered" && this.credentials.take(attempt)) return;
    if (outcome.kind === "answered" && isFinal(outcome.status, request)) return this.unsettled.answer(attempt);

    const step = this.retries.next(attempt, outcome, nowMs);
    if (step.next === "return") return this.unsettled.answer(attempt);
    if (step.next === "retry") return this.retry(attempt, step.afterMs, step.history);
    const { error } = attempt;
    const isOurs = error instanceof UnreadableContent;
    const ownSentence = isOurs ? error.message : namedSentence(step.code, request.prepared.settings);
    const message = failureMessage(step.code, request.attempts, ownSentence);
    this.unsettled.fail(request, step.code, message, step.sent, error);
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
      if (error === undefined) return this.unsettled.answer(attempt);
      const message = `${this.backingOff.size} requests are waiting for another attempt already`;
      return this.unsettled.fail(request, "QUEUE_FULL", message, sentOf(history), error);
    }
    reader.countRetry();
    if (request.prepared.class !== "read") reader.countWriteWait();
    const cancel = this.backingOff.wait(afterMs, () => {
      this.sendAgain(request);
      if (this.waiting > 0) this.pump();
    });
    request.state = { kind: "backing-off", cancel };
  }

  private hasAnotherCredential({ pool: { slot }, generation, endpoint }: AttemptHandler): boolean {
    this.choice.catchUp();
    const now = this.pools.get(slot);
    return now?.generation === generation && now.endpoint.headers.authorization !== endpoint.headers.authorization;
  }

  /** Sends the request of a refused attempt once more: not from the retry budget, for nothing was applied. */
  private sendRenewed({ request, pool: { slot } }: AttemptHandler): void {
    request.isRenewed = true;
    this.options.reader.countRetry();
    const same = this.choice.among([slot], this.options.timers.nowMs());
    if (same === undefined) this.sendAgain(request);
    else this.attempt(request, same);
  }

  /** An answer that went to no caller: what is left of it comes and goes, within bounds. */
  private drain(attempt: AttemptHandler): void {
    attempt.drain(drainedMaxBytes);
    this.options.timers.after(drainedMaxMs, () => attempt.abandon());
  }
}

function noteGivenUp(
  { request, pool, startedAtMs, handedToSocket }: AttemptHandler,
  code: string,
  nowMs: number,
): void {
  request.noteGivenUp(pool.endpoint.address, code, nowMs - startedAtMs, handedToSocket);
}
