import type { ReplicaReport } from "../../status-report.js";
import { make, setAttribute, setChildren, setText } from "./elements.js";
import { cell, figureCell } from "./node-row.js";
import type { TableRow } from "./table-rows.js";
import { countOf, figureOf, latencyOf } from "./texts.js";

const tones: Readonly<Record<ReplicaReport["condition"], "good" | "caution" | "bad">> = {
  well: "good",
  starting: "caution",
  late: "caution",
  failed: "bad",
  behind: "bad",
  stale: "bad",
  orphan: "bad",
};

/** A process that uses the view: its condition, its threads, and what it sends. */
export class ReplicaRow implements TableRow<ReplicaReport> {
  readonly element: HTMLTableRowElement;
  private readonly stateCell = cell("Condition");
  private readonly condition = make("span", { class: "state" });
  private readonly host = make("span", { class: "name" });
  private readonly pid = make("span", { class: "address" });
  private readonly role = make("span", { class: "tag" });
  private readonly leads = make("span", { class: "tag leads", text: "leads" });
  private readonly why = make("p", { class: "why" });
  private readonly threads = make("ul", { class: "threads" });
  private readonly figures = {
    perSecond: figureCell("Requests/s"),
    failed: figureCell("Failed/s"),
    p99: figureCell("p99"),
    inFlight: figureCell("In flight"),
    queued: figureCell("Queued"),
  };

  constructor() {
    this.stateCell.append(this.condition);
    const what = cell("Process");
    what.append(this.host, this.pid, this.role, this.leads, this.why);
    const threads = cell("Threads");
    threads.append(this.threads);
    const cells = [this.stateCell, what, threads, ...Object.values(this.figures).map((figure) => figure.cell)];
    this.element = make("tr", { role: "row" }, cells);
  }

  show(replica: ReplicaReport): void {
    const { condition, host, pid, role, isLeading, threads, traffic } = replica;
    setAttribute(this.element, "data-replica", replica.replica);
    this.element.classList.toggle("idle", traffic === null);
    setAttribute(this.stateCell, "data-tone", tones[condition]);
    setText(this.condition, condition);
    setText(this.host, host);
    setText(this.pid, `pid ${pid}`);
    setText(this.role, role);
    this.leads.hidden = !isLeading;
    setText(this.why, whyOf(replica));
    const marks = threads.map(({ thread, state, calls, tasks }) => {
      const text = `thread ${thread}: ${state}, ${countOf(calls, "request", "requests")}, ${countOf(tasks, "task", "tasks")}`;
      return make("li", { text, attributes: { "data-state": state, title: text } });
    });
    if (this.threads.textContent !== marks.map(({ textContent }) => textContent).join("")) {
      setChildren(this.threads, marks);
    }

    const { perSecond, failed, p99, inFlight, queued } = this.figures;
    perSecond.show(traffic === null ? "–" : figureOf(traffic.perSecond), traffic?.perSecond ?? 0);
    failed.show(traffic === null ? "–" : figureOf(traffic.errorsPerSecond), traffic?.errorsPerSecond ?? 0);
    failed.text.classList.toggle("wrong", (traffic?.errorsPerSecond ?? 0) > 0);
    p99.show(latencyOf(traffic?.p99Ms ?? null), traffic?.p99Ms ?? 0);
    inFlight.show(traffic === null ? "–" : figureOf(traffic.inFlight), traffic?.inFlight ?? 0);
    queued.show(traffic === null ? "–" : figureOf(traffic.queued), traffic?.queued ?? 0);
  }
}

function whyOf({ topology, marks, ejected }: ReplicaReport): string {
  const behind = [topology, marks].some(({ isCurrent }) => isCurrent === false);
  const lacks = (topology.behindBy ?? 0) + (marks.behindBy ?? 0);
  return [
    ...(behind ? [lacks > 0 ? `${countOf(lacks, "publication", "publications")} behind` : "uses an older view"] : []),
    ...(ejected.length > 0 ? [`has ejected ${countOf(ejected.length, "node", "nodes")}`] : []),
  ].join("; ");
}
