import type { Timers } from "@rollcall/core";
import { type ChannelName, channelNames } from "@rollcall/core/view";

/** Messages get so much of the time of each window. */
const sliceMs = 2;
const windowMs = 10;

/**
 * Works messages off, each at once while there is time for it, and else in slices: so their number delays nothing else
 * by more than one slice and one message. Those on the channel that comes first in `channelNames` are first.
 *
 * Bounded by who calls: what waits was admitted by the limits of its channel.
 */
export class MessageSlices {
  private readonly waiting = new Map(channelNames.map((channel) => [channel, [] as (() => void)[]]));
  private count = 0;
  private windowAtMs = Number.NEGATIVE_INFINITY;
  private usedMs = 0;
  private cancel: (() => void) | undefined;

  constructor(private readonly timers: Timers) {}

  /** Whether a message that arrives now has to wait. */
  get isBusy(): boolean {
    return this.count > 0 || !this.hasTime();
  }

  /** @param work must not throw */
  run(channel: ChannelName, work: () => void): void {
    if (!this.isBusy) return this.do(work);
    this.waiting.get(channel)?.push(work);
    this.count++;
    this.cancel ??= this.timers.after(windowMs, () => this.workOff());
  }

  close(): void {
    this.cancel?.();
    this.count = 0;
    for (const works of this.waiting.values()) works.length = 0;
  }

  private workOff(): void {
    this.cancel = undefined;
    for (const works of this.waiting.values()) {
      let done = 0;
      for (; done < works.length && this.hasTime(); done++) {
        const work = works[done];
        if (work !== undefined) this.do(work);
      }
      this.count -= done;
      works.splice(0, done);
    }
    if (this.count > 0) this.cancel = this.timers.after(windowMs, () => this.workOff());
  }

  private do(work: () => void): void {
    const { timers } = this;
    const beganAtMs = timers.nowMs();
    work();
    this.usedMs += timers.nowMs() - beganAtMs;
  }

  private hasTime(): boolean {
    const nowMs = this.timers.nowMs();
    if (nowMs - this.windowAtMs >= windowMs) {
      this.windowAtMs = nowMs;
      this.usedMs = 0;
    }
    return this.usedMs < sliceMs;
  }
}
