import { RateLimiter, type ViewStore } from "@rollcall/coordinator";
import type { Timers, Unsubscribe } from "@rollcall/core";
import type { ProbeResult } from "@rollcall/core/health";
import type { PeerProbeRequest } from "@rollcall/core/view";

/** Probes a node, by `nodeKey`, once on a new connection; undefined where this process has no such node. */
export interface PeerProbe {
  probe(key: string): Promise<ProbeResult> | undefined;
}

export interface PeerProbeResponderParts {
  /** This process's name. */
  readonly replica: string;
  readonly store: Pick<ViewStore, "onPeerProbeRequest" | "sendPeerProbeResult">;
  readonly cluster: PeerProbe;
  readonly timers: Timers;
}

const answersPerSecond = 10;
/** The leader waits for 1.5 s: a later answer is not sent. */
const answerWithinMs = 1_400;

/**
 * Answers a leader's peer probe requests: does this process reach the node?
 *
 * It sends only what it saw: the node answers, or it does not. It sends nothing about a node that it does not have or
 * may not probe, if another cluster answers at the address, or if this process was hardly running during the probe. At
 * most 10 answers a second.
 */
export class PeerProbeResponder {
  private readonly rate: RateLimiter;
  private unsubscribe: Unsubscribe = () => {};
  private closed = false;

  constructor(private readonly parts: PeerProbeResponderParts) {
    this.rate = new RateLimiter(answersPerSecond, parts.timers);
  }

  start(): void {
    this.unsubscribe = this.parts.store.onPeerProbeRequest((request) => {
      if (request.replicas.includes(this.parts.replica)) void this.answer(request);
    });
  }

  /** Sends nothing any more. Probes in flight end by their own time. */
  close(): void {
    this.closed = true;
    this.unsubscribe();
  }

  private async answer({ id, node }: PeerProbeRequest): Promise<void> {
    const { store, replica, cluster, timers } = this.parts;
    if (!this.rate.tryTake()) return;
    const askedAtMs = timers.nowMs();
    const result = await cluster.probe(node);
    const isLate = timers.nowMs() - askedAtMs > answerWithinMs;
    if (this.closed || isLate || result === undefined) return;
    if (result.kind === "reached" || result.kind === "unreachable")
      store.sendPeerProbeResult({ id, node, replica, ok: result.kind === "reached" });
  }
}
