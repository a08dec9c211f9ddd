import { compareVersions, isCredibleEpoch, type Version, type View } from "@rollcall/core/view";

/**
 * The newest view that this process has seen. After a failover the store itself may hold only an older one.
 *
 * Views and heartbeats name epochs. An epoch that cannot have been granted is ignored: otherwise it would keep every
 * process from leading. The clock of the store decides each time, since it may be set back.
 */
export class NewestView {
  private newest: View | undefined;

  constructor(
    private readonly storeClock: { nowMs(): number },
    /** Gets each credible epoch that is seen. */
    private readonly onEpoch: (epoch: number) => void,
  ) {}

  get view(): View | undefined {
    return this.newest;
  }

  offer(view: View): void {
    if (!this.isCredible(view.head)) return;
    const { newest } = this;
    if (newest === undefined || !this.isCredible(newest.head) || isNewer(view, newest)) this.newest = view;
    this.onEpoch(epochOf(view.head));
  }

  /** The versions that another process uses. */
  seen(versions: DocumentVersions): void {
    if (this.isCredible(versions)) this.onEpoch(epochOf(versions));
  }

  private isCredible(versions: DocumentVersions): boolean {
    return isCredibleEpoch(epochOf(versions), this.storeClock.nowMs());
  }
}

interface DocumentVersions {
  readonly topology: Version;
  readonly marks: Version;
}

function epochOf({ topology, marks }: DocumentVersions): number {
  return Math.max(topology.epoch, marks.epoch);
}

function isNewer(a: View, b: View): boolean {
  const order = compareVersions(a.topology.version, b.topology.version);
  return order > 0 || (order === 0 && compareVersions(a.marks.version, b.marks.version) > 0);
}
