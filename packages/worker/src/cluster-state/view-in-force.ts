import { compareVersions, type Freshness, type View } from "@rollcall/core/view";

/**
 * "shared": the view of all processes, or the only one. "own": kept by this process alone, while no leader keeps that.
 */
export type ViewOrigin = "shared" | "own";

/** The user of a view. */
export interface ViewConsumer {
  /**
   * To be called with each view, with each beat of it, and when its freshness changes. Only the marks of a "fresh" view
   * are to be obeyed.
   */
  apply(view: View, freshness: Freshness, origin: ViewOrigin): void;
}

/** The view in force. */
export interface ViewInForce {
  readonly view: View | undefined;
  readonly freshness: Freshness;
  readonly origin: ViewOrigin;
}

export const noView: ViewInForce = { view: undefined, freshness: "fresh", origin: "shared" };

/**
 * Combines a new view with the one in force, and names what has changed. An older document is ignored, also beside
 * a newer one, and a beat refreshes no more than the age. Versions compare within one origin only: a view of another
 * origin replaces what is in force.
 */
export function nextViewInForce(
  before: ViewInForce,
  view: View,
  freshness: Freshness,
  origin: ViewOrigin,
): { readonly applied: ViewInForce; readonly news: "topology" | "marks" | undefined } {
  const current = origin === before.origin ? before.view : undefined;
  const topology = current === undefined ? 1 : compareVersions(view.topology.version, current.topology.version);
  const marks = current === undefined ? 1 : compareVersions(view.marks.version, current.marks.version);
  const isOlder = topology < 0 || marks < 0;
  const isOldBeat = topology === 0 && marks === 0 && current !== undefined && view.head.beat < current.head.beat;
  const applied = { view: isOlder || isOldBeat ? before.view : view, freshness, origin };
  if (topology > 0 && !isOlder) return { applied, news: "topology" };
  const isNews = (marks > 0 && !isOlder) || freshness !== before.freshness;
  return { applied, news: isNews ? "marks" : undefined };
}
