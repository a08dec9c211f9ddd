import { type Coordinator, createMemoryStore, type ViewStore } from "@rollcall/coordinator";
import type { Clock } from "@rollcall/core";
import type { FailureReport, View } from "@rollcall/core/view";

/**
 * A coordinator that this process runs for itself alone, over a store in memory. It begins with the last view.
 */
export class StandaloneMonitor {
  private readonly store: ViewStore;
  private readonly coordinator: Coordinator;
  private readonly unsubscribe: () => void;
  private newest: View | undefined;

  constructor(
    clock: Clock,
    from: View | undefined,
    newCoordinator: (store: ViewStore) => Coordinator,
    show: (view: View) => void,
  ) {
    this.store = createMemoryStore(clock, from === undefined ? undefined : unnumbered(from));
    this.coordinator = newCoordinator(this.store);
    this.unsubscribe = this.store.subscribe((view) => {
      this.newest = view;
      show(view);
    });
    this.coordinator.start();
  }

  /** Since the last beat of its view; undefined before the first. */
  get ageMs(): number | undefined {
    return this.newest === undefined ? undefined : this.store.nowMs() - this.newest.head.atMs;
  }

  /** What stands in the way of finding the cluster's nodes. For people. */
  get problem(): string | undefined {
    return this.coordinator.problem;
  }

  report(report: FailureReport): void {
    this.store.report(report);
  }

  /** Stops, and passes no further view on. */
  async close(): Promise<void> {
    this.unsubscribe();
    await this.coordinator.close();
  }
}

/** This process numbers its own views from the beginning, whatever epochs others have used. */
function unnumbered({ topology, marks, head }: View): View {
  const version = { epoch: 0, leader: "", sequence: 0 };
  return {
    topology: { ...topology, version },
    marks: { ...marks, version },
    head: { ...head, topology: version, marks: version },
  };
}
