import type { PageAccess, PageHistory, PageSeries, PageState } from "../page-state.js";
import { ActDialog } from "./act.js";
import { Announcements } from "./announcements.js";
import { byId, make, setAttribute, setChildren, setText } from "./elements.js";
import { Facts } from "./facts.js";
import { EventReader } from "./listen.js";
import { NodeRow, type ShownNode } from "./node-row.js";
import { ReplicaRow } from "./replica-row.js";
import { TableRows } from "./table-rows.js";
import { countOf, durationOf, timeOf } from "./texts.js";
import { Timeline } from "./timeline.js";
import { TokenDialog, tokenOfTab } from "./token.js";
import { TrafficLines } from "./traffic-lines.js";
import { WhyDialog } from "./why.js";

/** After so long without a state, the page says that it is old. */
const oldMs = 4_000;

const lines = new TrafficLines();
const timeline = new Timeline();
const facts = new Facts(byId("facts", HTMLElement));
const announcements = new Announcements(byId("announcements", HTMLElement));
const why = new WhyDialog();
const dialog = new ActDialog((text) => announcements.say(text));
const nodes = new TableRows<ShownNode>(
  byId("nodes-body", HTMLElement),
  ({ node }) => node.key,
  () =>
    new NodeRow(
      lines,
      (node) => void why.open(node),
      (node) => dialog.open(node),
    ),
);
const replicas = new TableRows<PageState["status"]["replicas"][number]>(
  byId("replicas-body", HTMLElement),
  ({ replica }) => replica,
  () => new ReplicaRow(),
);

let last: { readonly state: PageState; readonly atMs: number } | undefined;

const reader = new EventReader(tokenOfTab, {
  event(name, data) {
    if (name === "series") lines.begin(data as PageSeries);
    if (name === "access") showAccess(data as PageAccess);
    if (name === "state") showState(data as PageState);
    if (name === "history") timeline.show(data as PageHistory);
  },
  lost(status) {
    if (status === 401) tokens.refused();
    if (last === undefined) showFirst(status);
    else showAge();
  },
});
const tokens = new TokenDialog(() => reader.again());

byId("token-button", HTMLButtonElement).addEventListener("click", () => {
  tokens.open(
    last === undefined ? "To read this page a token is needed." : "With an operator's token this page can act.",
  );
});
setInterval(showAge, 500);
void reader.run();

function showAccess({ acts, hasOperators, readsWithoutToken }: PageAccess): void {
  document.body.classList.toggle("acts", acts);
  byId("token-button", HTMLButtonElement).hidden = !hasOperators || acts;
  // A link carries no token.
  byId("links", HTMLElement).hidden = !readsWithoutToken;
}

/** There has been no state yet. */
function showFirst(status: number | undefined): void {
  const needsToken = status === 401;
  const why = status === undefined ? "" : ` (${status})`;
  setText(byId("connection", HTMLElement), needsToken ? "a token is needed" : `not connected${why}; it is tried again`);
  setAttribute(byId("connection", HTMLElement), "data-tone", "bad");
  byId("token-button", HTMLButtonElement).hidden = !needsToken;
}

function showState(state: PageState): void {
  const { status, hidden, server, drains } = state;
  last = { state, atMs: performance.now() };
  lines.take(state);
  timeline.name(state);
  setText(byId("name", HTMLElement), status.name);
  document.title = `${status.health === "well" ? "" : `${status.health}: `}${status.name} – Rollcall`;
  const atMs = status.atMs ?? 0;
  nodes.show(status.nodes.map((node) => ({ node, drained: drains[node.key], atMs })));
  replicas.show(status.replicas);
  setText(byId("nodes-count", HTMLElement), statesOf(status.nodes.map(({ state }) => state)));
  setText(byId("replicas-count", HTMLElement), statesOf(status.replicas.map(({ condition }) => condition)));
  showMore("nodes-more", hidden.nodes, "node", "nodes");
  showMore("replicas-more", hidden.replicas, "replica", "replicas");
  showTroubles(status);
  const leads = server.isLeading ? "which leads" : "which does not lead; it shows the same";
  setText(byId("served", HTMLElement), `From ${server.host} (pid ${server.pid}), ${leads}. View in ${status.redis}.`);
  announcements.show(state);
  showAge();
}

/** `9 healthy, 1 down`. */
function statesOf(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} ${word}`).join(", ");
}

function showMore(id: string, count: number, one: string, many: string): void {
  const element = byId(id, HTMLElement);
  element.hidden = count === 0;
  setText(element, `and ${countOf(count, one, many)} more, which are well off: status.json has all`);
}

function showTroubles({ troubles, health, warnings, summary, state, view, atMs }: PageState["status"]): void {
  const list = byId("troubles", HTMLElement);
  const pause = view?.pause ?? null;
  const texts = [
    ...(state === "fresh" ? [] : [summary]),
    ...troubles.filter(({ kind }) => kind !== "view").map(({ text }) => text),
    ...(pause === null ? [] : [pauseText(pause, atMs ?? 0)]),
  ];
  list.hidden = texts.length + warnings.length === 0;
  setAttribute(list, "data-health", texts.length === 0 || health === "degraded" ? "degraded" : health);
  const shown = [...texts, ...warnings].join("\n");
  if (list.dataset.shown === shown) return;
  list.dataset.shown = shown;
  setChildren(list, [
    ...texts.map((text) => make("li", { text })),
    ...warnings.map((text) => make("li", { text, class: "note" })),
  ]);
}

function pauseText({ by, untilMs, reason }: { by: string; untilMs: number; reason: string }, atMs: number): string {
  const why = reason === "" ? "" : `: ${reason}`;
  return `down marks are ignored: paused by ${by} for another ${durationOf(untilMs - atMs)}${why}`;
}

/** The clocks of the page go on between two states; without states it says so. */
function showAge(): void {
  const connection = byId("connection", HTMLElement);
  const lost = byId("lost", HTMLElement);
  if (last === undefined) return;
  const elapsedMs = performance.now() - last.atMs;
  const isOld = elapsedMs > oldMs;
  document.body.classList.toggle("old", isOld);
  lost.hidden = !isOld;
  setAttribute(connection, "data-tone", isOld ? "bad" : "good");
  if (isOld) {
    const { host } = last.state.server;
    setText(lost, `No word from ${host} for ${durationOf(elapsedMs)}. What is shown is as old; it is tried again.`);
    setText(connection, "not connected");
    return;
  }
  const { atMs } = last.state.status;
  setText(connection, atMs === null ? "live" : `live, ${timeOf(atMs + elapsedMs)}`);
  facts.show(last.state, elapsedMs);
}
