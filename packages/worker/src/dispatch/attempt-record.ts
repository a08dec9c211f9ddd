import { failureReason } from "@rollcall/core";
import { blamesNode, isTransientRefusal, judgeFailure, type Outcome, parseRetryAfter } from "@rollcall/core/request";
import type { TableReader } from "../table/reader.js";
import type { AttemptHandler } from "./attempt.js";
import type { CancelCode, DispatchObserver } from "./sender.js";
import type { ThreadLoad } from "./thread-load.js";

export interface AttemptRecordOptions {
  readonly reader: TableReader;
  readonly observer: DispatchObserver;
  /** This thread's clock for how long something took: it stands still while the thread does not run. */
  readonly ranMs: (nowMs: number) => number;
  /** For dates in `Retry-After`. */
  readonly wallNowMs: () => number;
}

/** A signal that ends a request after so long is likely to be a timeout of the application's own. */
const longWaitMs = 1_000;

/**
 * Judges attempts, and records what they show of their nodes: counts and times in this thread's rows of the table,
 * penalties, and reports of failures to the observer. It decides nothing about requests.
 */
export class AttemptRecord {
  constructor(
    private readonly options: AttemptRecordOptions,
    private readonly load: ThreadLoad,
  ) {}

  begun(attempt: AttemptHandler): void {
    const { reader } = this.options;
    const { pool, startedAtMs } = attempt;
    reader.enter(pool.slot);
    this.load.begun();
    reader.penalties.begun(pool.slot, startedAtMs);
    pool.inFlight.add(attempt);
    this.showWaiting(attempt);
  }

  received(attempt: AttemptHandler, nowMs: number): void {
    if (attempt.isCurrent) this.options.reader.noteByte(attempt.pool.slot, nowMs);
  }

  ended(attempt: AttemptHandler, nowMs: number): Outcome {
    const { reader, observer } = this.options;
    const { pool, generation, startedAtMs } = attempt;
    const { slot } = pool;
    if (!attempt.isHeld) pool.inFlight.remove(attempt);
    reader.leave(slot, pool.isCurrent);
    this.showWaiting(attempt);
    // undici closes a connection whose answer has come before the whole request was sent.
    pool.release(attempt, attempt.error === undefined && !attempt.isSending);

    const outcome = this.outcomeOf(attempt);
    // What closed this idle connection has probably closed the other idle ones too.
    if (outcome.kind === "stale-socket") pool.dropIdle();
    if (outcome.kind === "answered") {
      this.judge(attempt, outcome.status, nowMs);
    } else if (outcome.kind !== "cancelled") reader.countFailure(slot);

    if (blamesNode(outcome)) {
      // A reset before the first byte on a new connection is a refusal by another layer.
      if (attempt.isCurrent) reader.noteRefusal(slot);
      const reason = "errorCode" in outcome ? failureReason(outcome.errorCode) : outcome.kind;
      observer.failed({ slot, generation, startedAtMs, reason });
    }
    return outcome;
  }

  /** The headers of an answer that is to stream have come: they show how the node is. How long the body takes does not. */
  headersCame(attempt: AttemptHandler, nowMs: number): Outcome {
    const outcome = this.outcomeOf(attempt);
    if (outcome.kind === "answered") this.judge(attempt, outcome.status, nowMs);
    return outcome;
  }

  /**
   * The node sends no more because the answer waits for our own reader or memory, or it goes on. Meanwhile it owes no byte: it
   * neither has stalled nor is slow.
   */
  held(attempt: AttemptHandler, isHeld: boolean, nowMs: number): void {
    const { inFlight } = attempt.pool;
    if (isHeld) inFlight.remove(attempt);
    else {
      attempt.waitingSinceMs = nowMs;
      inFlight.add(attempt);
    }
    this.showWaiting(attempt);
  }

  /** The attempt was given up while its node owed an answer: such a wait counts as slow. */
  gaveUpWaiting(attempt: AttemptHandler, nowMs: number): void {
    if (!attempt.isCurrent || attempt.wasPaused) return;
    this.options.reader.penalties.leftWaiting(attempt.pool.slot, this.tookMs(attempt, nowMs), nowMs);
  }

