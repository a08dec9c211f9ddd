import { failureMessage, type History, type Outcome, sentOf } from "@rollcall/core/request";
import type { TableReader } from "../table/reader.js";
import type { Admission } from "./admission.js";
import type { AttemptHandler } from "./attempt.js";
import type { BackingOff } from "./backing-off.js";
import type { CredentialWaits } from "./credential-waits.js";
import { namedSentence } from "./named-failure.js";
import { isFinal, type RetryChoice } from "./retry-choice.js";
import { UnreadableContent } from "./unreadable-content.js";
import type { UnsettledRequests } from "./unsettled-requests.js";

/** The parts of a dispatch that a request goes on to when an attempt has ended. */
export interface ConclusionsParts {
  readonly retries: Pick<RetryChoice, "next">;
  readonly credentials: Pick<CredentialWaits, "take">;
  readonly backingOff: BackingOff;
  readonly unsettled: Pick<UnsettledRequests, "answer" | "fail">;
  readonly admission: Pick<Admission, "sendAgain" | "pumpWaiting">;
}

/**
 * What an attempt that has ended means for its request: its answer, its failure, or another attempt, at once or after a
 * time.
 */
export class Conclusions {
  constructor(
    private readonly reader: TableReader,
    private readonly parts: ConclusionsParts,
  ) {}

  /** To be called once for each attempt that decides about its request. */
  conclude(attempt: AttemptHandler, outcome: Outcome, nowMs: number): void {
    const { request, pool } = attempt;
    const { credentials, retries, unsettled } = this.parts;
    const code = outcome.kind === "answered" ? String(outcome.status) : outcome.errorCode;
    request.note(pool.endpoint.address, code, nowMs - attempt.startedAtMs);
    request.noteTried(pool.slot);
    if (outcome.kind === "answered" && credentials.take(attempt)) return;
    if (outcome.kind === "answered" && isFinal(outcome.status, request)) return unsettled.answer(attempt);

    const step = retries.next(attempt, outcome, nowMs);
    if (step.next === "return") return unsettled.answer(attempt);
    if (step.next === "retry") return this.retry(attempt, step.afterMs, step.history);
    const { error } = attempt;
    const isOurs = error instanceof UnreadableContent;
    const ownSentence = isOurs ? error.message : namedSentence(step.code, request.prepared.settings);
    const message = failureMessage(step.code, request.attempts, ownSentence);
    unsettled.fail(request, step.code, message, step.sent, error);
  }

  private retry(attempt: AttemptHandler, afterMs: number, history: History): void {
    const { request, error } = attempt;
    const { backingOff, unsettled, admission } = this.parts;
    request.history = history;
    if (afterMs === 0) {
      this.reader.countRetry();
      return admission.sendAgain(request);
    }
    // Without room to wait, this attempt was the last.
    if (backingOff.isFull) {
      if (error === undefined) return unsettled.answer(attempt);
      const message = `${backingOff.size} requests are waiting for another attempt already`;
      return unsettled.fail(request, "QUEUE_FULL", message, sentOf(history), error);
    }
    this.reader.countRetry();
    if (request.prepared.class !== "read") this.reader.countWriteWait();
    const cancel = backingOff.wait(afterMs, () => {
      admission.sendAgain(request);
      admission.pumpWaiting();
    });
    request.state = { kind: "backing-off", cancel };
  }
}
