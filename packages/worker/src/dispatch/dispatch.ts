import type { Signer } from "@rollcall/coordinator/cluster";
import type { Steps } from "@rollcall/core";
import { failureMessage, sentOf } from "@rollcall/core/request";
import { Admission, type AdmissionOwner } from "./admission.js";
import type { AnswerFlow } from "./answer-flow.js";
import type { AttemptHandler } from "./attempt.js";
import { AttemptRecord } from "./attempt-record.js";
import { AttemptReports } from "./attempt-reports.js";
import { AttemptStarts } from "./attempt-starts.js";
import { BackingOff } from "./backing-off.js";
import type { SentBody } from "./body-source.js";
import { Conclusions } from "./conclusions.js";
import { CredentialWaits } from "./credential-waits.js";
import { Hedges, type HedgesOptions } from "./hedges.js";
import { NodeChoice, type NodeChoiceOptions } from "./node-choice.js";
import type { ConnectionSettings, NodePool } from "./node-pool.js";
import { NodePools } from "./node-pools.js";
import { BodyPacking } from "./packed-body.js";
import { DispatchedRequest, queued } from "./pending-request.js";
import { ReroutePlanner } from "./reroute.js";
import type { RerouteOrder } from "./reroute-order.js";
import { RetryChoice, type RetryChoiceOptions } from "./retry-choice.js";
import type {
  CancelCode,
  Claim,
  DispatchObserver,
  PendingRequest,
  PreparedRequest,
  RequestOwner,
  Sender,
  SenderStats,
} from "./sender.js";
import { Signing, type SigningOwner } from "./signing.js";
import type { Target } from "./target.js";
import { ThreadLoad } from "./thread-load.js";
import { UnsettledRequests } from "./unsettled-requests.js";

export interface DispatchOptions extends NodeChoiceOptions, RetryChoiceOptions {
  readonly settings: ConnectionSettings;
  /** How far this thread's large answers may come in. */
  readonly answers: AnswerFlow;
  /** Signs each attempt; undefined: none is signed. */
  readonly signer?: Signer | undefined;
  readonly queueMax: number;
  /** The pool's `timeoutMs`, by which an adaptive queue measures. Undefined: the queue is not adaptive. */
  readonly adaptiveTimeoutMs?: number | undefined;
  /** The part of the answers' time that lost hedges may cost; undefined: no Read is hedged. */
  readonly hedgeExtraWork?: number | undefined;
  /** As of {@link HedgesOptions}. */
  readonly hedgeDelay: HedgesOptions["hedgeDelay"];
  /** How long requests at a removed node may still take. */
  readonly drainMs: number;
  readonly observer: DispatchObserver;
  /** This thread's clock for how long something took: it stands still while the thread does not run. */
  readonly ranMs: (nowMs: number) => number;
  /** For dates in `Retry-After` and of certificates. */
  readonly wallNowMs: () => number;
}

/** The code that an error or answer shows for an attempt that was rerouted. */
const reroutedCode = "REROUTED";

/**
 * Sends requests to nodes: pick, send, judge; then return, retry or fail. One for each thread that sends. It sets no
 * timer over a request: the owner cancels.
 *
 * A request waits here in three places, each bounded: in the queue for a connection (admission.ts), in `backing-off` for
 * the time of its next attempt (conclusions.ts), and in `renewing` for another credential (credential-waits.ts). Its
 * states are drawn in pending-request.ts.
 */
export class Dispatch implements Sender, AdmissionOwner {
  readonly isUp = true;
  private readonly pools: NodePools<AttemptHandler>;
  private readonly choice: NodeChoice;
  private readonly record: AttemptRecord;
  private readonly starts: AttemptStarts;
  private readonly reroutes: ReroutePlanner;
  private readonly retries: RetryChoice;
  private readonly unsettled = new UnsettledRequests();
  private readonly load: ThreadLoad;
  private readonly admission: Admission;
  private readonly packing: BodyPacking;
  private readonly signing?: Signing;
  private readonly credentials: CredentialWaits;
  private readonly hedges?: Hedges;

