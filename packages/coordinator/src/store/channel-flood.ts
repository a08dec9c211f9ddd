import type { Random, Timers } from "@rollcall/core";

/** How much one process takes of one channel: over a longer time, and at once after a quiet one. */
export interface IntakeLimits {
  readonly perSecond: number;
  readonly burst: number;
  readonly bytesPerSecond: number;
  readonly bytesBurst: number;
}

export interface FloodOwner {
  began(): void;
  /** It costs too much to refuse them: none is to be received. */
  suspend(): void;
  /** Messages are to be received again, to see whether the flood is over. */
  resume(): void;
  /** `refused`: how many messages were not read, as far as they arrived. */
  ended(refused: number): void;
}

/** A flood is over when nothing was refused for so long. */
const calmAfterMs = 10_000;
/** So many refusals within a second are too many; fewer while it is tried whether the flood is over. */
const refusedMax = 2_000;
const refusedBytesMax = 4 * 1024 * 1024;
const triedMax = 500;
/** How long nothing is received: at first, and at most, for the time doubles. */
const awayMs = 5_000;
const awayMaxMs = 60_000;

/**
 * What one process takes of one channel. The limits are far above what a fleet sends, so that what exceeds them is a
 * flood, whose messages are refused unread.
 *
 *   calm ── one is refused ──▶ dropping ── too many ──▶ away ── its time is over ──▶ trying
 *    ▲                             │                     ▲                            │  │
 *    └── 10 s without a refusal ───┴─────────────────────┼──── the same ──────────────┘  │
 *                                                        └───── too many, for longer ────┘
 *
 * Constant work and no allocation for each message: one process may get 60,000 of them a second.
 */
export class ChannelFlood {
  private state: "calm" | "dropping" | "away" | "trying" = "calm";
  private messagesLeft: number;
  private bytesLeft: number;
  private earnedAtMs: number;
  private refused = 0;
  private refusedAtMs = 0;
  /** Within the second that began then. */
  private secondAtMs = 0;
  private refusedInSecond = 0;
  private refusedBytesInSecond = 0;
  private nextAwayMs = awayMs;
  private cancel = () => {};

  constructor(
    private readonly limits: IntakeLimits,
    private readonly timers: Timers,
    private readonly random: Random,
    private readonly owner: FloodOwner,
  ) {
    this.messagesLeft = limits.burst;
    this.bytesLeft = limits.bytesBurst;
    this.earnedAtMs = timers.nowMs();
  }

  /** Whether messages are lost. */
  get isFlooded(): boolean {
    return this.state !== "calm";
  }

  /** Whether none is to be received. */
  get isAway(): boolean {
    return this.state === "away";
  }

  /** Whether one message is to be read; to be asked once for each. */
  admits(byteLength: number): boolean {
    // Those that were under way when the subscription ended.
    if (this.state === "away") return false;
    const nowMs = this.timers.nowMs();
    this.earn(nowMs);
    if (this.messagesLeft >= 1 && this.bytesLeft >= byteLength) {
      this.messagesLeft--;
      this.bytesLeft -= byteLength;
      return true;
    }
    this.refuse(byteLength, nowMs);
    return false;
  }

  close(): void {
    this.cancel();
  }

  private earn(nowMs: number): void {
    const seconds = (nowMs - this.earnedAtMs) / 1_000;
    const { perSecond, burst, bytesPerSecond, bytesBurst } = this.limits;
    this.messagesLeft = Math.min(burst, this.messagesLeft + seconds * perSecond);
    this.bytesLeft = Math.min(bytesBurst, this.bytesLeft + seconds * bytesPerSecond);
    this.earnedAtMs = nowMs;
  }

  private refuse(byteLength: number, nowMs: number): void {
    this.refused++;
    this.refusedAtMs = nowMs;
    if (nowMs - this.secondAtMs >= 1_000) {
      this.secondAtMs = nowMs;
      this.refusedInSecond = 0;
      this.refusedBytesInSecond = 0;
    }
    this.refusedInSecond++;
    this.refusedBytesInSecond += byteLength;
    if (this.state === "calm") {
      this.state = "dropping";
      this.lookLater(calmAfterMs);
      this.owner.began();
    }
    const max = this.state === "trying" ? triedMax : refusedMax;
    if (this.refusedInSecond > max || this.refusedBytesInSecond > refusedBytesMax) this.goAway();
  }

  private goAway(): void {
    this.state = "away";
    this.cancel();
    // Not all processes of a fleet try at the same moment.
    this.cancel = this.timers.after(this.nextAwayMs * (1 + 0.2 * this.random()), () => {
      this.state = "trying";
      this.refusedInSecond = 0;
      this.refusedBytesInSecond = 0;
      this.refusedAtMs = this.timers.nowMs();
      this.lookLater(calmAfterMs);
      this.owner.resume();
    });
    this.nextAwayMs = Math.min(awayMaxMs, 2 * this.nextAwayMs);
    this.owner.suspend();
  }

  /** Whether the flood is over. */
  private lookLater(waitMs: number): void {
    this.cancel = this.timers.after(waitMs, () => {
      const leftMs = this.refusedAtMs + calmAfterMs - this.timers.nowMs();
      if (leftMs > 0) return this.lookLater(leftMs);
      const { refused } = this;
      this.state = "calm";
      this.refused = 0;
      this.nextAwayMs = awayMs;
      this.owner.ended(refused);
    });
  }
}
