import type { Timers } from "@rollcall/core";
import { type Outcome, uncountedBytes } from "@rollcall/core/request";
import type { Admission } from "./admission.js";
import type { AnswerFlow } from "./answer-flow.js";
import type { AttemptHandler } from "./attempt.js";
import type { AttemptOwner } from "./attempt-owner.js";
import type { AttemptRecord } from "./attempt-record.js";
import type { Conclusions } from "./conclusions.js";
import type { CredentialWaits } from "./credential-waits.js";
import type { Hedges } from "./hedges.js";
import type { ThreadLoad } from "./thread-load.js";
import type { UnsettledRequests } from "./unsettled-requests.js";

/** The parts of a dispatch that what an attempt reports goes to. */
export interface AttemptReportsParts {
  readonly timers: Timers;
  readonly answers: Pick<AnswerFlow, "grew" | "ended">;
  readonly record: AttemptRecord;
  readonly load: Pick<ThreadLoad, "streams">;
  readonly credentials: Pick<CredentialWaits, "mayTake">;
  readonly unsettled: Pick<UnsettledRequests, "streamEnded">;
  readonly conclusions: Conclusions;
  readonly admission: Pick<Admission, "pumpWaiting">;
  readonly hedges: Pick<Hedges, "ended"> | undefined;
}

/** So much of an answer that is not wanted is read, for so long at most, to keep its connection. */
const drainedMaxBytes = 65_536;
const drainedMaxMs = 1_000;

/**
 * What becomes of what attempts report, from the first byte of an answer to its end: it is recorded of the node, then it
 * decides about the request, then a request that waits gets the connection.
 */
export class AttemptReports implements AttemptOwner<AttemptHandler> {
  constructor(private readonly parts: AttemptReportsParts) {}

  received(attempt: AttemptHandler): void {
    this.parts.record.received(attempt, this.parts.timers.nowMs());
  }

  grew(attempt: AttemptHandler, addedBytes: number): boolean {
    return this.parts.answers.grew(attempt, addedBytes);
  }

  headersCame(attempt: AttemptHandler): void {
    const { record, credentials, load, admission, timers } = this.parts;
    const nowMs = timers.nowMs();
    const outcome = record.headersCame(attempt, nowMs);
    // Another attempt was the one to answer: the rest of this one is drained already.
    if (!attempt.isWanted) return;
    // It is collected, for it may not be the answer.
    if (credentials.mayTake(attempt)) return;
    // From here on nothing else decides about its request.
    attempt.isWanted = false;
    this.conclude(attempt, outcome, nowMs);
    if (attempt.stream === undefined) return this.drain(attempt);
    load.streams(1);
    admission.pumpWaiting();
  }

  held(attempt: AttemptHandler, isHeld: boolean): void {
    this.parts.record.held(attempt, isHeld, this.parts.timers.nowMs());
  }

  finished(attempt: AttemptHandler): void {
    const { record, load, unsettled, answers, admission, timers } = this.parts;
    const nowMs = timers.nowMs();
    const outcome = record.ended(attempt, nowMs);
    if (attempt.stream !== undefined) load.streams(-1);
    if (attempt.isWanted) this.conclude(attempt, outcome, nowMs);
    else if (attempt.stream !== undefined) unsettled.streamEnded(attempt, attempt.stream, outcome);
    // After that: what the answer leaves for may hold its bytes on.
    if (attempt.byteLength > uncountedBytes) answers.ended(attempt);
    admission.pumpWaiting();
  }

  private conclude(attempt: AttemptHandler, outcome: Outcome, nowMs: number): void {
    const { hedges, conclusions } = this.parts;
    if (hedges?.ended(attempt, outcome, nowMs) !== true) conclusions.conclude(attempt, outcome, nowMs);
  }

  /** An answer that went to no caller: what is left of it comes and goes, within bounds. */
  private drain(attempt: AttemptHandler): void {
    attempt.drain(drainedMaxBytes);
    this.parts.timers.after(drainedMaxMs, () => attempt.abandon());
  }
}
