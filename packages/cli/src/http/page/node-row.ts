import type { AvoidedBy, NodeReport } from "../../status-report.js";
import type { PageDrain } from "../page-state.js";
import { make, setAttribute, setChildren, setText } from "./elements.js";
import { Meter, Sparkline } from "./sparkline.js";
import type { TableRow } from "./table-rows.js";
import { countOf, durationOf, figureOf, latencyOf, percentOf } from "./texts.js";
import type { TrafficLines } from "./traffic-lines.js";

/** How a state looks: `good`, in passing, on purpose, or wrong. */
export const toneOfState: Readonly<Record<NodeReport["state"], "good" | "caution" | "calm" | "bad">> = {
  healthy: "good",
  penalized: "caution",
  unverified: "caution",
  "slow-start": "caution",
  draining: "calm",
  down: "bad",
};

export interface ShownNode {
  readonly node: NodeReport;
  /** How far its drain is. */
  readonly drained: PageDrain | undefined;
  /** On the clock of Redis. */
  readonly atMs: number;
}

/** A node: what the view says of it, what replicas say, and what it gets. */
export class NodeRow implements TableRow<ShownNode> {
  readonly element: HTMLTableRowElement;
  private readonly stateCell = cell("State");
  private readonly state = make("span", { class: "state" });
  private readonly since = make("span", { class: "since" });
  private readonly name = make("button", {
    class: "plain name",
    attributes: { type: "button", title: "What it receives, and why", "aria-haspopup": "dialog" },
  });
  private readonly address = make("span", { class: "address" });
  private readonly why = make("div");
  private readonly avoided = make("div");
  private readonly figures = {
    share: figureCell("Share"),
    perSecond: figureCell("Requests/s"),
    errors: figureCell("Errors/s"),
    p50: figureCell("p50"),
    p99: figureCell("p99"),
    inFlight: figureCell("In flight"),
    sockets: figureCell("Sockets"),
  };
  private readonly shareMeter = new Meter();
  private readonly rateLine = new Sparkline();
  private readonly p99Line = new Sparkline();
  private shown: NodeReport["state"] | undefined;

  private readonly button = make("button", { attributes: { type: "button" } });
  private node: NodeReport | undefined;

  /**
   * @param why is called when the node is to be explained
   * @param act is called when an operator wants to drain the node, or to use it again
   */
  constructor(
    private readonly lines: TrafficLines,
    why: (node: NodeReport) => void,
    act: (node: NodeReport) => void,
  ) {
    this.name.addEventListener("click", () => {
      if (this.node !== undefined) why(this.node);
    });
    this.button.addEventListener("click", () => {
      if (this.node !== undefined) act(this.node);
    });
    this.stateCell.append(this.state, this.since);
    const what = cell("Node");
    what.append(this.name, this.address, this.why, this.avoided);
    const { share, perSecond, p99 } = this.figures;
    share.cell.append(this.shareMeter.element);
    perSecond.cell.append(this.rateLine.element);
    p99.cell.append(this.p99Line.element);
    const action = cell("Action", "act");
    action.append(this.button);
    const cells = [this.stateCell, what, ...Object.values(this.figures).map((figure) => figure.cell), action];
    this.element = make("tr", { role: "row" }, cells);
    this.element.addEventListener("animationend", () => this.element.classList.remove("changed"));
  }