  constructor(private readonly options: DispatchOptions) {
    const { reader, observer, timers, random, queueMax, settings } = options;
    this.pools = new NodePools({ ...options, released: (slot) => observer.released(slot) });
    this.choice = new NodeChoice(options, this.pools);
    this.load = new ThreadLoad({ ...options, perNode: settings.perNode });
    this.record = new AttemptRecord(options, this.load);
    this.reroutes = new ReroutePlanner(reader, this.pools, random);
    this.admission = new Admission(options, this.choice, this.load, this.unsettled, this);
    const waitingMax = Math.max(queueMax, settings.perNode);
    if (options.signer !== undefined) this.signing = new Signing(options.signer, reader, timers, this.ofSigning);
    this.packing = new BodyPacking(settings.packsAboveBytes, waitingMax);
    this.credentials = new CredentialWaits({
      ...{ observer, max: waitingMax },
      hasAnother: (attempt) => this.hasAnotherCredential(attempt),
      sendAgain: (attempt) => this.sendRenewed(attempt),
      answer: (attempt) => this.unsettled.answer(attempt),
    });
    this.retries = new RetryChoice(options, this.reroutes, timers.nowMs());
    const { hedgeExtraWork: extraWork } = options;
    if (extraWork !== undefined) {
      const { record } = this;
      const catchUp = () => this.choice.catchUp(timers.nowMs());
      this.hedges = new Hedges({ ...options, extraWork, record, catchUp, send: this.sendHedge });
    }
    const { record, load, retries, credentials, unsettled, admission, hedges } = this;
    const backingOff = new BackingOff(timers, waitingMax);
    const conclusions = new Conclusions(reader, { retries, credentials, backingOff, unsettled, admission });
    const { answers } = options;
    const ofReports = { timers, answers, record, load, credentials, unsettled, conclusions, admission, hedges };
    this.starts = new AttemptStarts(options, record, new AttemptReports(ofReports));
  }

  prepare(targets: readonly Target[]): Steps<void> {
    return this.pools.prepare(targets);
  }

  apply(targets: readonly Target[]): void {
    if (this.admission.isClosed) return;
    this.pools.apply(targets);
    this.admission.pump();
  }

  start(prepared: PreparedRequest, owner: RequestOwner, claim?: Claim): PendingRequest {
    const request = new DispatchedRequest<AttemptHandler>(prepared, claim, this, owner);
    // Read once for all that follows: a reading costs as much as the choice of a node.
    const nowMs = this.options.timers.nowMs();
    this.unsettled.add(request);
    this.retries.countRequest(nowMs);
    if (this.packing.wants(prepared)) this.pack(request);
    else this.admission.admit(request, nowMs);
    return request;
  }

  pump(): void {
    this.admission.pump();
  }

  reroute(order: RerouteOrder): void {
    if (this.admission.isClosed) return;
    const nowMs = this.options.timers.nowMs();
    this.choice.catchUp(nowMs);
    const { reroutes, probe } = this.reroutes.plan(order, nowMs);
    for (const { attempt, targets } of reroutes) this.rerouteOne(attempt, targets, nowMs);
    for (const slot of probe) this.options.observer.probeWanted(slot);
    this.admission.pumpWaiting();
  }

  /** Has no effect on a request that is settled. An answer that streams is broken. */
  cancel(request: DispatchedRequest<AttemptHandler>, code: CancelCode, message: string): void {
    const { state } = request;
    if (state.kind === "settled") return;
    if (state.kind === "streaming") return this.unsettled.breakStream(request, state.attempt, code, message);
    if (state.kind === "backing-off" || state.kind === "renewing") state.cancel();
    if (state.kind === "sending") {
      const nowMs = this.options.timers.nowMs();
      this.hedges?.left(state.attempt, nowMs);
      request.noteGivenUp(state.attempt, code, nowMs);
      this.record.cancelled(state.attempt, code, nowMs);
    }
    this.unsettled.fail(request, code, message, sentOf(request.history));
    if (state.kind === "queued") this.admission.countLeft(request);
    if (state.kind === "sending") state.attempt.abandon();
    if (state.kind === "signing") {
      state.leave();
      this.admission.pumpWaiting();
    }
  }

  stats(): SenderStats {
    return { queued: this.admission.waiting };
  }

  /** To be called every `beatMs`: shows main its retry budget and load, and closes connections beyond its share. */
  beat(): void {
    const { reader, timers } = this.options;
    this.pools.keepToShare();
    const nowMs = timers.nowMs();
    reader.show("retriesLeft", this.retries.budgetLeft(nowMs));
    this.load.show(this.admission.waiting);
    this.hedges?.beat(nowMs);
  }

