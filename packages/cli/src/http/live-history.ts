import type { ViewStore } from "@rollcall/coordinator";
import { Listeners, RollcallError, type Timers, type Unsubscribe } from "@rollcall/core";
import { type HistoryEntry, mergedHistory, withNews } from "@rollcall/core/view";

export interface LiveHistoryParts {
  readonly store: Pick<ViewStore, "readHistory" | "onHistory">;
  readonly timers: Timers;
}

/** An announcement may be lost: while a page is open, the history is read again after this time. */
const readEveryMs = 30_000;

/** The history of a view, kept current from announcements, and read where they may lack something. */
export class LiveHistory {
  private entries: readonly HistoryEntry[] = [];
  private reading: Promise<void> | undefined;
  private readonly changes = new Listeners<readonly HistoryEntry[]>();
  private readonly unsubscribe: Unsubscribe;
  private cancelRead: Unsubscribe | undefined;

  constructor(private readonly parts: LiveHistoryParts) {
    this.unsubscribe = parts.store.onHistory((news) => this.keep(withNews(this.entries, news)));
  }

  /** Oldest first. As far as this process has it, where Redis is away. */
  async read(): Promise<readonly HistoryEntry[]> {
    this.reading ??= this.readOnce().finally(() => {
      this.reading = undefined;
    });
    await this.reading;
    return this.entries;
  }

  /** Calls `listener` with all that there is, whenever there is more. {@link read} gives what there is already. */
  onChange(listener: (entries: readonly HistoryEntry[]) => void): Unsubscribe {
    const remove = this.changes.add(listener);
    if (this.cancelRead === undefined) this.readAgain();
    return remove;
  }

  /** Calls nothing more. The store stays open. */
  close(): void {
    this.unsubscribe();
    this.cancelRead?.();
  }

  private readAgain(): void {
    if (this.changes.size === 0) {
      this.cancelRead = undefined;
      return;
    }
    void this.read();
    this.cancelRead = this.parts.timers.after(readEveryMs, () => this.readAgain());
  }

  private async readOnce(): Promise<void> {
    try {
      this.keep(mergedHistory(this.entries, (await this.parts.store.readHistory()) ?? []));
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
    }
  }

  private keep(entries: readonly HistoryEntry[]): void {
    const isMore = entries.length !== this.entries.length || entries.at(-1) !== this.entries.at(-1);
    this.entries = entries;
    if (isMore) this.changes.emit(entries);
  }
}