  show({ node, drained, atMs }: ShownNode): void {
    const { state, name, address, traffic, drain } = node;
    this.node = node;
    if (this.shown !== undefined && this.shown !== state) this.element.classList.add("changed");
    this.shown = state;
    setAttribute(this.element, "data-node", node.key);
    this.element.classList.toggle("idle", traffic === null);
    setAttribute(this.stateCell, "data-tone", toneOfState[state]);
    setText(this.state, state);
    const forMs = drain?.forMs ?? node.forMs;
    setText(this.since, forMs === null ? "" : `for ${durationOf(forMs)}`);
    setText(this.name, name ?? address);
    setText(this.address, name === null ? "" : address);
    setChildren(
      this.why,
      whyTexts(node, drained, atMs).map((text) => make("p", { class: "why", text })),
    );
    setText(this.button, drain === null ? "Drain…" : "Undrain…");
    setAttribute(this.button, "aria-label", `${drain === null ? "Drain" : "Undrain"} ${name ?? address}`);
    setChildren(
      this.avoided,
      avoidedTexts(node).map((text) => make("p", { class: "avoided", text })),
    );

    const { share, perSecond, errors, p50, p99, inFlight, sockets } = this.figures;
    share.show(traffic === null ? "–" : percentOf(traffic.share), traffic?.share ?? 0);
    perSecond.show(traffic === null ? "–" : figureOf(traffic.perSecond), traffic?.perSecond ?? 0);
    errors.show(traffic === null ? "–" : figureOf(traffic.errorsPerSecond), traffic?.errorsPerSecond ?? 0);
    errors.text.classList.toggle("wrong", (traffic?.errorsPerSecond ?? 0) > 0);
    p50.show(latencyOf(traffic?.p50Ms ?? null), traffic?.p50Ms ?? 0);
    p99.show(latencyOf(traffic?.p99Ms ?? null), traffic?.p99Ms ?? 0);
    inFlight.show(traffic === null ? "–" : figureOf(traffic.inFlight), traffic?.inFlight ?? 0);
    sockets.show(traffic === null ? "–" : figureOf(traffic.sockets), traffic?.sockets ?? 0);
    this.shareMeter.show(traffic?.share ?? 0);
    const series = this.lines.of(node.key);
    this.rateLine.show(series.perSecond, this.lines.max);
    this.p99Line.show(series.p99Ms, this.lines.max);
  }
}

/** Why it is in its state, and who has drained it until when. */
function whyTexts(
  { isListed, reason, drain, mark }: NodeReport,
  drained: PageDrain | undefined,
  atMs: number,
): string[] {
  const marked = drain !== null && mark !== null ? `${mark}: ` : "";
  return [
    ...(isListed ? [] : ["no longer listed by the cluster"]),
    ...(drain === null
      ? []
      : [
          `drained by ${drain.by} for another ${durationOf(drain.untilMs - atMs)}${drain.reason === "" ? "" : `: ${drain.reason}`}`,
        ]),
    ...(drained === undefined ? [] : [drained.text]),
    ...(reason === null ? [] : [`${marked}${reason}`]),
  ];
}

/** What replicas have decided by themselves. Those of an earlier version do not say why. */
function avoidedTexts({ ejectedBy, avoidedBy }: NodeReport): string[] {
  return (["unusable", "ejected", "penalized"] as const).flatMap((wanted) => {
    const found = avoidedBy.filter(({ state }) => state === wanted);
    const count = Math.max(found.length, wanted === "ejected" ? ejectedBy : 0);
    const [first] = found;
    if (count === 0) return [];
    const by = `${wanted} by ${countOf(count, "replica", "replicas")}`;
    if (first === undefined) return [by];
    return [count === 1 ? `${wanted} by ${whyAvoided(first)}` : `${by}, such as ${whyAvoided(first)}`];
  });
}

function whyAvoided({ state, host, pid, forMs, reason, factor }: AvoidedBy): string {
  const share = factor === undefined ? "" : `; one request where another gets ${figureOf(factor)}`;
  // A configuration has no beginning.
  const since = state === "unusable" ? "" : ` for ${durationOf(forMs)}`;
  return `${host} (pid ${pid})${since}: ${reason}${share}`;
}

export function cell(label: string, className?: string): HTMLTableCellElement {
  return make("td", {
    role: "cell",
    attributes: { "data-label": label },
    ...(className === undefined ? {} : { class: className }),
  });
}

/** A cell with a number; one that is nothing stands back. */
export function figureCell(label: string) {
  const made = cell(label, "figure");
  const text = make("span");
  made.append(text);
  return {
    cell: made,
    text,
    show(shown: string, value: number) {
      setText(text, shown);
      text.classList.toggle("zero", value === 0);
    },
  };
}
