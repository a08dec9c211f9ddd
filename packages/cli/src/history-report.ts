import { type HistoryEntry, historyMax } from "@rollcall/core/view";

/** What `--json` shows. */
export interface HistoryReport {
  readonly view: string;
  /** Why there are no entries, where there are none to choose from. */
  readonly problem: string | null;
  /** Those that were asked for, oldest first. */
  readonly entries: readonly (HistoryEntry & { readonly at: string })[];
  /** How many the history holds, and since when. */
  readonly kept: number;
  readonly sinceAt: string | null;
  /** The history is full: what was before is gone. */
  readonly isFull: boolean;
}

export interface HistoryQuestion {
  readonly view: string;
  /** By the store's clock. */
  readonly nowMs: number;
  readonly sinceMs: number | undefined;
  readonly node: string | undefined;
}

/** Chooses the entries that were asked for. `history`: undefined if the view has none. */
export function reportHistory(
  history: readonly HistoryEntry[] | undefined,
  { view, nowMs, sinceMs, node }: HistoryQuestion,
): HistoryReport {
  const kept = history ?? [];
  const entries = kept.filter(
    (entry) => (sinceMs === undefined || entry.atMs >= nowMs - sinceMs) && (node === undefined || isAbout(entry, node)),
  );
  const [oldest] = kept;
  return {
    view,
    problem: history === undefined ? `the view ${view} has no history: no process has led it yet` : null,
    entries: entries.map((entry) => ({ at: clockOf(entry.atMs), ...entry })),
    kept: kept.length,
    sinceAt: oldest === undefined ? null : clockOf(oldest.atMs),
    isFull: kept.length >= historyMax,
  };
}

/** A time that another program wrote may be no date. */
function clockOf(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? `${atMs}` : date.toISOString();
}

function isAbout({ node }: HistoryEntry, wanted: string): boolean {
  if (node === undefined) return false;
  const { key, address, name } = node;
  const id = key.slice(0, key.lastIndexOf("@"));
  const host = address.replace(/:\d+$/, "");
  return [key, address, name, id, host].includes(wanted);
}
