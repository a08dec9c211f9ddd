import type { Logger } from "@rollcall/core";
import type { LocalMark } from "@rollcall/core/health";
import type { Mark, NodeRecord, Topology, Version } from "@rollcall/core/view";
import { Notices } from "./notices.js";
import type { Lease, ViewStore } from "./store/view-store.js";

/** What a coordinator knows at one moment, before it has a version. */
export interface Findings {
  readonly clusterUuid: string | undefined;
  readonly clusterName: string | undefined;
  readonly source: Topology["source"];
  readonly nodes: readonly NodeRecord[];
  readonly marks: Readonly<Record<string, LocalMark>>;
}

/**
 * Publishes under a lease: numbers the documents, and beats between them so that readers see that somebody is there.
 *
 * It publishes the newest findings, not each: what changes while a publication is under way goes out with the next.
 * A store that fails is tried again at the next change or beat, with a lease taken anew.
 */
export class Announcer {
  private lease: Lease | undefined;
  private topologySequence = 0;
  private marksSequence = 0;
  private beats = 0;
  private topologyIsNew = true;
  private marksAreNew = true;
  private beatIsDue = false;
  private isWorking = false;
  private working: Promise<void> | undefined;
  private closed = false;
  private readonly notices: Notices;

  constructor(
    private readonly store: ViewStore,
    private readonly leader: string,
    private readonly findings: () => Findings,
    /** The coordinator's own monotonic clock, on which `LocalMark` times are. */
    private readonly nowMs: () => number,
    logger: Logger,
  ) {
    this.notices = new Notices(logger);
  }

  topologyChanged(): void {
    this.topologyIsNew = true;
    this.work();
  }

  marksChanged(): void {
    this.marksAreNew = true;
    this.work();
  }

  /** To be called every couple of seconds: keeps the lease, or tries to get it. */
  beat(): void {
    this.beatIsDue = true;
    this.work();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.working;
    if (this.lease !== undefined) await this.store.release(this.lease).catch(() => {});
  }

  private work(): void {
    if (this.isWorking) return;
    this.isWorking = true;
    this.working = this.workOff();
  }

  private async workOff(): Promise<void> {
    // All that changes in this turn goes out together.
    await Promise.resolve();
    while (!this.closed && (this.topologyIsNew || this.marksAreNew || this.beatIsDue)) {
      try {
        await this.publish();
        this.notices.clear("store");
      } catch (error) {
        this.lease = undefined;
        const problem = error instanceof Error ? error.message : "unknown";
        this.notices.warn("store", { problem }, `the view could not be published: ${problem}`);
      }
      if (this.lease === undefined) break;
    }
    this.isWorking = false;
  }

  private async publish(): Promise<void> {
    const beat = this.beatIsDue;
    this.beatIsDue = false;
    if (this.lease === undefined && !(await this.acquire())) return;
    const { lease } = this;
    if (lease === undefined) return;

    let kept = true;
    if (this.topologyIsNew || this.marksAreNew) {
      if (this.topologyIsNew) this.topologySequence++;
      if (this.marksAreNew) this.marksSequence++;
      const topology = this.topologyIsNew ? this.topology(lease) : undefined;
      const marks = this.marksAreNew ? this.marks(lease) : undefined;
      this.topologyIsNew = false;
      this.marksAreNew = false;
      kept = await this.store.publish(lease, {
        head: {
          topology: this.version(lease, this.topologySequence),
          marks: this.version(lease, this.marksSequence),
          beat: this.beats,
          replicas: 0,
        },
        ...(topology === undefined ? {} : { topology }),
        ...(marks === undefined ? {} : { marks }),
      });
    } else if (beat) kept = (await this.store.renew(lease, ++this.beats)) !== "lost";
    if (!kept) this.lease = undefined;
  }

  /** A new epoch begins with both documents: what an earlier leader wrote may be older than what we know. */
  private async acquire(): Promise<boolean> {
    this.lease = await this.store.acquire(this.leader, 0);
    this.topologyIsNew = true;
    this.marksAreNew = true;
    return this.lease !== undefined;
  }

  private topology(lease: Lease): Topology {
    const { clusterUuid, clusterName, source, nodes } = this.findings();
    return {
      version: this.version(lease, this.topologySequence),
      ...(clusterUuid === undefined ? {} : { clusterUuid }),
      ...(clusterName === undefined ? {} : { clusterName }),
      source,
      nodes,
    };
  }

  private marks(lease: Lease) {
    const toStoreMs = this.store.nowMs() - this.nowMs();
    const nodes: Record<string, Mark> = {};
    for (const [key, mark] of Object.entries(this.findings().marks)) {
      nodes[key] = { ...mark, sinceMs: mark.sinceMs + toStoreMs };
    }
    return { version: this.version(lease, this.marksSequence), nodes };
  }

  private version({ epoch, leader }: Lease, sequence: number): Version {
    return { epoch, leader, sequence };
  }
}