  /** The attempt's hedge has answered, and its own node has not, for a while. */
  outrun(attempt: AttemptHandler, nowMs: number): void {
    if (!attempt.isCurrent || attempt.wasPaused) return;
    this.options.reader.penalties.outrun(attempt.pool.slot, this.tookMs(attempt, nowMs), nowMs);
  }

  /** The owner of the request has cancelled it. */
  cancelled(attempt: AttemptHandler, code: CancelCode, nowMs: number): void {
    const { pool, reusedSocket, firstByteSeen, startedAtMs } = attempt;
    const isLate = code === "TIMEOUT" || (code === "ABORTED" && nowMs - startedAtMs >= longWaitMs);
    // If a firewall has forgotten this kept connection, it has forgotten the others of its age too. If the node was
    // merely slow, this costs a few idle connections.
    if (isLate && reusedSocket && !firstByteSeen) pool.dropUnusedSince(startedAtMs);
    if (code !== "TIMEOUT") return;
    this.gaveUpWaiting(attempt, nowMs);
    if (this.load.isAdaptive && !attempt.wasPaused) this.load.timedOut(nowMs - attempt.startedAtMs, nowMs);
  }

  /** An answer counts once: when it is whole, or when it begins to stream. */
  private judge(attempt: AttemptHandler, status: number, nowMs: number): void {
    if (attempt.isJudged) return;
    attempt.isJudged = true;
    attempt.pool.hasAnswered = true;
    this.options.reader.countAnswer(attempt.pool.slot, status === 429 || status >= 500);
    if (this.load.isAdaptive) this.judgeLoad(attempt, status, nowMs);
    if (attempt.isCurrent) this.learnFromAnswer(attempt, status, nowMs);
  }

  /** Other refusals than 429 say nothing about how much the nodes can take. */
  private judgeLoad(attempt: AttemptHandler, status: number, nowMs: number): void {
    if (isTransientRefusal(status) && status !== 429) return;
    // Of real time: a thread that gets too little of the processor is overloaded, too, and must not send more.
    this.load.answered(status, attempt.wasPaused ? undefined : nowMs - attempt.startedAtMs, nowMs);
  }

  private learnFromAnswer(attempt: AttemptHandler, status: number, nowMs: number): void {
    const { reader } = this.options;
    const { slot } = attempt.pool;
    const isRefusal = isTransientRefusal(status);
    if (isRefusal) reader.penalties.refused(slot, status);
    if (attempt.wasPaused) return;
    const tookMs = this.tookMs(attempt, nowMs);
    reader.countLatency(slot, tookMs);
    if (!isRefusal) reader.penalties.answered(slot, tookMs, nowMs);
  }

  private showWaiting({ pool: { isCurrent, slot, inFlight } }: AttemptHandler): void {
    if (isCurrent) this.options.reader.showWaiting(slot, inFlight.first?.waitingSinceMs, inFlight.last?.waitingSinceMs);
  }

  private outcomeOf(attempt: AttemptHandler): Outcome {
    const { error, status, rawHeaders } = attempt;
    if (error !== undefined) return judgeFailure(error, attempt);
    if (status === 408 && attempt.reusedSocket && isLast(rawHeaders)) return { kind: "stale-socket", errorCode: "408" };
    const retryAfter = status === 429 || status === 503 ? headerOf(rawHeaders, "retry-after") : undefined;
    if (retryAfter === undefined) return { kind: "answered", status };
    return { kind: "answered", status, retryAfterMs: parseRetryAfter(retryAfter, this.options.wallNowMs()) };
  }

  private tookMs({ startedRanMs }: AttemptHandler, nowMs: number): number {
    return Math.max(0, this.options.ranMs(nowMs) - startedRanMs);
  }
}

/**
 * The answer ends its connection. A 408 that does, on a kept connection, crossed the request: it says that the peer
 * gave the idle connection up. Elasticsearch's own 408, of a wait that was too long, ends none.
 */
function isLast(rawHeaders: readonly Buffer[]): boolean {
  return headerOf(rawHeaders, "connection")?.toLowerCase() === "close";
}

function headerOf(rawHeaders: readonly Buffer[], name: string): string | undefined {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toString("latin1").toLowerCase() === name) return rawHeaders[at + 1]?.toString("latin1");
  }
  return undefined;
}
