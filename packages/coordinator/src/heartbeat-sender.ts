import type { Random, Timers, Unsubscribe } from "@rollcall/core";
import type { Heartbeat } from "@rollcall/core/view";
import type { ViewStore } from "./store/view-store.js";

export interface HeartbeatSenderParts {
  readonly store: Pick<ViewStore, "heartbeat" | "onStatusRequest" | "onConnected">;
  readonly timers: Timers;
  readonly random: Random;
  readonly heartbeat: () => Heartbeat;
}

const everyMs = 5_000;
/** A status request reaches all replicas at once; their heartbeats are spread over this time. */
const answerWithinMs = 200;
/** Status requests may be answered late, but no more often than this. */
const answersApartMs = 1_000;
/** Something that the leader waits for has changed in all replicas at once: connections take a moment to close. */
const confirmAfterMs = 200;
const confirmWithinMs = 1_300;

/**
 * Sends a heartbeat every 5 s, after each new connection to the store, after a status request, and at the close.
 *
 *                   5 s
 *     waiting ───────────────▶ heartbeat ──▶ waiting
 *        │                         ▲
 *        └──▶ requested ───────────┘
 *              within 200 ms, and at least 1 s after the last answer
 *
 * Status requests that arrive while one is pending have the same answer.
 */
export class HeartbeatSender {
  private answerDueMs: number | undefined;
  private answeredAtMs = Number.NEGATIVE_INFINITY;
  private closed = false;
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

  /** Sends one within 1.5 s: the leader waits for what this process has just come to obey. */
  confirm(): void {
    if (!this.closed) this.sendWithin(confirmAfterMs, confirmWithinMs);
  }

  /** Sends the last one, which says that the process ends. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.parts.store.heartbeat({ ...this.parts.heartbeat(), ending: true });
    this.cancelRegular();
    this.cancelAnswer();
    for (const unsubscribe of this.unsubscribe) unsubscribe();
  }

  private answerSoon(): void {
    this.sendWithin(0, answerWithinMs);
  }

  private sendWithin(afterMs: number, spreadMs: number): void {
    if (this.answerDueMs !== undefined) return;
    const { timers, random } = this.parts;
    const nowMs = timers.nowMs();
    const dueMs = Math.max(nowMs + afterMs + random() * spreadMs, this.answeredAtMs + answersApartMs);
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
