import { beatMs } from "@rollcall/core/health";
import type { DispatchObserver } from "../dispatch/sender.js";
import { ClusterState, type ClusterStateOptions } from "./cluster-state.js";
import type { Reporter, TableSender } from "./collaborators.js";

/** Where the view comes from, and where reports go. */
export interface ViewFeed extends Reporter {
  start(): void;
  close(): Promise<void>;
}

/** What sends requests, and the beat of its own loop, if it has one in this thread. */
export interface Opened {
  readonly sender: TableSender;
  readonly beat?: () => void;
}

/** What each owner provides; all else is wired here. */
export interface ClusterParts<Sending extends Opened, Feed extends ViewFeed> extends ClusterStateOptions {
  readonly openSender: (observer: DispatchObserver) => Sending;
  readonly openView: (state: ClusterState, opened: Sending) => Feed;
}

/** The words of the table hold 2^31 counts each: the longest queue there may be waits so many milliseconds in this time. */
const gatherEveryMs = 2_000;

/**
 * The nodes of a cluster, what sends to them, and where the view of them comes from: the one wiring of the pool, of the
 * simulated process and of the stress test.
 *
 *     sender ── failed, released … ──▶ state ◀── apply ── view
 *        ◀── apply, reroute, pump ──┘     └─── report ──▶
 */
export class Cluster<Sending extends Opened, Feed extends ViewFeed> {
  readonly state: ClusterState;
  readonly opened: Sending;
  readonly view: Feed;
  private cancelBeat = () => {};
  private cancelGathering = () => {};

  constructor(private readonly parts: ClusterParts<Sending, Feed>) {
    this.state = new ClusterState(parts);
    this.opened = parts.openSender(this.state);
    this.view = parts.openView(this.state, this.opened);
  }

  start(): void {
    this.state.connect(this.opened.sender, this.view);
    this.view.start();
    this.beat();
    this.gather();
  }

  /** Ignores the nodes from now on, and closes the view. The sender is its owner's to close. Always resolves. */
  async close(): Promise<void> {
    this.cancelBeat();
    this.cancelGathering();
    this.state.close();
    await this.view.close();
  }

  private beat(): void {
    this.cancelBeat = this.parts.timers.after(beatMs, () => this.beat());
    this.opened.beat?.();
    this.state.beat();
  }

  private gather(): void {
    this.cancelGathering = this.parts.timers.after(gatherEveryMs, () => this.gather());
    this.parts.table.totals.gather();
  }
}
