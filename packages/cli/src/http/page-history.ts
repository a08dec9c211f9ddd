import { type LogEventName, logEvents } from "@rollcall/core";
import type { HistoryEntry } from "@rollcall/core/view";
import type { PageHistory } from "./page-state.js";

const shownMax = 200;

/** The newest entries of a history, as the page shows them. */
export function pageHistory(entries: readonly HistoryEntry[]): PageHistory {
  const newest = entries.slice(-shownMax).reverse();
  return { entries: newest.map(({ node: _, ...entry }) => ({ ...entry, level: levelOf(entry.event) })) };
}

/** A newer version of Rollcall may write events that this one does not have. */
function levelOf(event: string): PageHistory["entries"][number]["level"] {
  return Object.hasOwn(logEvents, event) ? logEvents[event as LogEventName].level : "info";
}
