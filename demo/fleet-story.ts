import { setTimeout as sleep } from "node:timers/promises";
import type { Freshness } from "@rollcall/core/view";
import type { NodeState } from "@rollcall/worker";
import type { Victim } from "./cluster.js";
import { hundredths } from "./figures.js";
import type { Since } from "./replica-record.js";
import { isInUse, unlessAborted, watch } from "./story.js";
import type { Totals } from "./tally.js";

/** Whoever dies in the story, in this order. */
export interface Cast {
  readonly node: Victim;
  readonly redis: Victim;
  readonly coordinator: Victim;
}

/** One replica, as the story sees it. */
export interface ReplicaSight {
  readonly stateOf: (name: string) => Since<NodeState> | undefined;
  /** Searches that the node of this name has answered to this replica so far. */
  readonly answersOf: (name: string) => number;
  readonly freshness: Since<Freshness> | undefined;
}

/** What the story sees of the world, and where it tells what it does. */
export interface FleetStage {
  readonly replicas: readonly ReplicaSight[];
  /** Of all replicas together. */
  readonly totals: () => Totals;
  /** Since the traffic began. */
  readonly elapsedMs: () => number;
  readonly tell: (line: string) => void;
  /** Called when an act is over. */
  readonly note: (act: Act) => void;
  readonly signal: AbortSignal;
}

/** What came of one death. */
export interface Act {
  readonly victim: string;
  /** From the kill until the last replica knew of it. */
  readonly knownAfterMs: number;
  /** From the kill until all was as before for every replica. */
  readonly overAfterMs: number;
  /** Between the two ends of `overAfterMs`. */
  readonly searches: number;
  readonly failed: number;
}

/** So long the searches should go on for all to be seen, unless somebody wants it otherwise. */
export const fleetSeconds = 60;

/** Shares of the whole time. What is left is for what takes as long as it takes: noticing, starting, being tried. */
const shares = { healthy: 6 / 60, nodeAway: 6 / 60, others: 2 / 60, between: 5 / 60 };

/**
 * The course of events around searches that go on all the while:
 *
 *   all well ─▶ the node ─▶ Redis ─▶ the coordinator ─▶ over
 *
 *   each:  kill ─▶ every replica knows ─▶ a while without ─▶ start ─▶ every replica is as before ─▶ a while with it
 *
 * Resolves when all that is over and `seconds` have passed too.
 *
 * @throws at once, wherever the story is, when `signal` is aborted
 */
export async function killEachAndBringBack(cast: Cast, seconds: number, stage: FleetStage): Promise<void> {
  const pass = (share: number) => sleep(share * seconds * 1_000, undefined, { signal: stage.signal });
  const { node, redis, coordinator } = cast;

  await pass(shares.healthy);
  await play(lossOfNode(node), stage, () => pass(shares.nodeAway));
  await pass(shares.between);
  await play(lossOfKeeper(redis), stage, () => pass(shares.others));
  await pass(shares.between);
  await play(lossOfKeeper(coordinator), stage, () => pass(shares.others));
  await pass(shares.between);
  await watch(seconds, stage.elapsedMs, stage.signal);
}

/** One death: who dies, and how to see in a replica what it makes of that. */
interface Loss {
  readonly victim: Victim;
  /** Since when the replica has known of the death; undefined: it does not know. */
  readonly knownSinceMs: (replica: ReplicaSight) => number | undefined;
  /** Called before the return: a function that tells whether all is as before. */
  readonly seesReturn: (replica: ReplicaSight) => () => boolean;
  /** What every replica does: knows, and does again. */
  readonly known: string;
  readonly returned: string;
}

function lossOfNode(victim: Victim): Loss {
  const { name } = victim;
  return {
    victim,
    knownSinceMs: (replica) => sinceOf(replica.stateOf(name), (state) => state === "down"),
    seesReturn: (replica) => {
      const before = replica.answersOf(name);
      return () => isInUse(replica.stateOf(name)?.value) && replica.answersOf(name) > before;
    },
    known: `knows that ${name} is down`,
    returned: `searches ${name} again`,
  };
}

/** Redis or the coordinator: whoever keeps the view, replicas see that nobody keeps it. */
function lossOfKeeper(victim: Victim): Loss {
  return {
    victim,
    knownSinceMs: ({ freshness }) => sinceOf(freshness, (trust) => trust !== "fresh"),
    seesReturn: (replica) => () => replica.freshness?.value === "fresh",
    known: "knows that its view is stale",
    returned: "has a view that is kept again",
  };
}

async function play(loss: Loss, stage: FleetStage, away: () => Promise<void>): Promise<void> {
  const { victim, knownSinceMs, seesReturn, known, returned } = loss;
  const { replicas, totals, elapsedMs, tell, note, signal } = stage;
  const before = totals();
  const killedMs = elapsedMs();
  tell(`killing ${victim.name} (SIGKILL)`);
  await unlessAborted(victim.kill(), signal);
  await until(() => replicas.every((replica) => knownSinceMs(replica) !== undefined), signal);
  const knownAfterMs = Math.max(...replicas.map((replica) => knownSinceMs(replica) ?? 0)) - killedMs;
  tell(`every replica ${known}, ${hundredths(knownAfterMs)} after the kill`);
  await away();

  tell(`starting ${victim.name} again`);
  const asBefore = replicas.map(seesReturn);
  await unlessAborted(victim.restart(), signal);
  const startedMs = elapsedMs();
  await until(() => asBefore.every((look) => look()), signal);
  const overMs = elapsedMs();
  tell(`every replica ${returned}, ${hundredths(overMs - startedMs)} after the start`);
  const after = totals();
  note({
    victim: victim.name,
    knownAfterMs,
    overAfterMs: overMs - killedMs,
    searches: after.searches - before.searches,
    failed: after.failed - before.failed,
  });
}

function sinceOf<T>(standing: Since<T> | undefined, holds: (value: T) => boolean): number | undefined {
  return standing !== undefined && holds(standing.value) ? standing.sinceMs : undefined;
}

async function until(look: () => boolean, signal: AbortSignal): Promise<void> {
  while (!look()) await sleep(20, undefined, { signal });
}
