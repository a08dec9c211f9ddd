import { type LogEventName, messageOf, present, printable, type Timers, type Unsubscribe } from "@rollcall/core";
import {
  type HistoryEntry,
  type HistoryNode,
  historyMax,
  mergedHistory,
  summedUp,
  viewLimits,
  withNews,
} from "@rollcall/core/view";
import { reasonOf } from "./store/redis-problem.js";
import type { Lease, ViewStore } from "./store/view-store.js";
import type { WarnOnce } from "./warn-once.js";

/** What has happened, before it has a time. */
export interface HistoryNews {
  readonly event: LogEventName;
  /** Absent: it is about no node. {@link historyNode} of core makes one of a record. */
  readonly node?: HistoryNode;
  /** A sentence with the evidence, for people: the text of the log line. Cut at 400 characters. No secret. */
  readonly text: string;
  /** Absent: this process. An operator: `user@host`. */
  readonly by?: string;
}

export interface HistoryRecorderParts {
  readonly store: Pick<ViewStore, "addHistory" | "readHistory" | "onHistory" | "isConnected" | "nowMs">;
  readonly timers: Timers;
  /** The name of this process in heartbeats. */
  readonly replica: string;
  readonly warnings: WarnOnce;
}

/** Of the warning that it cannot be written: see {@link WarnOnce}. */
export const historyTopic = "history";
/** Entries wait so long for others, and are then written together. */
const writeEveryMs = 1_000;

/**
 * The view's history: this process keeps a copy, and adds to it while it leads.
 *
 * To add an entry, in anything that a term owns, beside the log line that says the same:
 *
 *     history.record({ event: "operation.drain", node: historyNode(record), text: "…", by: "ops@laptop" })
 *
 * It never fails and never waits. What one process records while it leads is in the store within about a second, and
 * when its term ends; what the store did not take goes out with the next write. Where a Redis has lost the history, the
 * next leader writes its copy. Entries that differ in nothing are one.
 */
export class HistoryRecorder {
  private entries: readonly HistoryEntry[] = [];
  private unwritten: readonly HistoryEntry[] = [];
  private lease: Lease | undefined;
  private writing: Promise<void> | undefined;
  private cancel: (() => void) | undefined;
  private unsubscribe: Unsubscribe = () => {};

  constructor(private readonly parts: HistoryRecorderParts) {}

  /** Begins to keep a copy of what other leaders add. */
  start(): void {
    this.unsubscribe = this.parts.store.onHistory((entries) => this.keep(entries));
  }

  /** Whether this process has a copy of a history. */
  get isKept(): boolean {
    return this.entries.length > 0;
  }

  /** For a process that leads. What is recorded between two terms goes out with the next. */
  record({ event, node, text, by = this.parts.replica }: HistoryNews): void {
    const cut = printable(text).slice(0, viewLimits.historyTextMaxLength);
    const entry = { atMs: this.parts.store.nowMs(), event, ...present({ node }), text: cut, by };
    this.unwritten = [...this.unwritten, entry].slice(-historyMax);
    this.writeLater();
  }

  /** A term begins with this lease. `stored`: the history as the store has it. */
  begin(lease: Lease, stored: readonly HistoryEntry[] | undefined): void {
    this.keep(stored);
    this.lease = lease;
    this.writeLater();
  }

  /** The term ends. Resolves once what is left is written, or was refused. */
  async end(): Promise<void> {
    this.cancel?.();
    this.cancel = undefined;
    await this.writing;
    if (this.parts.store.isConnected) await this.write();
    this.lease = undefined;
  }

  close(): void {
    this.cancel?.();
    this.unsubscribe();
  }

  private keep(entries: readonly HistoryEntry[] | undefined): void {
    if (entries !== undefined) this.entries = mergedHistory(this.entries, entries);
  }

  private writeLater(): void {
    if (this.lease === undefined || this.unwritten.length === 0) return;
    this.cancel ??= this.parts.timers.after(writeEveryMs, () => {
      this.writing = this.write().finally(() => {
        this.cancel = undefined;
        this.writeLater();
      });
    });
  }

  private async write(): Promise<void> {
    const { lease } = this;
    const { store, warnings } = this.parts;
    const news = summedUp(this.unwritten);
    if (lease === undefined || news.length === 0) return;
    this.unwritten = [];
    const entries = withNews(this.entries, news);
    try {
      if (await store.addHistory(lease, entries, news.length)) {
        this.keep(news);
        return warnings.end(historyTopic, "history.written", "the history is written again");
      }
    } catch (error) {
      const problem = messageOf(error);
      const text = `the history could not be written: ${problem}`;
      warnings.warn(historyTopic, "history.unwritten", { problem }, text, reasonOf(problem));
    }
    this.unwritten = [...news, ...this.unwritten].slice(-historyMax);
  }
}
