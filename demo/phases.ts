import { type Freshness, staleAfterMs } from "@rollcall/core/view";
import { waitUntil } from "@rollcall/testing";
import type { NodeState } from "@rollcall/worker";
import { pass, unlessAborted } from "./abortable.js";
import type { Target } from "./cluster/demo-cluster.js";
import type { Totals } from "./load/tally.js";
import { isInUse, type Since } from "./node-history.js";
import { hundredths } from "./screen/format.js";

/**
 * What a run does while searches go on:
 *
 *   one pool   all healthy ─▶ the node ─▶ end
 *   fleet      all healthy ─▶ the node ─▶ Redis ─▶ the coordinator ─▶ end
 *
 *   each phase:  kill ─▶ every pool sees it ─▶ a pause ─▶ restart ─▶ every pool has recovered ─▶ a pause
 */

/** One pool's view of the cluster. */
export interface Observer {
  /** Undefined: the pool does not list a node of this name. */
  stateOf(name: string): Since<NodeState> | undefined;
  /** How many searches of this pool the node has answered so far. */
  answersOf(name: string): number;
  /** Undefined before the first view. */
  readonly freshness: Since<Freshness> | undefined;
}

export interface RunContext {
  readonly observers: readonly Observer[];
  /** All observers, as the subject of a printed line: "the pool", "every replica". */
  readonly observerText: string;
  /** Of all observers together. */
  readonly totals: () => Totals;
  /** Since the searches began. */
  readonly elapsedMs: () => number;
  readonly print: (line: string) => void;
  readonly onPhaseEnd: (result: PhaseResult) => void;
  readonly signal: AbortSignal;
}

export interface PhaseResult {
  readonly target: string;
  /** From the kill until the last observer saw it. */
  readonly seenAfterMs: number;
  /** From the kill until the last observer had recovered. */
  readonly recoveredAfterMs: number;
  /** From the kill until then. */
  readonly searches: number;
  readonly failed: number;
}

/** The processes that a fleet loses, in this order. */
export interface Targets {
  readonly node: Target;
  readonly redis: Target;
  readonly coordinator: Target;
}

/**
 * Resolves when the node is back in use and `seconds` have passed.
 *
 * @throws as soon as `signal` fires
 */
export async function loseNode(node: Target, seconds: number, context: RunContext): Promise<void> {
  const pause = (share: number) => pass(share * seconds * 1_000, context.signal);
  await pause(8 / 45);
  await runPhase(nodePhase(node), context, () => pause(10 / 45));
  await pause(8 / 45);
  await lastUntil(seconds, context);
}

/** Like {@link loseNode}, with Redis and the coordinator after the node. */
export async function loseEachTarget(
  { node, redis, coordinator }: Targets,
  seconds: number,
  context: RunContext,
): Promise<void> {
  const pause = (share: number) => pass(share * seconds * 1_000, context.signal);
  await pause(6 / 60);
  await runPhase(nodePhase(node), context, () => pause(6 / 60));
  for (const target of [redis, coordinator]) {
    await pause(5 / 60);
    await runPhase(viewSourcePhase(target), context, () => pause(2 / 60));
  }
  await pause(5 / 60);
  await lastUntil(seconds, context);
}

/** Lets the searches go on until `seconds` have passed since they began. */
export async function lastUntil(
  seconds: number,
  { elapsedMs, signal }: Pick<RunContext, "elapsedMs" | "signal">,
): Promise<void> {
  await pass(seconds * 1_000 - elapsedMs(), signal);
}

interface Phase {
  readonly target: Target;
  /** Since when the observer has seen the loss; undefined: it has not seen it. */
  readonly seenSinceMs: (observer: Observer) => number | undefined;
  /** Called before the restart. The function that it returns answers whether the observer has recovered since. */
  readonly watchRecovery: (observer: Observer) => () => boolean;
  /** Printed with the kill. */
  readonly killText: string;
  readonly seenText: string;
  readonly recoveredText: string;
}

function nodePhase(target: Target): Phase {
  const { name } = target;
  return {
    target,
    seenSinceMs: (observer) => sinceIf(observer.stateOf(name), (state) => state === "down"),
    watchRecovery: (observer) => {
      const before = observer.answersOf(name);
      return () => isInUse(observer.stateOf(name)?.value) && observer.answersOf(name) > before;
    },
    killText: `killing ${name} (SIGKILL)`,
    seenText: `sees ${name} down`,
    recoveredText: `searches ${name} again`,
  };
}

/** Redis or the coordinator: without either the shared view gets stale. */
function viewSourcePhase(target: Target): Phase {
  return {
    target,
    seenSinceMs: ({ freshness }) => sinceIf(freshness, (value) => value !== "fresh"),
    watchRecovery: (observer) => () => observer.freshness?.value === "fresh",
    killText: `killing ${target.name} (SIGKILL); the view is stale after ${staleAfterMs / 1_000} s`,
    seenText: "sees that its view is stale",
    recoveredText: "has a fresh view again",
  };
}

async function runPhase(phase: Phase, context: RunContext, pause: () => Promise<void>): Promise<void> {
  const { target, seenSinceMs, watchRecovery, killText, seenText, recoveredText } = phase;
  const { observers, observerText, totals, elapsedMs, print, onPhaseEnd, signal } = context;
  const before = totals();
  const killedMs = elapsedMs();
  print(killText);
  await unlessAborted(target.kill(), signal);
  // Without a limit: the signal fires at the end of the run.
  const waitOptions = { timeoutMs: Number.POSITIVE_INFINITY, signal };
  const allSeen = () => observers.every((observer) => seenSinceMs(observer) !== undefined);
  await waitUntil(`${observerText} ${seenText}`, allSeen, waitOptions);
  const seenAfterMs = Math.max(...observers.map((observer) => seenSinceMs(observer) ?? 0)) - killedMs;
  print(`${observerText} ${seenText}, ${hundredths(seenAfterMs)} after the kill`);
  await pause();

  print(`starting ${target.name} again`);
  const hasRecovered = observers.map(watchRecovery);
  await unlessAborted(target.restart(), signal);
  const startedMs = elapsedMs();
  await waitUntil(`${observerText} ${recoveredText}`, () => hasRecovered.every((check) => check()), waitOptions);
  const recoveredMs = elapsedMs();
  print(`${observerText} ${recoveredText}, ${hundredths(recoveredMs - startedMs)} after the start`);
  const after = totals();
  onPhaseEnd({
    target: target.name,
    seenAfterMs,
    recoveredAfterMs: recoveredMs - killedMs,
    searches: after.searches - before.searches,
    failed: after.failed - before.failed,
  });
}

function sinceIf<T>(since: Since<T> | undefined, holds: (value: T) => boolean): number | undefined {
  return since !== undefined && holds(since.value) ? since.sinceMs : undefined;
}
