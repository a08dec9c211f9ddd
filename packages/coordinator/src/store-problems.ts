import { messageOf } from "@rollcall/core";
import { reasonOf } from "./store/redis-problem.js";
import type { ViewStore } from "./store/view-store.js";
import type { WarnOnce } from "./warn-once.js";

/** Apart, because one may go on failing while the other does not. */
type Topic = "lease" | "last view";

const events = { lease: "lease.failed", "last view": "view.unread" } as const;
const ends = {
  lease: ["lease.answered", "the store answers requests for the lease again"],
  "last view": ["view.read", "the last view was read"],
} as const;

/**
 * What the store could not do lately: one warning when a topic begins to fail, one for each further reason, and one line
 * at its end. None for a store without a connection, which logs that itself.
 */
export class StoreProblems {
  private current: string | undefined;
  private closed = false;

  constructor(
    private readonly warnings: WarnOnce,
    private readonly store: Pick<ViewStore, "isConnected">,
  ) {}

  /** For people; undefined once the store has answered again. */
  get problem(): string | undefined {
    return this.current;
  }

  answered(topic: Topic): void {
    this.current = undefined;
    const [event, text] = ends[topic];
    if (!this.closed) this.warnings.end(topic, event, text);
  }

  failed(topic: Topic, error: unknown, what: string): void {
    const problem = messageOf(error);
    this.current = `${what}: ${problem}`;
    const reason = reasonOf(problem);
    if (this.closed || (reason === "away" && !this.store.isConnected)) return;
    this.warnings.warn(topic, events[topic], { problem }, this.current, reason);
  }

  /** Logs nothing more. */
  close(): void {
    this.closed = true;
  }
}
