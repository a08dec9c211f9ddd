import { RateLimiter, type ViewStore } from "@rollcall/coordinator";
import type { Timers, Unsubscribe } from "@rollcall/core";
import type { PeerProbeRequest } from "@rollcall/core/view";
import type { ProbeResult } from "./probe-once.js";

export interface PeerProbeResponderParts {
  /** This process's name. */
  readonly replica: string;
  readonly store: Pick<ViewStore, "onPeerProbeRequest" | "sendPeerProbeResult">;
  /** Probes a node, by `nodeKey`, once on a new connection; undefined where this process knows no such node. */
  readonly probe: (node: string) => Promise<ProbeResult> | undefined;
  readonly timers: Timers;
}

const answersPerSecond = 10;
/** The leader waits for 1.5 s; what would come later is not sent. */
const answerWithinMs = 1_400;

/**
 * Says whether this process reaches a node, when a leader asks that cannot reach it itself.
 *
 * Only what was seen is said: that the node answers, or that nobody does. Where this process does not know the node, may
 * not ask it, meets another cluster there, or was hardly running meanwhile, it says nothing, and nothing is what the leader
 * makes of it. No more than 10 questions are answered in a second.
 */
export class PeerProbeResponder {
  private readonly rate: RateLimiter;
  private unsubscribe: Unsubscribe = () => {};
  private closed = false;

  constructor(private readonly parts: PeerProbeResponderParts) {
    this.rate = new RateLimiter(answersPerSecond, parts.timers);
  }

  start(): void {
    this.unsubscribe = this.parts.store.onPeerProbeRequest((ask) => {
      if (ask.replicas.includes(this.parts.replica)) void this.answer(ask);
    });
  }

  /** Says nothing any more. Probes under way end by their own time. */
  close(): void {
    this.closed = true;
    this.unsubscribe();
  }

  private async answer({ id, node }: PeerProbeRequest): Promise<void> {
    const { store, replica, probe: look, timers } = this.parts;
    if (!this.rate.tryTake()) return;
    const askedAtMs = timers.nowMs();
    const seen = await look(node);
    const isLate = timers.nowMs() - askedAtMs > answerWithinMs;
    if (this.closed || isLate || seen === undefined || seen.kind === "void" || seen.kind === "foreign") return;
    store.sendPeerProbeResult({ id, node, replica, ok: seen.kind === "reached" });
  }
}
