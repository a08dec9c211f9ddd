import type { NodeReport } from "../../status-report.js";
import type { Explanation, ReplicaOnNode } from "../../why/explain-node.js";
import { authorizationOf } from "./authorization.js";
import { byId, make, setAttribute, setChildren, setText } from "./elements.js";
import { countOf, durationOf, figureOf, percentOf, timeOf } from "./texts.js";
import { tokenOfTab } from "./token.js";

/** How many replicas and entries of the history are listed. */
const listedMax = 12;

/** What a node receives and why: the answer of `rollcall why`, and what it rests on. */
export class WhyDialog {
  private readonly dialog = byId("why-dialog", HTMLDialogElement);
  private readonly answer = byId("why-answer", HTMLElement);
  private readonly facts = byId("why-facts", HTMLElement);
  private readonly replicas = byId("why-replicas", HTMLElement);
  private readonly history = byId("why-history", HTMLElement);
  private shown = "";

  constructor() {
    byId("why-close", HTMLButtonElement).addEventListener("click", () => this.dialog.close());
  }

  async open({ key, name, address }: NodeReport): Promise<void> {
    this.shown = key;
    setText(byId("why-title", HTMLElement), name ?? address);
    setText(this.answer, "…");
    for (const list of [this.facts, this.replicas, this.history]) setChildren(list, []);
    this.dialog.showModal();
    try {
      const response = await fetch(`why.json?node=${encodeURIComponent(key)}`, {
        headers: authorizationOf(tokenOfTab()),
      });
      const answer = (await response.json()) as Explanation | { readonly error: string };
      if (this.shown !== key) return;
      if ("error" in answer) setText(this.answer, answer.error);
      else this.show(answer);
    } catch {
      setText(this.answer, "There is no connection to the coordinator.");
    }
  }

  private show({ answer, node, equalShare, replicas, history }: Explanation): void {
    setText(this.answer, answer.text);
    setAttribute(
      this.answer,
      "data-tone",
      answer.isWell === true ? "good" : answer.isWell === false ? "bad" : "caution",
    );
    const { traffic } = node;
    const facts: readonly (readonly [string, string])[] = [
      ["Address", node.address],
      ["Id", node.id],
      ["Version", node.version ?? ""],
      ["Roles", node.roles?.join(", ") ?? ""],
      ["Share", traffic === null ? "" : `${percentOf(traffic.share)}; an equal share is ${percentOf(equalShare)}`],
    ];
    setChildren(
      this.facts,
      facts
        .filter(([, value]) => value !== "")
        .map(([name, value]) => make("div", {}, [make("dt", { text: name }), make("dd", { text: value })])),
    );
    const senders = replicas.filter(({ decision }) => decision !== "observes");
    setChildren(this.replicas, listed(senders.map(replicaText), "replica", "replicas"));
    const newest = [...history].reverse().map(({ atMs, text, by }) => `${timeOf(atMs)}  ${text}, by ${by}`);
    setChildren(this.history, listed(newest, "entry", "entries"));
  }
}

function replicaText({ host, pid, decision, reason, forMs, factor, traffic }: ReplicaOnNode): string {
  const since = forMs === null ? "" : ` for ${durationOf(forMs)}`;
  const share = factor === null ? "" : `; one request where another gets ${figureOf(factor)}`;
  const sends = traffic === null ? "" : `, ${figureOf(traffic.perSecond)} requests/s`;
  const what = decision === "follows" ? "sends as the view says" : decision;
  return `${host} (pid ${pid}): ${what}${since}${reason === null ? "" : `: ${reason}`}${share}${sends}`;
}

function listed(texts: readonly string[], one: string, many: string): readonly Element[] {
  const hidden = texts.length - listedMax;
  const shown = texts.slice(0, listedMax).map((text) => make("li", { text }));
  if (texts.length === 0) return [make("li", { class: "more", text: "none" })];
  return hidden <= 0
    ? shown
    : [...shown, make("li", { class: "more", text: `and ${countOf(hidden, one, many)} more` })];
}
