import { compareVersions, type Freshness, isCredibleEpoch, type View } from "@rollcall/core/view";

/**
 * "own": kept by this process alone, because there is no other or while no leader keeps that. "shared": of a store to
 * which other clients may write, too. "sealed": of such a store, and verified by the secret of the view.
 */
export type ViewOrigin = "shared" | "sealed" | "own";

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
 * origin replaces what is in force. So does any view if the store's clock shows that no store can have published the one
 * in force: see `isCredibleEpoch`.
 */
export function nextViewInForce(
  before: ViewInForce,
  view: View,
  freshness: Freshness,
  origin: ViewOrigin,
  storeNowMs: number,
): { readonly applied: ViewInForce; readonly news: "topology" | "marks" | undefined } {
  const current = origin === before.origin && isCredible(before.view, storeNowMs) ? before.view : undefined;
  const topology = current === undefined ? 1 : compareVersions(view.topology.version, current.topology.version);
  const marks = current === undefined ? 1 : compareVersions(view.marks.version, current.marks.version);
  const isOlder = topology < 0 || marks < 0;
  const isOldBeat = topology === 0 && marks === 0 && current !== undefined && view.head.beat < current.head.beat;
  const applied = { view: isOlder || isOldBeat ? before.view : view, freshness, origin };
  if (topology > 0 && !isOlder) return { applied, news: "topology" };
  const isNews = (marks > 0 && !isOlder) || freshness !== before.freshness;
  return { applied, news: isNews ? "marks" : undefined };
}

function isCredible(view: View | undefined, storeNowMs: number): boolean {
  if (view === undefined) return true;
  return isCredibleEpoch(Math.max(view.topology.version.epoch, view.marks.version.epoch), storeNowMs);
}
