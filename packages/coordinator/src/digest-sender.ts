import type { Random, Timers } from "@rollcall/core";
import type { Digest } from "@rollcall/core/view";
import type { Unsubscribe, ViewStore } from "./store/view-store.js";

export interface DigestSenderParts {
  readonly store: Pick<ViewStore, "digest" | "onRollCall" | "onConnected">;
  readonly timers: Timers;
  readonly random: Random;
  /** How this process is, just now. */
  readonly digest: () => Digest;
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
export class DigestSender {
  private answerDueMs: number | undefined;
  private answeredAtMs = Number.NEGATIVE_INFINITY;
  private cancelRegular = () => {};
  private cancelAnswer = () => {};
  private unsubscribe: readonly Unsubscribe[] = [];

  constructor(private readonly parts: DigestSenderParts) {}

  start(): void {
    const { store } = this.parts;
    this.unsubscribe = [store.onRollCall(() => this.answerSoon()), store.onConnected(() => this.answerSoon())];
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
    this.parts.store.digest(this.parts.digest());
    this.waitForNext();
  }

  private waitForNext(): void {
    this.cancelRegular();
    this.cancelRegular = this.parts.timers.after(everyMs, () => this.send());
  }
}
