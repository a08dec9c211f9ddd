import type { PageHistory, PageHistoryEntry, PageState } from "../page-state.js";
import { byId, make, setAttribute, setChildren, setText } from "./elements.js";
import { countOf, dayOf, timeOf } from "./texts.js";

/** How many entries are shown until more are asked for. */
const firstShown = 12;

/** What has happened, the newest first, by day. */
export class Timeline {
  private readonly list = byId("history-list", HTMLElement);
  private readonly count = byId("history-count", HTMLElement);
  private readonly button = byId("history-more", HTMLButtonElement);
  private history: PageHistory = { entries: [] };
  private replicas: ReadonlyMap<string, string> = new Map();
  private showsAll = false;

  constructor() {
    this.button.addEventListener("click", () => {
      this.showsAll = !this.showsAll;
      this.draw();
    });
  }

  show(history: PageHistory): void {
    this.history = history;
    this.draw();
  }

  /** An entry names the replica that led; the state says where that runs. */
  name({ status }: PageState): void {
    this.replicas = new Map(status.replicas.map(({ replica, host }) => [replica, host]));
  }

  private draw(): void {
    const { entries } = this.history;
    const shown = this.showsAll ? entries : entries.slice(0, firstShown);
    setText(this.count, entries.length === 0 ? "nothing has happened yet" : "");
    let day = "";
    setChildren(
      this.list,
      shown.flatMap((entry) => {
        const its = dayOf(entry.atMs);
        const heading = its === day ? [] : [make("li", { class: "day", text: its })];
        day = its;
        return [...heading, this.lineOf(entry)];
      }),
    );
    this.button.hidden = entries.length <= firstShown;
    setAttribute(this.button, "aria-expanded", String(this.showsAll));
    setText(this.button, this.showsAll ? "Show fewer" : `Show all ${countOf(entries.length, "entry", "entries")}`);
  }

  private lineOf({ atMs, event, level, text, by }: PageHistoryEntry): HTMLElement {
    const time = make("time", { text: timeOf(atMs), attributes: { datetime: isoOf(atMs) } });
    const what = make("span", { class: "what", text });
    const who = make("span", { class: "by", text: `by ${this.replicas.get(by) ?? shortOf(by)}` });
    const attributes = { "data-level": level, "data-event": event, title: event };
    return make("li", { attributes }, [time, make("p", {}, [what, who])]);
  }
}

/** A replica's id is a uuid: its first part is enough to find it in a log. */
function shortOf(by: string): string {
  return /^[\da-f]{8}-[\da-f]{4}-/.test(by) ? by.slice(0, 8) : by;
}

/** A time that another program wrote may be no date. */
function isoOf(atMs: number): string {
  return Number.isNaN(new Date(atMs).getTime()) ? "" : new Date(atMs).toISOString();
}