  async destroy(): Promise<void> {
    // First: a connection that becomes free below must not begin a request that is about to be cancelled.
    this.admission.close();
    this.hedges?.close();
    for (const request of this.unsettled.all()) {
      this.cancel(request, "CLOSED", "the pool was closed before the answer came");
    }
    await this.pools.destroy();
  }

  /** Sends the request to a node that has room, unless its time is over: a busy thread finds that before a timer does. */
  attempt(
    request: DispatchedRequest<AttemptHandler>,
    pool: NodePool<AttemptHandler>,
    nowMs = this.options.timers.nowMs(),
  ): void {
    if (nowMs >= request.prepared.deadlineMs) {
      const message = failureMessage("TIMEOUT", request.attempts);
      return this.unsettled.fail(request, "TIMEOUT", message, sentOf(request.history));
    }
    const { headers, body } = request.packed ?? request.prepared;
    const whole = pool.wholeHeaders(headers);
    if (this.signing === undefined) this.send(request, pool, whole, body, nowMs);
    else this.signing.begin(request, pool, whole, body);
  }

  /** Once for all attempts of the request. */
  private pack(request: DispatchedRequest<AttemptHandler>): void {
    request.state = { kind: "packing" };
    this.packing.pack(request.prepared, (packed) => {
      if (request.state.kind !== "packing") return;
      request.packed = packed;
      request.state = queued;
      this.admission.admit(request, this.options.timers.nowMs());
    });
  }

  private send(
    request: DispatchedRequest<AttemptHandler>,
    pool: NodePool<AttemptHandler>,
    headers: readonly string[],
    body: SentBody,
    nowMs?: number,
  ): void {
    const attempt = this.starts.make(request, pool, nowMs);
    request.state = { kind: "sending", attempt };
    this.hedges?.begin(attempt);
    this.starts.begin(attempt, headers, body);
  }

  /** Sends the request to a second node beside the first. False: it has none that can be used. */
  private readonly sendHedge = (
    { request }: AttemptHandler,
    slot: number,
    adopt: (hedge: AttemptHandler) => void,
  ): boolean => {
    const pool = this.pools.get(slot);
    if (pool === undefined) return false;
    const { headers, body } = request.packed ?? request.prepared;
    const hedge = this.starts.make(request, pool);
    adopt(hedge);
    this.starts.begin(hedge, pool.wholeHeaders(headers), body);
    return true;
  };

  private readonly ofSigning: SigningOwner = {
    send: (request, pool, { headers, body }) => this.send(request, pool, headers, body),
    sendAgain: (request) => this.admission.sendAgain(request),
    failed: (request, problem) => this.unsettled.fail(request, "SIGN", problem, sentOf(request.history)),
    freed: () => this.admission.pumpWaiting(),
  };

  /** Gives an attempt up and sends its request to one of these slots, if one has room. */
  private rerouteOne(attempt: AttemptHandler, targets: readonly number[], nowMs: number): void {
    const { request, pool } = attempt;
    const next = this.choice.among(targets, nowMs);
    if (next === undefined) return;
    this.hedges?.left(attempt, nowMs);
    request.noteGivenUp(attempt, reroutedCode, nowMs);
    request.rerouted = true;
    request.noteTried(pool.slot);
    this.record.gaveUpWaiting(attempt, nowMs);
    this.options.reader.countReroute();
    // Before the next begins: from here on this attempt decides nothing.
    attempt.isWanted = false;
    this.attempt(request, next);
    attempt.abandon();
  }

  private hasAnotherCredential({ pool: { slot }, generation, endpoint }: AttemptHandler): boolean {
    this.choice.catchUp(this.options.timers.nowMs());
    const now = this.pools.get(slot);
    return now?.generation === generation && now.endpoint.headers.authorization !== endpoint.headers.authorization;
  }

  /** Sends the request of a refused attempt once more: not from the retry budget, for nothing was applied. */
  private sendRenewed({ request, pool: { slot } }: AttemptHandler): void {
    request.isRenewed = true;
    this.options.reader.countRetry();
    const same = this.choice.among([slot], this.options.timers.nowMs());
    if (same === undefined) this.admission.sendAgain(request);
    else this.attempt(request, same);
  }
}
