import { setTimeout as sleep } from "node:timers/promises";
import type { FixtureNodes, FixtureTerms } from "./fixture-nodes.js";
import type { NodeOrder } from "./node-server.js";
import { nodeTerms } from "./terms.js";

/** What befalls three fixture nodes while clients search. */
export interface Scenario extends FixtureTerms {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** The searches, as a part of what the nodes can do when they are well. */
  readonly load: number;
  /** Of each client. Default 0. */
  readonly threads?: number;
  readonly disturb: (nodes: FixtureNodes) => Promise<void>;
}

/** What the nodes can do, a second. */
export const perSecondMax =
  (nodeTerms.nodes * nodeTerms.workers * 1_000) /
  (nodeTerms.searchMs + nodeTerms.longerPart * (nodeTerms.longerMs - nodeTerms.searchMs));

const usualLoad = 0.4;
const well = async () => {};
const one = (order: NodeOrder) => async (nodes: FixtureNodes) => void (await nodes.first.run(order));
const all = (order: NodeOrder) => async (nodes: FixtureNodes) => nodes.all(order);
const stopOne = (ms: number) => async (nodes: FixtureNodes) => {
  nodes.first.pause();
  await sleep(ms);
  nodes.first.resume();
};

type Trouble = Pick<Scenario, "name" | "title" | "disturb">;
const frozen: Trouble = { name: "frozen", title: "one node is frozen for 3 s", disturb: stopOne(3_000) };
const stalls: Trouble = {
  ...{ name: "stalls", title: "one node delays a tenth by 300 ms" },
  disturb: one({ delayedPart: 0.1 }),
};
const silent: Trouble = { name: "silent", title: "one node never answers 2 %", disturb: one({ silentPart: 0.02 }) };

const byThreads = ({ name, title, disturb }: Trouble): Scenario => ({
  ...{ name: `threads-${name}`, title: `through two threads: ${title}`, disturb },
  ...{ load: usualLoad, threads: 2 },
});
const uncancelled = ({ name, title, disturb }: Trouble, load = usualLoad): Scenario => ({
  ...{ name: `uncancelled-${name}`, title: `no search is cancelled: ${title}`, disturb },
  ...{ load, cancelsNothing: true },
});

export const scenarios: readonly Scenario[] = [
  { name: "healthy", title: "healthy", load: usualLoad, disturb: well },
  { ...frozen, load: usualLoad },
  { name: "pause", title: "one node pauses for 1 s", load: usualLoad, disturb: stopOne(1_000) },
  { ...stalls, load: usualLoad },
  { ...silent, load: usualLoad },
  { name: "full", title: "healthy, load 0.95", load: 0.95, disturb: well },
  {
    ...{ name: "slower", title: "all nodes turn five times slower, load 0.15, so 0.75" },
    ...{ load: 0.15, disturb: all({ timesSlower: 5 }) },
  },
  {
    ...{ name: "too-slow", title: "all nodes turn five times slower, load 0.5, so 2.5" },
    ...{ load: 0.5, disturb: all({ timesSlower: 5 }) },
  },
  {
    ...{ name: "refused", title: "all nodes answer 429 to a third" },
    ...{ load: usualLoad, disturb: all({ refusedPart: 0.33 }) },
  },
  {
    ...{ name: "overfull", title: "load 1.2 and queues of 100: 429" },
    ...{ load: 1.2, queueMax: 100, disturb: well },
  },
  uncancelled(frozen),
  uncancelled(stalls),
  uncancelled(
    { name: "slower", title: "all turn 1.8 times slower, load 0.5, so 0.9", disturb: all({ timesSlower: 1.8 }) },
    0.5,
  ),
  byThreads({ name: "healthy", title: "healthy", disturb: well }),
  byThreads(frozen),
  byThreads(stalls),
  byThreads(silent),
];
