import { RateLimiter } from "@rollcall/coordinator";
import type { Random, Timers } from "@rollcall/core";
import {
  type CircuitBreaker,
  type CircuitBreakerEvent,
  circuitBreakerDueMs,
  isEjected,
  newCircuitBreaker,
  nextCircuitBreaker,
  slowStartSinceMs,
} from "@rollcall/core/health";
import type { ProbeResult } from "./probe-once.js";

export interface LocalHealthOptions {
  readonly timers: Timers;
  readonly random: Random;
  /** A slot's standing has changed. */
  readonly changed: (slot: number) => void;
  /** Tell the coordinator. `probe`: a probe of ours on a new connection has just failed too. */
  readonly report: (slot: number, reason: string, probe?: "failed") => void;
  /** Look at the node on a new connection. Always answers. */
  readonly look: (slot: number) => Promise<ProbeResult>;
}

/** What one process tells of one node, and of all of them: to say it more often would not say more. */
const reportsOfNodeMs = 2_000;
const reportsPerSecond = 20;

interface Watched {
  readonly generation: number;
  state: CircuitBreaker;
  reason: string;
  sinceMs: number;
  reportedAtMs: number;
}

/**
 * What this process itself has seen of each node: one detector a slot, and the one timer they need.
 *
 * Requests that fail, or wait in silence, eject a node; before anybody is told, it is looked at once on a new connection. Where that reaches
 * it, the failures were something else: the node is eased in, and not reported. Where it does not, the report says so, and
 * counts as the word of a witness. Where nothing could be seen, there is nothing to report.
 */
export class LocalHealth {
  private readonly detectors = new Map<number, Watched>();
  private readonly reportRate: RateLimiter;
  private cancelTimer = () => {};

  constructor(private readonly options: LocalHealthOptions) {
    this.reportRate = new RateLimiter(reportsPerSecond, options.timers);
  }

  /** The slot has a node of its own, or another one. */
  begin(slot: number, generation: number): void {
    const nowMs = this.options.timers.nowMs();
    const reportedAtMs = Number.NEGATIVE_INFINITY;
    this.detectors.set(slot, { generation, state: newCircuitBreaker(nowMs), reason: "", sinceMs: nowMs, reportedAtMs });
  }

  end(slot: number): void {
    this.detectors.delete(slot);
  }

  /** An event of an older generation is about a node that is gone, and is ignored. */
  tell(slot: number, generation: number, event: CircuitBreakerEvent): void {
    const detector = this.current(slot, generation);
    if (detector === undefined) return;
    const dueMs = circuitBreakerDueMs(detector.state);
    this.step(slot, event);
    if (circuitBreakerDueMs(detector.state) !== dueMs) this.wakeWhenDue();
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
    return detector === undefined ? undefined : slowStartSinceMs(detector);
  }

  close(): void {
    this.cancelTimer();
    this.detectors.clear();
  }

  private step(slot: number, event: CircuitBreakerEvent): void {
    const detector = this.detectors.get(slot);
    if (detector === undefined) return;
    const { timers, random, changed } = this.options;
    const before = detector.state;
    const [state, effects] = nextCircuitBreaker(before, event, timers.nowMs(), random);
    detector.state = state;
    if (isEjected(before) !== isEjected(state)) detector.sinceMs = timers.nowMs();
    if ("reason" in event) detector.reason = event.reason;
    if (isEjected(before) !== isEjected(state) || slowStartSinceMs(before) !== slowStartSinceMs(state)) changed(slot);
    for (const effect of effects) {
      if (effect.type === "probe") void this.trial(slot, detector.generation);
      else if (event.type === "failed") void this.verify(slot, detector.generation, effect.reason);
      // A silent node has not answered a fresh probe of ours either.
      else if (event.type === "silent") this.report(slot, detector.generation, effect.reason, "failed");
      // Of a trial, its own look tells: see there.
      else if (event.type === "tick") this.report(slot, detector.generation, effect.reason);
    }
  }

  private async trial(slot: number, generation: number): Promise<void> {
    const seen = await this.options.look(slot);
    if (seen.kind === "reached") return this.tell(slot, generation, { type: "trialled", ok: true });
    const wasOnTrial = this.current(slot, generation)?.state.state === "trial";
    this.tell(slot, generation, { type: "trialled", ok: false, reason: seen.reason });
    if (wasOnTrial) this.reportSeen(slot, generation, seen, seen.reason);
  }

  /** Looks at a node that was ejected just now. */
  private async verify(slot: number, generation: number, reason: string): Promise<void> {
    const seen = await this.options.look(slot);
    const detector = this.current(slot, generation);
    if (detector === undefined || !isEjected(detector.state)) return;
    if (seen.kind === "reached") this.tell(slot, generation, { type: "reached" });
    else this.reportSeen(slot, generation, seen, reason);
  }

  private reportSeen(slot: number, generation: number, seen: ProbeResult, reason: string): void {
    if (seen.kind === "unreachable") this.report(slot, generation, reason, "failed");
    // Another cluster's node: the coordinator may see that for itself.
    else if (seen.kind === "foreign") this.report(slot, generation, reason);
  }

  private report(slot: number, generation: number, reason: string, probe?: "failed"): void {
    const detector = this.current(slot, generation);
    const nowMs = this.options.timers.nowMs();
    if (detector === undefined || nowMs - detector.reportedAtMs < reportsOfNodeMs || !this.reportRate.tryTake()) return;
    detector.reportedAtMs = nowMs;
    this.options.report(slot, reason, probe);
  }

  private current(slot: number, generation: number): Watched | undefined {
    const detector = this.detectors.get(slot);
    return detector?.generation === generation ? detector : undefined;
  }

  private wakeWhenDue(): void {
    this.cancelTimer();
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { state } of this.detectors.values()) dueMs = Math.min(dueMs, circuitBreakerDueMs(state) ?? dueMs);
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.cancelTimer = this.options.timers.after(dueMs - this.options.timers.nowMs(), () => {
      const nowMs = this.options.timers.nowMs();
      for (const [slot, { state }] of this.detectors) {
        if ((circuitBreakerDueMs(state) ?? Number.POSITIVE_INFINITY) <= nowMs) this.step(slot, { type: "tick" });
      }
      this.wakeWhenDue();
    });
  }
}
