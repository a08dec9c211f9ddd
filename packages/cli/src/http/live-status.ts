import { hostname } from "node:os";
import { ReplicaRegistry, type ViewStore } from "@rollcall/coordinator";
import { Listeners, RollcallError, type Timers, type Unsubscribe } from "@rollcall/core";
import type { View } from "@rollcall/core/view";
import { drainProgress, isDrained, progressText } from "../operations/drain-progress.js";
import { reportStatus, type StatusReport, type StatusSnapshot } from "../status-report.js";
import type { PageSeries, PageState } from "./page-state.js";
import { TrafficSeries } from "./traffic-series.js";

export interface LiveStatusParts {
  readonly store: Pick<ViewStore, "isConnected" | "nowMs" | "read" | "subscribe" | "onHeartbeat" | "requestStatus">;
  readonly timers: Timers;
  /** The view's name. */
  readonly name: string;
  /** Where the view is, without secrets. */
  readonly redis: string;
  /** The process that serves the page. */
  readonly coordinator: { readonly isLeading: boolean; readonly problem: string | undefined };
}

type Seen = { readonly kind: "unread" } | { readonly kind: "none" } | { readonly kind: "view"; readonly view: View };

export type CoordinatorReadiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** Until there is a view. */
const readEveryMs = 1_000;
const sampleEveryMs = 5_000;
/** While a page is open: how often replicas are asked, and the page gets the time. */
const askEveryMs = 1_000;
/** Each answer goes to all candidates, so the cost grows with the square. A larger fleet is shown as it beats: every 5 s. */
const askedMax = 32;
/** Changes within this time make one state. */
const gatherMs = 100;
/** From one state to the next: the heartbeats that answer one status request are spread over 200 ms. */
const apartMs = 300;
/** One part in so many of the process's time may be spent on making states. */
const restFactor = 20;
const shownMax = { nodes: 500, replicas: 250, avoidedBy: 20 };

/**
 * The status of a view, kept current from what the store sends: views, beats and heartbeats. It is as true in a process
 * that does not lead. While Redis is away it shows the last view, whose age grows.
 *
 *     searching ──a view──▶ shown ──its cluster is verified──▶ ready
 */
export class LiveStatus {
  private readonly replicas: ReplicaRegistry;
  private readonly series = new TrafficSeries(sampleEveryMs);
  private readonly changes = new Listeners<PageState>();
  private readonly unsubscribe: readonly Unsubscribe[];
  private seen: Seen = { kind: "unread" };
  private wasReady = false;
  private closed = false;
  private tookMs = 0;
  private madeAtMs = Number.NEGATIVE_INFINITY;
  private cancelChange: Unsubscribe | undefined;
  private cancelAsk: Unsubscribe | undefined;
  private cancelSample: Unsubscribe = () => {};
  private cancelRead: Unsubscribe = () => {};

  constructor(private readonly parts: LiveStatusParts) {
    const { store, timers } = parts;
    this.replicas = new ReplicaRegistry(timers);
    this.unsubscribe = [
      store.subscribe((view) => {
        this.take(view);
        this.changeSoon();
      }),
      store.onHeartbeat((heartbeat) => {
        this.replicas.record(heartbeat);
        this.changeSoon();
      }),
    ];
    store.requestStatus();
    this.readUntilThere();
    this.sampleLater();
  }

  /** What the status is made of, now. */
  snapshot(): StatusSnapshot {
    const { name, redis, coordinator } = this.parts;
    const { problem } = coordinator;
    const warnings = problem === undefined ? [] : [problem];
    return { name, redis, seen: this.whatIsSeen(), warnings, heartbeats: this.replicas.heartbeats() };
  }

  /** The status now. */
  report(): StatusReport {
    return reportStatus(this.snapshot());
  }

