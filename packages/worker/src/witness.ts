import { Rate, type Unsubscribe, type ViewStore, type WitnessAsk } from "@rollcall/coordinator";
import type { Timers } from "@rollcall/core";
import type { FreshLook } from "./fresh-look.js";

export interface WitnessParts {
  /** This process's name. */
  readonly replica: string;
  readonly store: Pick<ViewStore, "onWitnessAsk" | "witness">;
  /** Probes a node, by `nodeKey`, once on a new connection; undefined where this process knows no such node. */
  readonly look: (node: string) => Promise<FreshLook> | undefined;
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
export class Witness {
  private readonly rate: Rate;
  private unsubscribe: Unsubscribe = () => {};
  private closed = false;

  constructor(private readonly parts: WitnessParts) {
    this.rate = new Rate(answersPerSecond, parts.timers);
  }

  start(): void {
    this.unsubscribe = this.parts.store.onWitnessAsk((ask) => {
      if (ask.replicas.includes(this.parts.replica)) void this.answer(ask);
    });
  }

  /** Says nothing any more. Probes under way end by their own time. */
  close(): void {
    this.closed = true;
    this.unsubscribe();
  }

  private async answer({ id, node }: WitnessAsk): Promise<void> {
    const { store, replica, look, timers } = this.parts;
    if (!this.rate.take()) return;
    const askedAtMs = timers.nowMs();
    const seen = await look(node);
    const isLate = timers.nowMs() - askedAtMs > answerWithinMs;
    if (this.closed || isLate || seen === undefined || seen.kind === "void" || seen.kind === "foreign") return;
    store.witness({ id, node, replica, ok: seen.kind === "reached" });
  }
}
