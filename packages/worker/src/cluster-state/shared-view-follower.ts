import type { ViewStore } from "@rollcall/coordinator";
import type { Logger, Random, Timers, Unsubscribe } from "@rollcall/core";
import {
  beatAgeMs,
  type Freshness,
  newViewLiveness,
  nextViewLiveness,
  type View,
  type ViewLiveness,
  type ViewLivenessEvent,
  viewLivenessDueMs,
} from "@rollcall/core/view";
import type { ViewLine } from "./view-keeper.js";

/** A watch over the cluster that this process keeps for itself alone. */
export interface StandaloneMonitor {
  /** Stops. Nothing is shown afterwards. */
  close(): Promise<void>;
}

export interface SharedViewFollowerOptions {
  readonly store: Pick<ViewStore, "subscribe" | "nowMs">;
  /** Begins to watch the cluster for this process alone, from what was known last, and shows what it finds. */
  readonly watchAlone: (from: View | undefined, show: (view: View) => void) => StandaloneMonitor;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Whoever goes by the view: called with each one, and when its marks are to be trusted more or less than before. */
  readonly follow: (view: View, trust: Freshness, line: ViewLine) => void;
}

/**
 * The view that replicas share, and what stands in for it while nobody keeps it: see `Following` of core, whose decisions
 * this carries out. Losing the store or the coordinator never fails or delays a request: there is always a view to go
 * by, at worst the configured nodes.
 */
export class SharedViewFollower {
  private following: ViewLiveness;
  private view: View | undefined;
  private alone: StandaloneMonitor | undefined;
  private ownView: View | undefined;
  private readonly ending = new Set<Promise<void>>();
  private unsubscribe: Unsubscribe = () => {};
  private cancelTimer = () => {};
  private closed = false;

  constructor(private readonly options: SharedViewFollowerOptions) {
    const { timers, random } = options;
    this.following = newViewLiveness(timers.nowMs(), random);
  }

  start(): void {
    this.unsubscribe = this.options.store.subscribe((view) => {
      this.view = view;
      this.step({ type: "beat", ageMs: this.options.store.nowMs() - view.head.atMs });
    });
    this.wakeWhenDue();
  }

  /** How far the shared view is to be trusted; "orphan" while there is none. */
  get freshness(): Freshness {
    const { state } = this.following;
    return state === "fresh" || state === "stale" ? state : "orphan";
  }

  /** The shared view as it was last heard of, whether or not it is followed. */
  get shared(): View | undefined {
    return this.view;
  }

  /** Since the last beat of the view that is followed; Infinity where there is none. */
  get ageMs(): number {
    const { timers, store } = this.options;
    return this.ownView === undefined
      ? beatAgeMs(this.following, timers.nowMs())
      : store.nowMs() - this.ownView.head.atMs;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.unsubscribe();
    this.cancelTimer();
    this.endWatch();
    await Promise.all(this.ending);
  }

  private step(event: ViewLivenessEvent): void {
    if (this.closed) return;
    const { timers, random } = this.options;
    const before = this.following.state;
    this.following = nextViewLiveness(this.following, event, timers.nowMs(), random);
    this.carryOut(before, this.following.state, event);
    this.wakeWhenDue();
  }

  private carryOut(before: ViewLiveness["state"], after: ViewLiveness["state"], event: ViewLivenessEvent): void {
    if (before !== after) this.tell(before, after);
    if (after === "standalone") {
      if (before !== "standalone") this.beginWatch();
      return;
    }
    this.endWatch();
    // A tick that has changed nothing is no news.
    if (this.view !== undefined && (event.type === "beat" || before !== after)) {
      this.options.follow(this.view, this.freshness, "shared");
    }
  }

  private tell(before: ViewLiveness["state"], after: ViewLiveness["state"]): void {
    const { logger, timers } = this.options;
    const leader = this.view?.head.topology.leader;
    const silentS = Math.round(beatAgeMs(this.following, timers.nowMs()) / 1_000);
    switch (after) {
      case "fresh":
        if (before === "searching") logger.debug({ leader }, "a shared view was found");
        else logger.info({ leader }, "the shared view is kept again, and followed");
        return;
      case "stale":
        return logger.warn(
          { leader, silentS },
          `nobody has kept the shared view for ${silentS} s: its marks are but hints`,
        );
      case "orphan":
        return logger.warn({ leader, silentS }, `nobody has kept the shared view for ${silentS} s: it is given up`);
      case "standalone":
        return logger.warn({}, "until somebody keeps a shared view, this process watches the cluster for itself");
      case "searching":
        return;
    }
  }

  private wakeWhenDue(): void {
    this.cancelTimer();
    const dueMs = viewLivenessDueMs(this.following);
    if (dueMs === undefined || this.closed) return;
    const { timers } = this.options;
    this.cancelTimer = timers.after(dueMs - timers.nowMs(), () => this.step({ type: "tick" }));
  }

  private beginWatch(): void {
    const { watchAlone, follow } = this.options;
    this.alone = watchAlone(this.view, (view) => {
      if (this.following.state !== "standalone") return;
      this.ownView = view;
      follow(view, "fresh", "own");
    });
  }

  private endWatch(): void {
    if (this.alone === undefined) return;
    const ended = this.alone.close();
    this.alone = undefined;
    this.ownView = undefined;
    this.ending.add(ended);
    void ended.finally(() => this.ending.delete(ended));
  }
}