  /** The status now, as the page shows it. */
  state(): PageState {
    const status = this.report();
    const { nodes, replicas } = status;
    const shown = nodes.slice(0, shownMax.nodes).map((node) => {
      return { ...node, avoidedBy: node.avoidedBy.slice(0, shownMax.avoidedBy) };
    });
    return {
      status: { ...status, nodes: shown, replicas: replicas.slice(0, shownMax.replicas) },
      hidden: {
        nodes: Math.max(0, nodes.length - shownMax.nodes),
        replicas: Math.max(0, replicas.length - shownMax.replicas),
      },
      sample: this.series.sample,
      drains: this.drains(status),
      server: { host: hostname(), pid: process.pid, isLeading: this.parts.coordinator.isLeading },
    };
  }

  /** The traffic of the last minutes. */
  traffic(): PageSeries {
    return this.series.all();
  }

  /**
   * Whether this process can say something of the cluster. It stays ready while Redis or the cluster is away: no
   * request depends on it.
   */
  readiness(): CoordinatorReadiness {
    if (this.wasReady) return { ready: true };
    if (this.seen.kind === "unread") return { ready: false, reason: "Redis has not answered yet" };
    if (this.seen.kind === "none") return { ready: false, reason: "no view has been read yet" };
    return { ready: false, reason: "no node of the cluster has answered yet" };
  }

  /** Calls `listener` about every second, and within a fraction of one of each change. */
  onChange(listener: (state: PageState) => void): Unsubscribe {
    const remove = this.changes.add(listener);
    if (this.cancelAsk === undefined) this.ask();
    return remove;
  }

  /** Calls nothing more. The store stays open. */
  close(): void {
    this.closed = true;
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    for (const cancel of [this.cancelChange, this.cancelAsk, this.cancelSample, this.cancelRead]) cancel?.();
  }

  private take(view: View): void {
    this.seen = { kind: "view", view };
    this.wasReady ||= view.topology.clusterUuid !== undefined;
  }

  private whatIsSeen(): StatusSnapshot["seen"] {
    switch (this.seen.kind) {
      case "unread":
        return { kind: "away", problem: "it has not answered yet" };
      case "none":
        return { kind: "none" };
      case "view":
        return { ...this.seen, nowMs: this.parts.store.nowMs() };
    }
  }

  private drains({ nodes, view }: StatusReport): PageState["drains"] {
    if (view === null) return {};
    const heartbeats = this.replicas.heartbeats();
    const drained = nodes.filter(({ drain }) => drain !== null).slice(0, shownMax.nodes);
    return Object.fromEntries(
      drained.map(({ key }) => {
        const progress = drainProgress(key, view.marks, heartbeats, view.replicas);
        return [key, { text: progressText(progress), isDrained: isDrained(progress) }];
      }),
    );
  }

  private readUntilThere(): void {
    const again = () => {
      if (this.closed || this.seen.kind === "view") return;
      this.cancelRead = this.parts.timers.after(readEveryMs, () => this.readUntilThere());
    };
    this.parts.store.read().then(
      (view) => {
        if (view !== undefined) this.take(view);
        else if (this.seen.kind === "unread") this.seen = { kind: "none" };
        again();
      },
      (error: unknown) => {
        again();
        if (!(error instanceof RollcallError)) throw error;
      },
    );
  }

  private sampleLater(): void {
    this.cancelSample = this.parts.timers.after(sampleEveryMs, () => {
      this.series.take(this.report().nodes);
      this.sampleLater();
    });
  }

  /** While a page is open, what replicas say is never older than a second. */
  private ask(): void {
    if (this.changes.size === 0) {
      this.cancelAsk = undefined;
      return;
    }
    if (this.replicas.count() <= askedMax) this.parts.store.requestStatus();
    this.changeSoon();
    this.cancelAsk = this.parts.timers.after(askEveryMs, () => this.ask());
  }

  private changeSoon(): void {
    if (this.changes.size === 0 || this.cancelChange !== undefined) return;
    const { timers } = this.parts;
    const dueMs = this.madeAtMs + Math.max(apartMs, this.tookMs * restFactor);
    this.cancelChange = timers.after(Math.max(gatherMs, dueMs - timers.nowMs()), () => {
      this.cancelChange = undefined;
      const beginMs = timers.nowMs();
      this.changes.emit(this.state());
      this.madeAtMs = timers.nowMs();
      this.tookMs = this.madeAtMs - beginMs;
    });
  }
}
