import type { Random, Timers } from "@rollcall/core";
import {
  type Detector,
  type DetectorEffect,
  type DetectorEvent,
  detectorDueMs,
  easedSinceMs,
  isEjected,
  newDetector,
  nextDetector,
} from "@rollcall/core/health";

export interface LocalHealthOptions {
  readonly timers: Timers;
  readonly random: Random;
  /** A slot's standing has changed. */
  readonly changed: (slot: number) => void;
  /** Tell the coordinator. */
  readonly report: (slot: number, reason: string) => void;
  /** Ask the node on a fresh connection. Always answers. */
  readonly trial: (slot: number) => Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }>;
}

/** What this process itself has seen of each node: one detector a slot, and the one timer they need. */
export class LocalHealth {
  private readonly detectors = new Map<
    number,
    { readonly generation: number; state: Detector; reason: string; sinceMs: number }
  >();
  private cancelTimer = () => {};

  constructor(private readonly options: LocalHealthOptions) {}

  /** The slot has a node of its own, or another one. */
  begin(slot: number, generation: number): void {
    const nowMs = this.options.timers.nowMs();
    this.detectors.set(slot, { generation, state: newDetector(nowMs), reason: "", sinceMs: nowMs });
  }

  end(slot: number): void {
    this.detectors.delete(slot);
  }

  /** An event of an older generation is about a node that is gone, and is ignored. */
  tell(slot: number, generation: number, event: DetectorEvent): void {
    const detector = this.detectors.get(slot);
    if (detector?.generation !== generation) return;
    const dueMs = detectorDueMs(detector.state);
    this.step(slot, event);
    if (detectorDueMs(detector.state) !== dueMs) this.wakeWhenDue();
  }

  /** Since when, and why, this process keeps away from the slot's node; undefined while it does not. */
  ejection(slot: number): { readonly sinceMs: number; readonly reason: string } | undefined {
    const detector = this.detectors.get(slot);
    if (detector === undefined || !isEjected(detector.state)) return undefined;
    return { sinceMs: detector.sinceMs, reason: detector.reason };
  }

  /** Since when requests return to the node bit by bit, after an ejection. */
  easedFromMs(slot: number): number | undefined {
    const detector = this.detectors.get(slot)?.state;
    return detector === undefined ? undefined : easedSinceMs(detector);
  }

  close(): void {
    this.cancelTimer();
    this.detectors.clear();
  }

  private step(slot: number, event: DetectorEvent): void {
    const detector = this.detectors.get(slot);
    if (detector === undefined) return;
    const { timers, random, changed } = this.options;
    const before = detector.state;
    const [state, effects] = nextDetector(before, event, timers.nowMs(), random);
    detector.state = state;
    if (isEjected(before) !== isEjected(state)) detector.sinceMs = timers.nowMs();
    if ("reason" in event) detector.reason = event.reason;
    if (isEjected(before) !== isEjected(state) || easedSinceMs(before) !== easedSinceMs(state)) changed(slot);
    for (const effect of effects) this.carryOut(slot, detector.generation, effect);
  }

  private carryOut(slot: number, generation: number, effect: DetectorEffect): void {
    if (effect.type === "report") return this.options.report(slot, effect.reason);
    void this.options.trial(slot).then((answer) => this.tell(slot, generation, { type: "trialled", ...answer }));
  }

  private wakeWhenDue(): void {
    this.cancelTimer();
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { state } of this.detectors.values()) dueMs = Math.min(dueMs, detectorDueMs(state) ?? dueMs);
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.cancelTimer = this.options.timers.after(dueMs - this.options.timers.nowMs(), () => {
      const nowMs = this.options.timers.nowMs();
      for (const [slot, { state }] of this.detectors) {
        if ((detectorDueMs(state) ?? Number.POSITIVE_INFINITY) <= nowMs) this.step(slot, { type: "tick" });
      }
      this.wakeWhenDue();
    });
  }
}
