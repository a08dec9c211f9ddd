import { present } from "@rollcall/core";
import { type Freshness, freshnessOfHead, type Heartbeat, type View } from "@rollcall/core/view";

export interface CoordinatorState {
  readonly replica: string;
  readonly host: string;
  readonly pid: number;
  readonly isLeading: boolean;
  /** The newest view that the store has shown; undefined before the first. */
  readonly view: View | undefined;
  /** The store's own clock. */
  readonly storeNowMs: number;
}

/** What a coordinator without a pool publishes about itself. */
export function coordinatorHeartbeat({ view, storeNowMs, isLeading, ...process }: CoordinatorState): Heartbeat {
  return {
    ...process,
    role: "coordinator",
    leading: isLeading,
    freshness: viewFreshness(view, storeNowMs),
    ...present({ view: view && { topology: view.head.topology, marks: view.head.marks, beat: view.head.beat } }),
    ejected: [],
    threads: [],
  };
}

/** How fresh a view is by its head; "orphan" without a view. */
export function viewFreshness(view: View | undefined, storeNowMs: number): Freshness {
  return view === undefined ? "orphan" : freshnessOfHead(view.head, storeNowMs - view.head.atMs);
}
