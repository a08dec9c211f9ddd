import type { HistoryEntry } from "@rollcall/core/view";
import type { StatusReport } from "../status-report.js";

/** What the page shows, as the event `state` carries it. */
export interface PageState {
  /** The report of `/status.json`, with at most 500 nodes and 250 replicas: those in trouble come first. */
  readonly status: StatusReport;
  /** How many of each are left out. */
  readonly hidden: { readonly nodes: number; readonly replicas: number };
  /** Grows by one each time that the traffic of all nodes was sampled. */
  readonly sample: number;
  /** How far each drain is, by the node's key. */
  readonly drains: Readonly<Record<string, PageDrain>>;
  /** The process that serves the page. */
  readonly server: { readonly host: string; readonly pid: number; readonly isLeading: boolean };
}

export interface PageDrain {
  /** For people: how many requests are still in flight, and which replicas have not said so. */
  readonly text: string;
  /** Nothing is left there. */
  readonly isDrained: boolean;
}

/** The traffic of each node by its key, as the event `series` carries it: the oldest sample first. */
export interface PageSeries {
  /** The number of the newest sample. */
  readonly sample: number;
  readonly everyMs: number;
  /** How many are kept. */
  readonly max: number;
  readonly nodes: Readonly<Record<string, NodeSeries>>;
}

export interface NodeSeries {
  readonly perSecond: readonly number[];
  /** Null where there was no answer. */
  readonly p99Ms: readonly (number | null)[];
}

/** What has happened to the view, as the event `history` carries it: the newest 200 entries, the newest first. */
export interface PageHistory {
  readonly entries: readonly PageHistoryEntry[];
}

export interface PageHistoryEntry extends Omit<HistoryEntry, "node"> {
  /** Of the log line that says the same. */
  readonly level: "debug" | "info" | "warn" | "error";
}

/** What the client may do, as the event `access` carries it. */
export interface PageAccess {
  readonly acts: boolean;
  readonly readsWithoutToken: boolean;
  /** Whether there is a token to act with. */
  readonly hasOperators: boolean;
}
