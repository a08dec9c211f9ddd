import { messageOf, present, type Timers } from "@rollcall/core";
import type { ConnectionShares, Mark, NodeRecord, OperationsInForce, Topology, Version } from "@rollcall/core/view";
import { PublicationPace } from "./publication-pace.js";
import { reasonOf } from "./store/redis-problem.js";
import type { Lease, Renewal, ViewStore } from "./store/view-store.js";
import type { WarnOnce } from "./warn-once.js";

/** Of the warning that it cannot be published: see {@link WarnOnce}. */
export const publicationTopic = "publication";

/** What a leader has found, before it has a version. */
export interface MonitorFindings {
  readonly clusterUuid: string | undefined;
  readonly clusterName: string | undefined;
  readonly source: Topology["source"];
  readonly nodes: readonly NodeRecord[];
  readonly marks: Readonly<Record<string, Mark>>;
}

export interface ViewPublisherParts {
  readonly store: ViewStore;
  readonly lease: Lease;
  readonly findings: () => MonitorFindings;
  /** What operators have asked for; its times are on the clock of the store. */
  readonly operations: () => OperationsInForce;
  /** Undefined: no replica has a connection budget. */
  readonly connections: () => ConnectionShares | undefined;
  /** How many replicas there are. */
  readonly replicas: () => number;
  /** The clock on which the times of `marks` are. */
  readonly timers: Timers;
  /** Whether the lease is still held by our own clock; read before each publication. */
  readonly mayPublish: () => boolean;
  /** The lease is over, by the store or by `mayPublish`: nothing more is published. Called once. */
  readonly lost: () => void;
  readonly warnings: WarnOnce;
}

/**
 * Publishes under one lease: numbers the documents, and beats between publications so that readers see a live leader.
 * The first publication has both documents.
 *
 * It publishes the newest findings, not each: a change during a publication goes out with the next, and many in a row
 * are gathered ({@link PublicationPace}). What the store did not take because it failed goes out with the next change, or
 * after the next good renewal.
 */
export class ViewPublisher {
  private topologySequence = 0;
  private marksSequence = 0;
  private beats = 0;
  private topologyIsNew = false;
  private marksAreNew = false;
  private isWorking = false;
  private working: Promise<void> | undefined;
  private stopped = false;
  private readonly pace = new PublicationPace();
  private nodesPublished = 0;
  /** Ends the wait for the next publication. */
  private endWait = () => {};
  /** They wait until the present marks are published. */
  private waiting: ((version: Version | undefined) => void)[] = [];

  constructor(private readonly parts: ViewPublisherParts) {}

  topologyChanged(): void {
    this.topologyIsNew = true;
    this.work();
  }

  marksChanged(): void {
    this.marksAreNew = true;
    this.work();
  }

  /** Publishes both documents, changed or not: the store has none of this lease, or has lost one. */
  publishAll(): void {
    this.topologyIsNew = true;
    this.marksAreNew = true;
    this.work();
  }

  /**
   * Resolves once the marks are published as they are now, with the version that has them; with undefined if publishing
   * ends before.
   */
  marksPublished(): Promise<Version | undefined> {
    if (this.stopped) return Promise.resolve(undefined);
    if (!this.marksAreNew && !this.isWorking) return Promise.resolve(this.version(this.marksSequence));
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Keeps the lease, and beats. Rejects if the store does. */
  async renew(): Promise<Renewal> {
    const renewal = await this.parts.store.renew(this.parts.lease, ++this.beats);
    // The store answers: what it did not take goes out now.
    if (renewal === "kept") this.work();
    return renewal;
  }

  /** Publishes nothing more. Resolves when the last publication has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.endWait();
    await this.working;
    this.settleWaiting(undefined);
  }

  private work(): void {
    if (this.isWorking || this.stopped) return;
    this.isWorking = true;
    this.working = this.workOff();
  }

  private async workOff(): Promise<void> {
    // All changes of this turn go out together.
    await Promise.resolve();
    let goesOn = true;
    while (goesOn && !this.stopped && (this.topologyIsNew || this.marksAreNew)) {
      const waitMs = this.pace.waitMs(this.nodesPublished, this.parts.timers.nowMs());
      if (waitMs > 0) await this.wait(waitMs);
      goesOn = !this.stopped && (await this.publish());
    }
    this.isWorking = false;
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.parts.timers.after(ms, resolve);
      this.endWait = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Whether to go on, if there is more to publish. */
  private async publish(): Promise<boolean> {
    const { store, lease, replicas, warnings } = this.parts;
    // This process may just have been stopped for long: nothing is published under a lease that is over.
    if (!this.parts.mayPublish()) return this.lose();
    const { topologyIsNew, marksAreNew } = this;
    this.topologyIsNew = false;
    this.marksAreNew = false;
    if (topologyIsNew) this.topologySequence++;
    if (marksAreNew) this.marksSequence++;
    try {
      const isPublished = await store.publish(lease, {
        head: {
          topology: this.version(this.topologySequence),
          marks: this.version(this.marksSequence),
          beat: this.beats,
          replicas: replicas(),
        },
        ...present({
          topology: topologyIsNew ? this.topology() : undefined,
          marks: marksAreNew ? this.marks() : undefined,
        }),
      });
      if (!isPublished) return this.lose();
      warnings.end(publicationTopic, "view.published", "the view is published again");
      if (!this.marksAreNew) this.settleWaiting(this.version(this.marksSequence));
      return true;
    } catch (error) {
      this.topologyIsNew ||= topologyIsNew;
      this.marksAreNew ||= marksAreNew;
      const problem = messageOf(error);
      const text = `the view could not be published: ${problem}`;
      warnings.warn(publicationTopic, "view.unpublished", { problem }, text, reasonOf(problem));
      return false;
    }
  }

  private lose(): false {
    if (!this.stopped) {
      this.stopped = true;
      this.settleWaiting(undefined);
      this.parts.lost();
    }
    return false;
  }

  private settleWaiting(version: Version | undefined): void {
    for (const resolve of this.waiting.splice(0)) resolve(version);
  }

  private topology(): Topology {
    const { clusterUuid, clusterName, source, nodes } = this.parts.findings();
    this.nodesPublished = nodes.length;
    return {
      version: this.version(this.topologySequence),
      ...present({ clusterUuid, clusterName }),
      source,
      nodes,
    };
  }

  private marks() {
    const { store, timers, findings, operations, connections } = this.parts;
    const { drains, pause } = operations();
    const aheadMs = store.nowMs() - timers.nowMs();
    const nodes: Record<string, Mark> = {};
    for (const [key, mark] of Object.entries(findings().marks)) nodes[key] = markLater(mark, aheadMs);
    const inForce = present({ drains: drains.length === 0 ? undefined : drains, pause, connections: connections() });
    return { version: this.version(this.marksSequence), nodes, ...inForce };
  }

  private version(sequence: number): Version {
    const { epoch, leader } = this.parts.lease;
    return { epoch, leader, sequence };
  }
}

/** The mark on another clock, which is ahead by `byMs`. */
export function markLater(mark: Mark, byMs: number): Mark {
  const { sinceMs, down, ...rest } = mark;
  return {
    ...rest,
    sinceMs: sinceMs + byMs,
    ...(down === undefined ? {} : { down: { ...down, holdUntilMs: down.holdUntilMs + byMs } }),
  };
}
