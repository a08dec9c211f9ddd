import type { ViewStore } from "@rollcall/coordinator";
import {
  type Logger,
  logEvent,
  present,
  type Random,
  ReducerRunner,
  type Timers,
  type Unsubscribe,
} from "@rollcall/core";
import {
  beatAgeMs,
  type Freshness,
  type Head,
  newViewLiveness,
  nextViewLiveness,
  type View,
  type ViewLiveness,
  type ViewLivenessEvent,
  viewLivenessDueMs,
} from "@rollcall/core/view";
import { costText, type IncidentMeter } from "./incident-cost.js";
import type { StandaloneMonitor } from "./standalone-monitor.js";
import type { ViewConsumer, ViewOrigin } from "./view-in-force.js";

export interface SharedViewFollowerOptions {
  readonly store: Pick<ViewStore, "subscribe" | "nowMs">;
  readonly consumer: ViewConsumer;
  /** Of the views of the store: "sealed" where none but a process with the secret can have written them. */
  readonly origin: Exclude<ViewOrigin, "own">;
  /** Begins to monitor the cluster for this process alone, from the last view, and passes on its own views. */
  readonly monitorAlone: (
    from: View | undefined,
    show: (view: View) => void,
  ) => Pick<StandaloneMonitor, "ageMs" | "close" | "problem" | "report">;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Pick<IncidentMeter, "begin">;
}

type State = ViewLiveness["state"];

/** A view or a beat has come, or the liveness has another state than before. */
interface News {
  readonly before: State;
}

/**
 * Follows the view that replicas share, and a standalone monitor while no leader keeps that: see `ViewLiveness` of
 * core, whose decisions it carries out. The loss of the store or of the leader never fails or delays a request: the
 * consumer always has a view, at worst that of the configured nodes.
 */
export class SharedViewFollower {
  private readonly liveness: ReducerRunner<ViewLiveness, ViewLivenessEvent, News>;
  private view: View | undefined;
  private alone: ReturnType<SharedViewFollowerOptions["monitorAlone"]> | undefined;
  private readonly ending = new Set<Promise<void>>();
  private unsubscribe: Unsubscribe = () => {};
  /** Measures the time since the last beat; absent while beats come. */
  private incident: ReturnType<IncidentMeter["begin"]> | undefined;

  constructor(private readonly options: SharedViewFollowerOptions) {
    const { timers, random } = options;
    this.liveness = new ReducerRunner<ViewLiveness, ViewLivenessEvent, News>(
      newViewLiveness(timers.nowMs(), random),
      {
        next: (before, event, nowMs) => {
          const after = nextViewLiveness(before, event, nowMs, random);
          const isNews = event.type !== "tick" || before.state !== after.state;
          return [after, isNews ? [{ before: before.state }] : []];
        },
        dueMs: viewLivenessDueMs,
        tick: { type: "tick" },
      },
      { timers, carryOut: ({ before }) => this.follow(before) },
    );
  }

  start(): void {
    this.unsubscribe = this.options.store.subscribe((view) => {
      const last = this.view?.head;
      this.view = view;
      this.liveness.send(isSameBeat(view.head, last) ? { type: "documents" } : this.beatOf(view.head));
    });
  }

  /** How far the shared view is to be trusted; "orphan" while there is none. */
  get freshness(): Freshness {
    const { state } = this.liveness.state;
    return state === "fresh" || state === "stale" ? state : "orphan";
  }

  /** The shared view as it last came, whether or not it is followed. */
  get shared(): View | undefined {
    return this.view;
  }

  /** Present while this process monitors the cluster alone. */
  get monitor(): Pick<StandaloneMonitor, "problem" | "report"> | undefined {
    return this.alone;
  }

  /** Since the last beat of the view that is followed; Infinity where there is none. */
  get ageMs(): number {
    return this.alone?.ageMs ?? beatAgeMs(this.liveness.state, this.options.timers.nowMs());
  }

  async close(): Promise<void> {
    this.liveness.close();
    this.unsubscribe();
    this.endMonitor();
    await Promise.all(this.ending);
  }

  private beatOf({ atMs, released }: Head): ViewLivenessEvent {
    return { type: "beat", ageMs: this.options.store.nowMs() - atMs, ...present({ released }) };
  }

  private follow(before: State): void {
    const { consumer } = this.options;
    const { state } = this.liveness.state;
    if (before !== state) this.log(before, state);
    if (state === "standalone") {
      if (before !== "standalone") this.beginMonitor();
      return;
    }
    this.endMonitor();
    if (this.view !== undefined) consumer.apply(this.view, this.freshness, this.options.origin);
  }

  private beginMonitor(): void {
    const { monitorAlone, consumer } = this.options;
    this.alone = monitorAlone(this.view, (view) => {
      if (this.liveness.state.state === "standalone") consumer.apply(view, "fresh", "own");
    });
  }

  private endMonitor(): void {
    if (this.alone === undefined) return;
    const ended = this.alone.close();
    this.alone = undefined;
    this.ending.add(ended);
    void ended.finally(() => this.ending.delete(ended));
  }

  private log(before: State, after: State): void {
    const { logger, timers } = this.options;
    const leader = this.view?.head.topology.leader;
    const silentMs = beatAgeMs(this.liveness.state, timers.nowMs());
    const silentS = Math.round(silentMs / 1_000);
    if (after !== "fresh" && before !== "searching") this.incident ??= this.options.meter.begin(silentMs);
    switch (after) {
      case "fresh":
        if (before === "searching") return logEvent(logger, "view.found", { leader }, "found a shared view");
        return this.logRecovery(leader);
      case "stale":
        if (this.view?.head.released === true) {
          const text = "the shared view has no leader: its last leader has given the lease back";
          return logEvent(logger, "view.released", { leader }, `${text}: its down marks are hints until another leads`);
        }
        return logEvent(
          logger,
          "view.stale",
          { leader, silentS },
          `no beat of the shared view for ${silentS} s: its down marks are hints now`,
        );
      case "orphan":
        return logEvent(
          logger,
          "view.orphaned",
          { leader, silentS },
          `no beat of the shared view for ${silentS} s: it is given up`,
        );
      case "standalone":
        return logEvent(
          logger,
          "view.private",
          {},
          "this process monitors the cluster for itself until the shared view has a leader",
        );
      case "searching":
        return;
    }
  }

  private logRecovery(leader: string | undefined): void {
    const cost = this.incident?.();
    this.incident = undefined;
    const paid = cost === undefined ? "" : `, ${costText(cost)}`;
    const text = `the shared view has a leader again and is followed${paid}`;
    logEvent(this.options.logger, "view.recovered", { leader, ...cost }, text);
  }
}

/** A head comes once more with each document that it names. */
function isSameBeat(one: Head, other: Head | undefined): boolean {
  return one.atMs === other?.atMs && one.beat === other.beat && one.released === other.released;
}
