import type { SealedBy } from "./seal.js";

/** More senders than a fleet has processes, candidates of the leader and commands of operators together. */
const sendersMax = 16_384;

interface Last {
  readonly sequence: number;
  readonly atMs: number;
}

/**
 * Lets each sealed message through once: the sequence of a sender only grows. What was seen of a sender is forgotten
 * once its last message is so old that its age is refused. Bounded; only who has the secret can fill it.
 */
export class SealedOrder {
  private readonly last = new Map<string, Last>();
  private forgetAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly forgetAfterMs: number) {}

  /** Whether this is newer than everything of its sender so far; it counts as seen from then on. */
  isNew({ sender, sequence }: Pick<SealedBy, "sender" | "sequence">, nowMs: number): boolean {
    this.forget(nowMs);
    const before = this.last.get(sender);
    if (before !== undefined && sequence <= before.sequence) return false;
    if (before === undefined && this.last.size >= sendersMax) return false;
    this.last.set(sender, { sequence, atMs: nowMs });
    return true;
  }

  private forget(nowMs: number): void {
    if (nowMs < this.forgetAtMs) return;
    this.forgetAtMs = nowMs + this.forgetAfterMs;
    for (const [sender, { atMs }] of this.last) {
      if (atMs < nowMs - this.forgetAfterMs) this.last.delete(sender);
    }
  }
}
