import type { ViewStore } from "@rollcall/coordinator";
import { type Digest, freshnessOf, type View } from "@rollcall/core/view";
import type { SimProcess } from "./sim-process.js";

const everyMs = 5_000;
const answerWithinMs = 200;

export interface Told
  extends Pick<Digest, "replica" | "role" | "leading" | "avoided" | "contradicts" | "answeredMsAgo"> {
  readonly view?: View;
}

/** Lets a process tell of itself every 5 s, and when the roll is called. Returns what tells at once. */
export function startDigests(process: SimProcess, store: ViewStore, tell: () => Told): () => void {
  const send = () => {
    const { view, ...told } = tell();
    const ageMs = view === undefined ? Number.POSITIVE_INFINITY : store.nowMs() - view.head.atMs;
    store.digest({
      ...told,
      ...{ host: "simulated", pid: 1, freshness: freshnessOf(ageMs), threads: [] },
      ...(view === undefined ? {} : { view: { topology: view.topology.version, marks: view.marks.version } }),
    });
  };
  const soon = () => process.after(process.random() * answerWithinMs, send);
  const regularly = () => {
    send();
    process.after(everyMs, regularly);
  };
  store.onRollCall(soon);
  process.after(process.random() * answerWithinMs, regularly);
  return send;
}
