import type { Attempt, Sent, Timers } from "@rollcall/core";
import type { CancelCode, Result } from "../dispatch/sender.js";
import { claim, sentAttempts } from "./claim-word.js";
import type { LaneRequest } from "./lane.js";

/** How long a thread may take to answer a cancellation. It answers at once, unless something blocks it. */
const answerMs = 100;

/**
 * The requests that were cancelled after their thread had accepted them.
 *
 * The thread is asked to end each, and its answer names the attempts. If none comes in time, the claim word says what
 * was sent, and main settles the request itself.
 */
export class Cancellations {
  /** Pending cancellations, and some that have ended since. */
  private requests: LaneRequest[] = [];
  private pending = 0;
  private whenNone: (() => void) | undefined;

  constructor(private readonly timers: Timers) {}

  get arePending(): boolean {
    return this.pending > 0;
  }

  /** Cancels a request that its thread has. */
  begin(request: LaneRequest, code: CancelCode, message: string): void {
    const { state } = request;
    if (state.kind !== "given") return;
    if (state.lane.revoke(state.id, "queued")) {
      return request.settle(failed(code, message, sentOfRequest(request, claim.queued)));
    }
    request.state = { ...state, kind: "cancelling", why: { code, message, atMs: this.timers.nowMs() } };
    this.requests.push(request);
    this.pending++;
  }

  /**
   * A cancelled request has ended. An answer that crossed the cancellation does not undo it, but shows what was sent.
   */
  end(request: LaneRequest, sent: Sent, attempts: readonly Attempt[]): void {
    if (request.state.kind !== "cancelling") return;
    const { code, message } = request.state.why;
    this.pending--;
    request.settle(failed(code, message, sent, attempts));
    if (this.pending > 0) return;
    this.requests = [];
    this.whenNone?.();
  }

  /** Settles the cancellations whose thread has not answered in time, or all. */
  settleOverdue(nowMs: number): void {
    for (const request of this.requests) {
      if (request.state.kind === "cancelling" && nowMs - request.state.why.atMs >= answerMs)
        this.settleByClaim(request);
    }
    this.requests = this.requests.filter(({ state }) => state.kind === "cancelling");
  }

  /** Resolves once every cancellation has ended, soon. */
  async allEnded(): Promise<void> {
    if (this.pending === 0) return;
    await new Promise<void>((resolve) => {
      // Not by `timers`, whose timers do not keep the process alive: it must not exit in the middle of `close()`.
      const timer = setTimeout(() => this.settleOverdue(Number.POSITIVE_INFINITY), answerMs);
      this.whenNone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private settleByClaim(request: LaneRequest): void {
    if (request.state.kind !== "cancelling") return;
    const { lane, id } = request.state;
    const revoked = lane.revoke(id, "accepted");
    if (!revoked) lane.detach(id);
    this.end(request, revoked ? sentOfRequest(request, 0) : "maybe", []);
  }
}

/** Whether a request was sent, by its thread as far as that has got, or by a thread before. */
export function sentOfRequest({ prepared }: LaneRequest, claimWord: number): Sent {
  return prepared.sentBefore + sentAttempts(claimWord) === 0 ? "no" : "maybe";
}

export function failed(
  code: CancelCode | "QUEUE_FULL" | "THREAD",
  message: string,
  sent: Sent,
  attempts: readonly Attempt[] = [],
): Result {
  return { kind: "failed", error: { code, message, sent, attempts } };
}
