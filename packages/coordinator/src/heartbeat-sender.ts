import type { Random, Timers, Unsubscribe } from "@rollcall/core";
import type { Heartbeat } from "@rollcall/core/view";
import type { ViewStore } from "./store/view-store.js";

export interface HeartbeatSenderParts {
  readonly store: Pick<ViewStore, "heartbeat" | "onStatusRequest" | "onConnected">;
  readonly timers: Timers;
  readonly random: Random;
  /** How this process is, just now. */
  readonly heartbeat: () => Heartbeat;
}

const everyMs = 5_000;
/** A roll call reaches a whole fleet at once; the answers come over this time. */
const answerWithinMs = 200;
/** Roll calls may be answered late, but never more often than this. */
const answersApartMs = 1_000;

/**
 * Tells of this process: every 5 s, after each new connection to the store, and when the roll is called.
 *
 *               5 s                 a digest goes out
 *     resting ──────▶ sent ──▶ resting
 *        │                         ▲
 *        └──▶ called: answers within 200 ms, and at least 1 s after its last answer
 *
 * Roll calls that arrive while one is to be answered have the same answer.
 */
export class HeartbeatSender {
  private answerDueMs: number | undefined;
  private answeredAtMs = Number.NEGATIVE_INFINITY;
  private cancelRegular = () => {};
  private cancelAnswer = () => {};
  private unsubscribe: readonly Unsubscribe[] = [];

  constructor(private readonly parts: HeartbeatSenderParts) {}

  start(): void {
    const { store } = this.parts;
    this.unsubscribe = [store.onStatusRequest(() => this.answerSoon()), store.onConnected(() => this.answerSoon())];
    this.answerSoon();
    this.waitForNext();
  }

  /** Says nothing any more. */
  close(): void {
    this.cancelRegular();
    this.cancelAnswer();
    for (const unsubscribe of this.unsubscribe) unsubscribe();
  }

  private answerSoon(): void {
    if (this.answerDueMs !== undefined) return;
    const { timers, random } = this.parts;
    const nowMs = timers.nowMs();
    const dueMs = Math.max(nowMs + random() * answerWithinMs, this.answeredAtMs + answersApartMs);
    this.answerDueMs = dueMs;
    this.cancelAnswer = timers.after(dueMs - nowMs, () => {
      this.answerDueMs = undefined;
      this.answeredAtMs = timers.nowMs();
      this.send();
    });
  }

  private send(): void {
    this.parts.store.heartbeat(this.parts.heartbeat());
    this.waitForNext();
  }

  private waitForNext(): void {
    this.cancelRegular();
    this.cancelRegular = this.parts.timers.after(everyMs, () => this.send());
  }
}
