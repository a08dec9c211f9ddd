import type { PageState } from "../page-state.js";
import { make, setAttribute, setChildren, setText } from "./elements.js";
import { countOf, durationOf, figureOf } from "./texts.js";

interface Fact {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

/** Where the list of nodes comes from. */
const sourceNotes = {
  sniff: "its own list of nodes",
  dns: "addresses of the configured names",
  seeds: "configured addresses alone",
};

/** The view and the fleet in a few numbers. */
export class Facts {
  private readonly shown = new Map<string, { readonly element: HTMLElement; readonly texts: readonly HTMLElement[] }>();

  constructor(private readonly list: HTMLElement) {}

  /** @param elapsedMs since the state was received */
  show(state: PageState, elapsedMs: number): void {
    setChildren(
      this.list,
      factsOf(state, elapsedMs).map((fact) => this.elementOf(fact)),
    );
  }

  private elementOf({ name, value, note }: Fact): HTMLElement {
    const known = this.shown.get(name) ?? create(name);
    this.shown.set(name, known);
    const [valueElement, noteElement] = known.texts;
    if (valueElement !== undefined) {
      setText(valueElement, value);
      setAttribute(valueElement, "title", value);
    }
    if (noteElement !== undefined) setText(noteElement, note);
    return known.element;
  }
}

function create(name: string) {
  const texts = [make("dd"), make("dd", { class: "note" })];
  return { element: make("div", {}, [make("dt", { text: name }), ...texts]), texts };
}

function factsOf({ status }: PageState, elapsedMs: number): readonly Fact[] {
  const { state, view, nodes, replicas } = status;
  const traffics = replicas.flatMap(({ traffic }) => traffic ?? []);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const serving = nodes.filter(({ isInUse }) => isInUse);
  const failed = sum(traffics.map(({ errorsPerSecond }) => errorsPerSecond));
  const threads = sum(replicas.map((replica) => replica.threads.length));
  return [
    view === null
      ? { name: "View", value: state, note: "nothing to show yet" }
      : { name: "View", value: state, note: `last beat ${durationOf(view.ageMs + elapsedMs)} ago` },
    ...(view === null
      ? []
      : [
          {
            name: "Leader",
            value: view.leader.host ?? view.leader.id,
            note: `${view.leader.pid === null ? "" : `pid ${view.leader.pid}, `}for ${durationOf(view.leader.forMs + elapsedMs)}`,
          },
          {
            name: "Cluster",
            value: view.clusterName ?? (view.clusterUuid === null ? "not verified" : "without a name"),
            note: sourceNotes[view.source],
          },
        ]),
    {
      name: "Nodes in use",
      value: `${serving.length} of ${nodes.length}`,
      note: view === null ? "" : `topology ${view.topology.sequence}, marks ${view.marks.sequence}`,
    },
    {
      name: "Replicas",
      value: String(replicas.length),
      note: threads === 0 ? "without threads" : countOf(threads, "thread", "threads"),
    },
    {
      name: "Requests/s",
      value: figureOf(sum(traffics.map(({ perSecond }) => perSecond))),
      note: failed === 0 ? "none fails" : `${figureOf(failed)}/s fail`,
    },
    {
      name: "In flight",
      value: figureOf(sum(traffics.map(({ inFlight }) => inFlight))),
      note: `${figureOf(sum(traffics.map(({ queued }) => queued)))} queued`,
    },
  ];
}
